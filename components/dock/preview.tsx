'use client';

import { useEffect, useRef, useState } from 'react';
import { useBroken } from '#lib/client/broken.ts';
import { useConnection } from '#lib/client/connection.ts';
import { useCluster } from '#lib/client/session.ts';
import { runningUnit, servingAddress } from '#lib/shared/cluster.ts';
import { ReloadIcon } from '../icons.tsx';
import { NotUpYet } from './not-up-yet.tsx';

/** The first machine's address, shown while no unit tells of another. */
const usualAddress = '172.17.8.101';

/** A small browser whose only page is the deployed server's. */
export function Preview({ url }: { url: string }) {
  const cluster = useCluster();
  const serving = servingAddress(cluster);
  const running = serving !== null;
  const address = `http://${serving ?? usualAddress}/`;
  const { visit, reload, insisted } = useVisits(serving && `${serving} ${runningUnit(cluster)?.hash}`);
  const [loaded, setLoaded] = useState(0);
  // The app itself serves the frame: without it, the browser would show its own error page there.
  const broken = useBroken(useConnection());
  const shown = !broken && (running || insisted);

  return (
    <section className="browser" aria-label="Preview of the deployed server" data-preview={shown ? 'open' : 'not-up'}>
      <header className="browser-bar">
        <button type="button" className="button button-quiet" onClick={reload} aria-label="Reload the preview" title="Reload the preview">
          <ReloadIcon />
        </button>
        <p className="browser-address">
          <span className="sr-only">Address: </span>
          {address}
        </p>
        <span className="browser-state" data-on={running && !broken}>
          {broken ? 'no connection' : shown && loaded !== visit ? 'loading…' : running ? 'running' : 'not up'}
        </span>
      </header>
      <div className="browser-page">
        {shown ? (
          <iframe
            key={visit}
            title={`The deployed server’s page, ${address}`}
            sandbox="allow-scripts allow-forms"
            referrerPolicy="no-referrer"
            src={url}
            onLoad={() => setLoaded(visit)}
          />
        ) : broken ? (
          <p className="browser-waiting">The page comes back with the connection to the app.</p>
        ) : (
          <NotUpYet cluster={cluster} address={address} />
        )}
      </div>
    </section>
  );
}

/** Counts the visits of the page: one more when a server comes up, another one than before, and at every reload. */
function useVisits(serving: string | null) {
  const [visit, setVisit] = useState(1);
  /** The learner wants to look although nothing is said to run. */
  const [insisted, setInsisted] = useState(false);
  const before = useRef(serving);
  useEffect(() => {
    if (before.current === serving) return;
    before.current = serving;
    setInsisted(false);
    if (serving) setVisit((count) => count + 1);
  }, [serving]);
  return {
    visit,
    insisted,
    reload() {
      setVisit((count) => count + 1);
      setInsisted(!serving);
    },
  };
}
