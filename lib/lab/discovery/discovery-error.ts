/** Why a machine could not bootstrap; the message is what etcd logs. */
export class DiscoveryError extends Error {
  readonly reason: DiscoveryFailure;

  constructor(reason: DiscoveryFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DiscoveryError';
    this.reason = reason;
  }
}

export type DiscoveryFailure =
  | 'unknown-token'
  | 'full'
  | 'previously-registered'
  | 'duplicated-name'
  | 'bad-endpoint'
  | 'bad-size'
  | 'unreachable';
