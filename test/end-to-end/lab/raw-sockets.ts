/**
 * Sockets at addresses of one's choice, for what no user agent would send: run inside the outside's network. A JSON line in
 * opens one (`{"open": "192.0.2.1:5060"}`) or sends (`{"from", "to", "text"}`); a JSON line out is what came
 * (`{"at", "from", "text"}`) or `{"opened"}`. `"hex"` instead of `"text"` takes bytes that are no text; output has it beside `"text"`. With `"over": "tcp"` the text has a connection of its own, and nothing to open.
 */
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

interface Instruction {
  readonly open?: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly hex?: string;
  readonly over?: 'udp' | 'tcp';
  /** How long an answer over TCP is waited for, milliseconds. */
  readonly patience?: number;
}

const sockets = new Map<string, Socket>();
const sending: Promise<unknown>[] = [];
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

function open(at: string): void {
  const [address, port] = at.split(':') as [string, string];
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address: from, port: fromPort }) => {
    const text = bytes.toString();
    tell({ at, from: `${from}:${fromPort}`, text, ...(text.includes('\ufffd') ? { hex: bytes.toString('hex') } : {}) });
  });
  socket.bind(Number(port), address, () => tell({ opened: at }));
  sockets.set(at, socket);
}

async function sendOverTcp({ from, to, text, patience = 400 }: Instruction): Promise<void> {
  const [address, port] = to.split(':') as [string, string];
  const socket = connect({ host: address, port: Number(port), localAddress: from.split(':')[0]! });
  // Whoever sends junk may be hung up on.
  socket.on('error', () => undefined);
  socket.on('data', (answer) => tell({ at: from, from: to, text: answer.toString() }));
  socket.write(text);
  await sleep(patience);
  socket.destroy();
}

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text) as Instruction;
  if (line.open !== undefined) open(line.open);
  else if (line.over === 'tcp') sending.push(sendOverTcp(line));
  else {
    const [address, port] = line.to.split(':') as [string, string];
    const bytes = line.hex === undefined ? line.text : Buffer.from(line.hex, 'hex');
    sending.push(new Promise((sent) => sockets.get(line.from)!.send(bytes, Number(port), address, sent)));
  }
}
await Promise.all(sending);
process.exit();
