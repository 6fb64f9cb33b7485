'use client';

import { restoreChoices } from './restore-choices.ts';

/** The script is for the page as the server sends it; where React draws the page anew in the browser, the choices are restored already. */
export function RestoreScript({ nonce }: { nonce: string | undefined }) {
  return (
    <script
      nonce={nonce}
      type={typeof window === 'undefined' ? 'text/javascript' : 'text/plain'}
      // The browser hides the nonce from scripts, so it differs from what the server rendered.
      suppressHydrationWarning
      // biome-ignore lint/security/noDangerouslySetInnerHtml: our own constant, run before the first paint
      dangerouslySetInnerHTML={{ __html: restoreChoices }}
    />
  );
}
