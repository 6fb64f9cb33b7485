'use server';

import { borrowHost } from '#lib/server/bridge.ts';
import { runRequestSchema } from '#lib/shared/protocol.ts';
import { fail, type Result } from '#lib/shared/result.ts';

/** Starts a step. Answers as soon as the run is queued: what becomes of it comes over the socket. */
export async function startRun(request: unknown): Promise<Result<{ run: string }>> {
  const parsed = runRequestSchema.safeParse(request);
  if (!parsed.success) return fail('The page asked for a step in a way this server does not understand. Reload the page and try again.');
  try {
    return await borrowHost().startRun(parsed.data);
  } catch (error) {
    // Production builds hide the message of a thrown error from the browser; the log keeps it whole.
    console.error(error);
    return fail(
      'The step could not be started: something went wrong in the app. Its log, in the terminal where you ran `npm start`, says more.',
    );
  }
}
