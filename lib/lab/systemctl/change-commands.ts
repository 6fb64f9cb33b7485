// The commands of systemctl that change units: each acts on one and answers with an exit status.
import type { UnitCommandKind } from '#lib/lab/systemd/api.ts';
import { ask } from '#lib/lab/systemd/client.ts';
import type { Options } from '#lib/lab/systemd/options.ts';
import { complain, exitCannotLoad } from './console.ts';

export async function change(kind: UnitCommandKind, unit: string, { given }: Options): Promise<number> {
  const wait = given.has('no-block') ? '?wait=0' : '';
  const { status: code, body } = await ask('POST', `/units/${encodeURIComponent(unit)}/${kind}${wait}`);
  if (code !== 200) return complain(`Failed to issue method call: ${(body as { message: string }).message}`, exitCannotLoad);
  switch ((body as { result: string }).result) {
    case 'failed':
      return complain(`Job for ${unit} failed. See 'systemctl status ${unit}' and 'journalctl -xn' for details.`);
    case 'dependency':
      return complain(`A dependency job for ${unit} failed. See 'journalctl -xn' for details.`);
    case 'assert':
      return complain(`Assertion failed on job for ${unit}.`);
    case 'canceled':
      return complain(`Job for ${unit} canceled.`);
    default:
      return 0;
  }
}

export async function kill(unit: string, { given }: Options): Promise<number> {
  const query = new URLSearchParams({ signal: given.get('signal') ?? 'SIGTERM', who: given.get('kill-who') ?? 'all' });
  const { status: code, body } = await ask('POST', `/units/${encodeURIComponent(unit)}/kill?${query}`);
  return code === 200 ? 0 : complain(`Failed to issue method call: ${(body as { message: string }).message}`);
}

export async function resetFailed(unit: string): Promise<number> {
  await ask('POST', unit === '' ? '/reset' : `/reset/${encodeURIComponent(unit)}`);
  return 0;
}
