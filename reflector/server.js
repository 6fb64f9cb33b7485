// The reflector: whatever you ask, it answers with your own request.
import { createServer } from 'node:http';

// A container has its own ports, so 80 is free in there; PORT is for trying the server without one.
const port = Number(process.env.PORT ?? 80);
const greeting = process.env.GREETING ?? 'Hi there.';
const rule = '='.repeat(22);

const server = createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end(reflect(request));
});

server.listen(port, () => {
  console.log(`The server is online and listening on Port ${server.address().port}.`);
});

// In a container this program is process 1, for which Linux has no default signal handling: without these lines
// `docker stop` would wait ten seconds and then kill it.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

function reflect(request) {
  return [
    `${greeting}  I've received your request loud and clear.  I've reflected it back to you here: `,
    rule,
    `Host: ${request.headers.host}`,
    `Accept: ${request.headers.accept}`,
    `httpVersion: ${request.httpVersion}`,
    `Method: ${request.method}`,
    `URL: ${request.url}`,
    rule,
    '',
    '',
  ].join('\n');
}
