'use client';

import { PlainPage } from '#components/reading/plain-page.tsx';

interface Props {
  error: Error & { digest?: string };
  reset: () => void;
}

export default function ErrorPage({ error, reset }: Props) {
  return (
    <PlainPage title="This page could not be drawn">
      <p>
        Something went wrong in the app. Its log, in the terminal where you ran <code>npm start</code>, says what
        {error.digest ? ` (look for ${error.digest})` : ''}. Your terminals and the cluster are not affected.
      </p>
      <p>
        <button type="button" className="button" onClick={reset}>
          Try again
        </button>
      </p>
    </PlainPage>
  );
}
