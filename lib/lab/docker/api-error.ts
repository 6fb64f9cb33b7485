// The errors of the Docker Engine API: a status, and `{"message": …}` as the body.

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function noSuchContainer(name: string): ApiError {
  return new ApiError(404, `No such container: ${name}`);
}

export function noSuchImage(name: string): ApiError {
  return new ApiError(404, `No such image: ${name}`);
}

/** Where somebody should go who needs more than the tutorial's image. */
export const realEngineHint =
  'The lab only knows the images of this tutorial. For any other image use a real Docker Engine: install Docker on your computer and run the command there, outside the lab.';
