import Link from 'next/link';
import { PlainPage } from '#components/reading/plain-page.tsx';

export default function NotFound() {
  return (
    <PlainPage title="There is no such page">
      <p>The tutorial has no chapter at this address. It may have been renamed.</p>
      <p>
        <Link href="/">Back to the table of contents</Link>
      </p>
    </PlainPage>
  );
}
