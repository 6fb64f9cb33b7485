/** What a server action answers: thrown errors are masked in production builds, so a failure is a value with a sentence for the learner. */
export type Result<Value> = { ok: true; value: Value } | { ok: false; reason: string };

export function succeed<Value>(value: Value): Result<Value> {
  return { ok: true, value };
}

export function fail(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
