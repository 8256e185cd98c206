/**
 * In the callers' network: asks edges, every 10 ms and each by its own address, for a domain that no tenant has yet, until each
 * of them sends the request on. `first-route.ts FROM DOMAIN ADDRESS:PORT...` prints a line once all have refused, and then
 * `ADDRESS:PORT MILLISECONDS`, the clock when an edge's first other answer came.
 */
import { createSocket, type Socket } from 'node:dgram';

const [from, domain, ...edges] = process.argv.slice(2);
const everyMs = 10;
/** What an edge says of a domain that its directory does not have. */
const unknown = 'SIP/2.0 404 Unknown Tenant';

const refused = new Set<string>();
const waiting = new Set(edges);
let number = 0;

function open(edge: string): Promise<readonly [string, Socket]> {
  const [address, port] = edge.split(':') as [string, string];
  const socket = createSocket('udp4');
  socket.on('message', (message) => {
    if (message.toString('latin1').startsWith(unknown)) {
      if (!refused.has(edge) && refused.add(edge).size === edges.length) console.log('all refuse');
    } else if (waiting.delete(edge)) {
      console.log(`${edge} ${Date.now()}`);
      if (waiting.size === 0) process.exit();
    }
  });
  return new Promise((resolve) =>
    socket.bind(0, from, () => socket.connect(Number(port), address, () => resolve([edge, socket]))),
  );
}

function ask(): void {
  for (const [edge, socket] of sockets) {
    if (!waiting.has(edge)) continue;
    const id = `${process.pid}-${++number}`;
    socket.send(
      [
        `OPTIONS sip:anyone@${domain} SIP/2.0`,
        `Via: SIP/2.0/UDP ${socket.address().address}:${socket.address().port};branch=z9hG4bK${id};rport`,
        'Max-Forwards: 70',
        `From: <sip:probe@${domain}>;tag=${id}`,
        `To: <sip:anyone@${domain}>`,
        `Call-ID: ${id}`,
        'CSeq: 1 OPTIONS',
        'Content-Length: 0',
        '\r\n',
      ].join('\r\n'),
    );
  }
}

const sockets = await Promise.all(edges.map(open));
setInterval(ask, everyMs);
