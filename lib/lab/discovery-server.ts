/** The lab's discovery service on its port. */
import type { RequestListener } from 'node:http';
import { openDiscovery } from './discovery/service.ts';
import { listenOnLoopback } from './listen.ts';

export interface DiscoveryServer {
  /** `http://127.0.0.1:8087` */
  url: string;
  close(): Promise<void>;
}

/** Any other free one does as well; the pages show the URL that it became. */
const usualPort = 8087;

export async function startDiscovery(directory: string): Promise<DiscoveryServer> {
  let handler: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = await listenOnLoopback((request, response) => handler(request, response), usualPort);
  const url = `http://127.0.0.1:${server.port}`;
  const discovery = await openDiscovery({ directory, baseUrl: () => url });
  handler = discovery.handler;
  return {
    url,
    async close() {
      await server.close();
      await discovery.close();
    },
  };
}
