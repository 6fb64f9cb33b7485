'use client';

import { useBroken } from '#lib/client/broken.ts';
import { type Connection, reconnectNow, useConnection } from '#lib/client/connection.ts';
import { useForgotten } from '#lib/client/forgotten.ts';
import { dismissNotice, useNotices } from '#lib/client/session.ts';
import { CrossIcon } from '../icons.tsx';
import { InlineCode } from '../inline-code.tsx';

/** What the learner should know just now: the connection is gone, or the server has something to say. */
export function Banners() {
  const connection = useConnection();
  const notices = useNotices();
  const broken = useBroken(connection);
  const forgotten = useForgotten(connection);
  return (
    <div className="banners" role="status">
      {broken && (
        <div className="banner appear" data-tone="warning" data-banner="connection">
          <span className="dot pulse" />
          <p>
            <InlineCode text={describeBreak(connection, forgotten)} />
          </p>
          <button type="button" className="button button-quiet" onClick={reconnectNow}>
            Reconnect now
          </button>
        </div>
      )}
      {notices.map(({ id, tone, text }) => (
        <div key={id} className="banner appear" data-tone={tone}>
          <p>
            <InlineCode text={text} />
          </p>
          <button type="button" className="button button-quiet" aria-label="Dismiss this message" onClick={() => dismissNotice(id)}>
            <CrossIcon />
          </button>
        </div>
      ))}
    </div>
  );
}

function describeBreak(connection: Connection, forgotten: boolean): string {
  if (connection.status !== 'reconnecting') return 'Connecting to the app…';
  if (forgotten)
    return 'The app was started anew and does not know this page. Open the address that `npm start` printed; then this page goes on.';
  if (connection.closing) return 'The app was stopped. Start it again with `npm start`; this page finds it by itself.';
  if (connection.attempts > 4) {
    return 'Still no connection to the app. Does it run? If `npm start` printed a new address, open that one. Reconnecting…';
  }
  return 'Connection to the app lost. Reconnecting…';
}
