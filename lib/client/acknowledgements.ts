// Says how far output was taken: often enough to keep it coming, not for every line of it.

/** The server sends 256 KiB ahead: a quarter of it at a time never lets it wait. */
const portion = 64 * 1024;
/** What remains is said a little later, when a line that is printed now and then has long been shown. */
const restMs = 150;

export interface Acknowledgements {
  /** Everything before `offset` was taken. */
  taken(offset: number): void;
  /** Another log begins, at this offset. */
  restart(offset: number): void;
  close(): void;
}

export function createAcknowledgements(send: (offset: number) => void): Acknowledgements {
  let taken = 0;
  let sent = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    taken(offset) {
      taken = Math.max(taken, offset);
      if (taken - sent >= portion) tell();
      else timer ??= setTimeout(tell, restMs);
    },
    restart(offset) {
      close();
      taken = sent = offset;
    },
    close,
  };

  function tell(): void {
    close();
    sent = taken;
    send(taken);
  }

  function close(): void {
    clearTimeout(timer);
    timer = undefined;
  }
}
