/**
 * Sockets at addresses of one's choice, for what no user agent would send: run inside the outside's network. A JSON line in
 * opens one (`{"open": "192.0.2.1:5060"}`) or sends (`{"from", "to", "text"}`); a JSON line out is a datagram that came
 * (`{"at", "from", "text"}`) or `{"opened"}`.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';

interface Line {
  readonly open?: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

const sockets = new Map<string, Socket>();
const sending: Promise<unknown>[] = [];
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

function open(at: string): void {
  const [address, port] = at.split(':') as [string, string];
  const socket = createSocket('udp4');
  socket.on('message', (text, { address: from, port: fromPort }) =>
    tell({ at, from: `${from}:${fromPort}`, text: text.toString() }),
  );
  socket.bind(Number(port), address, () => tell({ opened: at }));
  sockets.set(at, socket);
}

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text) as Line;
  if (line.open !== undefined) open(line.open);
  else {
    const [address, port] = line.to.split(':') as [string, string];
    sending.push(new Promise((sent) => sockets.get(line.from)!.send(line.text, Number(port), address, sent)));
  }
}
await Promise.all(sending);
process.exit();
