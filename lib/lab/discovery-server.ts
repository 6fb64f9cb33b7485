/** The lab's discovery service on its port. */
import type { RequestListener } from 'node:http';
import { openDiscovery } from './discovery/service.ts';
import { readFileIfPresent, replaceFile } from './files.ts';
import { listenOnLoopback } from './listen.ts';

export interface DiscoveryServer {
  /** `http://127.0.0.1:8087` */
  url: string;
  close(): Promise<void>;
}

/** discovery.etcd.io's own; any other free one does as well, and the pages show the URL that it became. */
const usualPort = 8087;

export async function startDiscovery(directory: string): Promise<DiscoveryServer> {
  let handler: RequestListener = (_request, response) => response.writeHead(503).end();
  // Shells and user-data files hold URLs with the port that it had; it keeps it for as long as nobody else takes it.
  const portFile = `${directory}.port`;
  const remembered = Number(await readFileIfPresent(portFile)) || usualPort;
  const server = await listenOnLoopback((request, response) => handler(request, response), remembered);
  if (server.port !== remembered) await replaceFile(portFile, `${server.port}\n`);
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
