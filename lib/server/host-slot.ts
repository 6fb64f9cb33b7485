/** Next evaluates its own copy of every module, so this process-wide slot is how the server and the pages meet. */
export const hostSlot: unique symbol = Symbol.for('coreos-reflector.host') as never;
