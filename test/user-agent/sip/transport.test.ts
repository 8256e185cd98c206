import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTransport } from '../../../lib/user-agent/sip/open-transport.ts';
import type { Flow, TlsOptions, TransportProtocol } from '../../../lib/user-agent/sip/transport.ts';
import type { UserAgent } from '../../../lib/user-agent/endpoint/user-agent.ts';
import { makeCertificate } from '../certificate.ts';
import { LOOPBACK, openAgent, openAudio } from '../peer.ts';

let tls: TlsOptions;
beforeAll(() => {
  const { cert, key } = makeCertificate();
  tls = { cert, key, ca: cert };
});

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
const keep = async <T extends { close(): unknown }>(opening: Promise<T>): Promise<T> => {
  const opened = await opening;
  open.push(opened);
  return opened;
};

async function openCallee(protocol: TransportProtocol): Promise<UserAgent> {
  return keep(
    openAgent({
      identity: 'sip:bob@b.example',
      protocol,
      tls,
      onCall: (call) => void keep(openAudio(['PCMA'], 'callee')).then((audio) => call.answer(audio)),
    }),
  );
}

describe.each(['udp', 'tcp', 'tls'] as const)('over %s', (protocol) => {
  test('a call is answered, changed from the other side and hung up', async () => {
    const callee = await openCallee(protocol);
    const caller = await keep(openAgent({ protocol, tls }));
    const call = await caller.invite({ target: callee.uri, media: await keep(openAudio()) });
    const outcome = await call.outcome;
    if (!outcome.answered) throw new Error(outcome.answer.reason);
    expect((await outcome.session.reinvite({ direction: 'inactive' })).status).toBe(200);
    expect((await outcome.session.bye()).status).toBe(200);
  });

  test('an agent answers OPTIONS', async () => {
    const [one, other] = [await keep(openAgent({ protocol, tls })), await keep(openAgent({ protocol, tls }))];
    expect((await one.options(other.uri)).status).toBe(200);
  });
});

describe.each(['tcp', 'tls'] as const)('a %s connection', (protocol) => {
  test('carries requests in both directions', async () => {
    const messages: [string, Flow][] = [];
    const onMessage = (bytes: Buffer, flow: Flow) => void messages.push([bytes.toString(), flow]);
    const server = await keep(openTransport({ protocol, local: LOOPBACK, tls, onMessage }));
    const client = await keep(openTransport({ protocol, local: LOOPBACK, tls, onMessage }));
    const message = (name: string) => Buffer.from(`OPTIONS ${name} SIP/2.0\r\nContent-Length: 0\r\n\r\n`);
    client.flowTo(server.local).send(message('sip:one'), () => undefined);
    await expect.poll(() => messages.length).toBe(1);
    const back = messages[0]?.[1].remote ?? LOOPBACK;
    server.flowTo(back).send(message('sip:two'), () => undefined);
    await expect.poll(() => messages.map(([text]) => text.slice(8, 15))).toEqual(['sip:one', 'sip:two']);
  });

  test('that is refused fails the request at once', async () => {
    const gone = await openAgent({ protocol, tls });
    const { uri } = gone;
    await gone.close();
    const agent = await keep(openAgent({ protocol, tls }));
    expect(await agent.options(uri)).toMatchObject({ status: 503, response: undefined });
  });
});

describe('a TCP connection', () => {
  test('answers a keepalive and is closed for what is no SIP', async () => {
    const agent = await keep(openAgent({ protocol: 'tcp' }));
    const socket = connect(agent.local.port, '127.0.0.1');
    socket.write('\r\n\r\n');
    const [pong] = (await once(socket, 'data')) as [Buffer];
    expect(pong.toString()).toBe('\r\n');
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
  });
});

describe('TLS', () => {
  test('without a certificate is reached over the connection that its contact names', async () => {
    const { ca } = tls;
    const client = await keep(openAgent({ protocol: 'tls', tls: { ca } }));
    const server = await openCallee('tls');
    expect((await server.options(client.uri)).status).toBe(503);
    expect((await client.options(server.uri)).status).toBe(200);
    expect((await server.options(client.uri)).status).toBe(200);
  });

  const optionsOver = async (clientTls: TlsOptions) => {
    const server = await openCallee('tls');
    const client = await keep(openAgent({ protocol: 'tls', tls: clientTls }));
    return (await client.options(server.uri)).status;
  };

  test('refuses a server whose certificate it does not trust', async () => {
    expect(await optionsOver({})).toBe(503);
  });

  test('refuses a server that goes by another name', async () => {
    expect(await optionsOver({ ca: tls.ca, serverName: 'other.example' })).toBe(503);
    expect(await optionsOver({ ca: tls.ca, serverName: 'sip.example' })).toBe(200);
  });

  test('trusts any server if told not to check', async () => {
    expect(await optionsOver({ verify: false })).toBe(200);
  });
});

test('an address in use is an error', async () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    const agent = await keep(openAgent({ protocol }));
    await expect(openAgent({ protocol, local: agent.local })).rejects.toThrow('EADDRINUSE');
  }
});
