/** An error that is meant for the learner as it stands; vagrant prints it and ends with status 1. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
}
