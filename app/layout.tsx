import { GeistMono } from 'geist/font/mono';
import { GeistSans } from 'geist/font/sans';
import { GeistSerifRegular } from 'geist/font/serif/regular';
import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import { connection } from 'next/server';
import type { ReactNode } from 'react';
import { RestoreScript } from '#components/restore-script.tsx';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'CoreOS-Reflector', template: '%s · CoreOS-Reflector' },
  description: 'The Hello World of CoreOS and Docker: a tutorial whose every command runs, on a cluster that comes with it.',
  referrer: 'no-referrer',
};

export const viewport: Viewport = { width: 'device-width', initialScale: 1, interactiveWidget: 'resizes-content' };

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Scripts may run only with the nonce of their own request, so no page is rendered ahead of it.
  await connection();
  const policy = (await headers()).get('content-security-policy') ?? '';
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
  return (
    <html
      lang="en"
      className={`${GeistSans.variable} ${GeistMono.variable} ${GeistSerifRegular.variable}`}
      data-scroll-behavior="smooth"
      suppressHydrationWarning
    >
      <body>
        <RestoreScript nonce={nonce} />
        {children}
      </body>
    </html>
  );
}
