import { afterEach, describe, expect, test } from 'vitest';
import { parseCSeq } from '../../../lib/user-agent/sip/headers.ts';
import type { UserAgent } from '../../../lib/user-agent/endpoint/user-agent.ts';
import { makeResponse } from '../../../lib/user-agent/sip/responses.ts';
import { type SipRequest, formatMessage, parseMessage } from '../../../lib/user-agent/sip/message.ts';
import { openTransport } from '../../../lib/user-agent/sip/open-transport.ts';
import type { Flow } from '../../../lib/user-agent/sip/transport.ts';
import { LOOPBACK, openAgent } from '../peer.ts';
import { type RegistrarOptions, openRegistrar } from '../registrar.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function setUp(options: Partial<RegistrarOptions> = {}, password = 'secret') {
  const registrar = await openRegistrar({ passwords: { alice: 'secret' }, ...options });
  const agent: UserAgent = await openAgent({
    server: registrar.address,
    credentials: { username: 'alice', password },
  });
  open.push(registrar, agent);
  return { registrar, agent };
}

describe('a registration', () => {
  test.each([
    ['MD5', true],
    ['MD5', false],
    ['SHA-256', true],
  ] as const)('answers a challenge by %s, with qop: %s', async (algorithm, qop) => {
    const { registrar, agent } = await setUp({ algorithm, qop });
    expect((await agent.registration(60).register()).status).toBe(200);
    expect(registrar.sent).toEqual([401, 200]);
    expect([...registrar.bindings]).toEqual([['<sip:alice@a.example>', agent.contact]]);
    expect(registrar.received[0]?.uri).toBe('sip:a.example');
  });

  test('with the wrong password is refused after one try', async () => {
    const { registrar, agent } = await setUp({}, 'wrong');
    expect((await agent.registration(60).register()).status).toBe(401);
    expect(registrar.sent).toEqual([401, 401]);
  });

  test('keeps its Call-ID, counts on, and signs from the start with the nonce it knows', async () => {
    const { registrar, agent } = await setUp();
    const registration = agent.registration(60);
    await registration.register();
    await registration.register();
    expect(registrar.sent).toEqual([401, 200, 200]);
    expect(new Set(registrar.received.map(({ headers }) => headers.get('Call-ID'))).size).toBe(1);
    expect(registrar.received.map(({ headers }) => parseCSeq(headers.require('CSeq')).sequence)).toEqual([1, 2, 3]);
  });

  test('answers a new challenge when its nonce has become stale', async () => {
    const { registrar, agent } = await setUp({ nonceUses: 1 });
    const registration = agent.registration(60);
    await registration.register();
    expect((await registration.register()).status).toBe(200);
    expect(registrar.sent).toEqual([401, 200, 401, 200]);
  });

  test('is taken back', async () => {
    const { registrar, agent } = await setUp();
    const registration = agent.registration(60);
    await registration.register();
    expect((await registration.unregister()).status).toBe(200);
    expect(registrar.bindings.size).toBe(0);
  });

  test('asks for the time the registrar wants at least', async () => {
    const { registrar, agent } = await setUp({ minimum: 120 });
    expect((await agent.registration(60).register()).status).toBe(200);
    expect(registrar.sent).toEqual([401, 423, 200]);
    expect(registrar.received.at(-1)?.headers.get('Expires')).toBe('120');
  });

  test('is refreshed before the granted time is over, and no more once it is taken back', async () => {
    const { registrar, agent } = await setUp({ maximum: 1 });
    const registration = agent.registration(60);
    await registration.register();
    await expect.poll(() => registrar.sent.length, { timeout: 3000 }).toBeGreaterThanOrEqual(4);
    await registration.unregister();
    const sent = registrar.sent.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(registrar.sent).toHaveLength(sent);
  });

  test('is tried again when a refresh fails, when the registrar says so', async () => {
    const { registrar, agent } = await setUp();
    const answers: number[] = [];
    const registration = agent.registration(60, ({ status }) => void answers.push(status));
    await registration.register();
    registrar.fail(503, [['Retry-After', '1']]);
    await registration.register();
    await expect.poll(() => answers, { timeout: 3000 }).toEqual([200, 503, 200]);
  });

  test('over a connection is renewed when that is lost', async () => {
    const flows: Flow[] = [];
    const registrar = await openTransport({
      protocol: 'tcp',
      local: LOOPBACK,
      onMessage: (bytes, flow) => {
        flows.push(flow);
        const register = parseMessage(bytes) as SipRequest;
        flow.send(formatMessage(makeResponse(register, 200)), () => undefined);
      },
    });
    const agent = await openAgent({ protocol: 'tcp', server: registrar.local });
    open.push(registrar, agent);
    expect((await agent.registration(600).register()).status).toBe(200);
    flows[0]?.abandon();
    await expect.poll(() => flows.length, { timeout: 4000 }).toBe(2);
    expect(flows[1]?.remote.port).not.toBe(flows[0]?.remote.port);
  });

  test('that was never accepted is not tried again', async () => {
    const { registrar, agent } = await setUp();
    registrar.fail(503, [['Retry-After', '0']]);
    expect((await agent.registration(60).register()).status).toBe(503);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(registrar.sent).toEqual([503]);
  });
});
