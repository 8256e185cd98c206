import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentsProcess } from '../../lib/user-agent/agents-process.ts';
import type { AgentSpec } from '../../lib/user-agent/scenario.ts';
import type { Step } from '../../lib/user-agent/steps.ts';
import { describeWith } from '../requirements.ts';
import { makeCertificate } from './certificate.ts';
import { Kamailio, type ProxyPorts } from './kamailio.ts';

const ports: ProxyPorts = { udp: 25_060, tcp: 25_062, tls: 25_064, carrier: 25_066 };
const local = { address: '127.0.0.1' };

const user = (name: string, protocol: 'udp' | 'tcp' | 'tls', password = `secret-of-${name}`): AgentSpec => ({
  role: 'user',
  name,
  identity: `sip:${name}@tenant.example`,
  password,
  protocol,
  local,
  server: { ...local, port: ports[protocol] },
});

const ring: Step = { step: 'ring', seconds: 0 };
const talk = (seconds: number): Step => ({ step: 'talk', seconds });
const change = (by: 'caller' | 'callee', what: 'nothing' | 'hold' | 'resume' | 'codec' | 'port'): Step[] => [
  { step: 'reinvite', by, change: what },
  talk(0.4),
];

describeWith(['debian-packages'], 'through Kamailio', () => {
  let kamailio: Kamailio;
  let agents: AgentsProcess;

  beforeAll(async () => {
    const certificate = makeCertificate();
    kamailio = await Kamailio.start(ports, certificate);
    agents = AgentsProcess.start();
    const opened = await agents.open({
      agents: [
        user('alice', 'udp'),
        user('bob', 'udp'),
        user('carol', 'tcp'),
        user('dave', 'tls'),
        user('mallory', 'udp', 'wrong'),
        {
          role: 'carrier',
          name: 'carrier',
          identity: 'sip:+4930555@127.0.0.1',
          local: { ...local, port: ports.carrier },
          server: { ...local, port: ports.udp },
        },
      ],
      tls: { ca: certificate.cert },
      mediaPorts: { from: 50_000, to: 59_999 },
    });
    expect(Object.fromEntries(opened.map(({ name, registration }) => [name, registration?.status]))).toEqual({
      alice: 200,
      bob: 200,
      carol: 200,
      dave: 200,
      mallory: 401,
      carrier: undefined,
    });
  });
  afterAll(async () => {
    await agents.close();
    await kamailio.close();
  });

  const to = (callee: string) => ({ callee, dial: `sip:${callee}@tenant.example` });
  const out = { callee: 'carrier', dial: 'sip:+4940{index}@tenant.example' };

  test.each([
    ['UDP to UDP', { caller: 'alice', ...to('bob') }],
    ['UDP to TCP', { caller: 'alice', ...to('carol') }],
    ['TCP to TLS', { caller: 'carol', ...to('dave') }],
    ['TLS to UDP', { caller: 'dave', ...to('bob') }],
    ['a carrier to TLS', { caller: 'carrier', ...to('dave') }],
    ['TCP to a carrier', { caller: 'carol', ...out }],
  ])('a call from %s is routed by Record-Route through every change, hung up from either side', async (_, kind) => {
    const steps: Step[] = [
      ring,
      { step: 'answer' },
      talk(0.4),
      ...change('caller', 'hold'),
      ...change('caller', 'resume'),
      ...change('callee', 'port'),
      ...change('callee', 'codec'),
    ];
    const { results, summary } = await agents.run({
      kinds: [
        { name: 'caller hangs up', ...kind, steps: [...steps, { step: 'bye', by: 'caller' }] },
        { name: 'callee hangs up', ...kind, steps: [...steps, { step: 'bye', by: 'callee' }] },
      ],
      calls: 2,
    });
    expect(summary.failures).toEqual([]);
    for (const { route } of results) expect(route.length).toBeGreaterThanOrEqual(1);
  });

  test('calls end before they begin: cancelled, declined, unknown, not authorised', async () => {
    const { summary } = await agents.run({
      kinds: [
        { name: 'cancelled', caller: 'alice', ...to('carol'), steps: [ring, { step: 'cancel' }] },
        {
          name: 'declined',
          caller: 'dave',
          ...to('bob'),
          steps: [ring, { step: 'reject', status: 603 }],
        },
        { name: 'unknown', caller: 'carol', dial: 'sip:nobody@tenant.example', expectStatus: 404 },
        { name: 'not authorised', caller: 'mallory', ...to('bob'), expectStatus: 407 },
      ],
      calls: 8,
    });
    expect(summary.failures).toEqual([]);
    expect(summary.statuses).toEqual({ 404: 2, 407: 2, 487: 2, 603: 2 });
  });

  test('60 calls of three kinds at 20 a second are all good', async () => {
    const { summary } = await agents.run({
      kinds: [
        { name: 'registered', caller: 'alice', ...to('bob') },
        { name: 'carrier-in', caller: 'carrier', ...to('carol') },
        { name: 'carrier-out', caller: 'dave', ...out },
      ],
      calls: 60,
      ratePerSecond: 20,
      talkSeconds: 2,
    });
    expect(summary.failures).toEqual([]);
    expect(summary).toMatchObject({ calls: 60, answered: 60 });
  });

  test('a registration is refreshed and taken back', async () => {
    expect(await agents.register('dave')).toBe(200);
    expect(await agents.unregister('carol')).toBe(200);
    const { summary } = await agents.run({
      kinds: [{ name: 'gone', caller: 'alice', dial: 'sip:carol@tenant.example', expectStatus: 404 }],
    });
    expect(summary.failures).toEqual([]);
    expect(await agents.register('carol')).toBe(200);
  });
});
