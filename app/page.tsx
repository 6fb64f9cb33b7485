import { Cover } from '#components/reading/cover.tsx';
import { borrowHost } from '#lib/server/bridge.ts';

export default async function CoverPage() {
  return <Cover chapters={await borrowHost().chapters()} />;
}
