/** Edges that are drained with calls up: one after the other, and all at once. What they refuse then, and what goes on. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import {
  callerAddress,
  execOnFront,
  frontStatus,
  home,
  serviceAddress,
} from '../../../lib/targets/local/front/index.ts';
import { routerName } from '../../../lib/targets/local/front/internet.ts';
import { describeWith } from '../../requirements.ts';
import { drainGraceSeconds } from '../../../lib/software/directory-agent/index.ts';
import { domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';
import { Wire } from './wire.ts';
import { until } from '../lab/lab.ts';
import { answer, bye, event, reinvite, ring, talk } from './steps.ts';

const refer = (by: 'caller' | 'callee') => ({ step: 'refer', by, to: `sip:user-6@${domain}` }) as const;

const scripts: Readonly<Record<string, CallSteps>> = {
  'before the ACK': [ring, answer, event, { step: 'ack' }, talk, bye('callee')],
  'ringing, cancelled': [ring, event, { step: 'cancel' }],
  'ringing, declined': [ring, event, { step: 'reject', status: 603 }],
  'ringing, answered': [ring, event, answer, talk, bye('callee')],
  'in talk, held and hung up by the caller': [
    ...[ring, answer, talk, event, talk],
    ...[reinvite('caller', 'hold'), talk, reinvite('caller', 'resume'), talk, refer('caller'), bye('caller')],
  ],
  'in talk, held and hung up by the callee': [
    ...[ring, answer, talk, event, talk],
    ...[reinvite('callee', 'hold'), talk, reinvite('callee', 'resume'), talk, refer('callee'), bye('callee')],
  ],
};

describeWith(['root', 'debian-packages'], 'edges that are drained', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let kinds: readonly CallScenario[];
  const users = Array.from({ length: 6 }, (_, index) => `user-${index + 1}`);

  beforeAll(async () => {
    bed = await FrontBed.up('lab-drain', 94, [...users, 'phone', 'stream', 'secure']);
    agents = await bed.agents([
      ...users.map((name, index) => bed.user(name, callerAddress(1 + (index % 2), 1 + index))),
      bed.user('phone', home.phone),
      bed.user('stream', callerAddress(1, 20), 'tcp'),
      bed.user('secure', callerAddress(2, 20), 'tls'),
      bed.carrier(),
    ]);
    const pairs = [
      ['user-1', 'user-2'],
      ['phone', 'user-3'],
      ['user-4', 'phone'],
      ['stream', 'secure'],
    ] as const;
    kinds = pairs.flatMap(([caller, callee]) =>
      Object.entries(scripts).map(([name, steps]): CallScenario => ({
        name: `${caller} to ${callee}, ${name}`,
        caller,
        callee,
        dial: `sip:${callee}@${domain}`,
        steps: [...steps],
      })),
    );
  });
  afterAll(() => bed?.down());
  afterEach(() => undrain(names()));

  const drain = (edge: string) => execOnFront(bed.state, edge, ['touch', '/run/cellstamp/draining']);
  const undrain = async (edges: readonly string[]) => {
    for (const edge of edges) await execOnFront(bed.state, edge, ['rm', '-f', '/run/cellstamp/draining']);
    await until(() => edges.every((edge) => bed.isHealthy(edge)), 20);
  };
  const names = () => bed.edges.map(({ name }) => name);

  /** The first line of the answer to a request from a stranger, and for how long it is sent away. */
  const asked = async (wire: Wire, to: string, method: string, more: readonly string[] = []) => {
    const id = `drain-${Math.random().toString(36).slice(2)}`;
    const from = stranger;
    const lines = [
      `${method} sip:${method === 'REGISTER' || method === 'OPTIONS' ? '' : 'user-1@'}${domain} SIP/2.0`,
      `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${id};rport`,
      `From: <sip:user-6@${domain}>;tag=${id}`,
      `To: <sip:user-6@${domain}>`,
      `Call-ID: ${id}`,
      `CSeq: 1 ${method}`,
      `Contact: <sip:user-6@${from}>`,
      'Max-Forwards: 70',
      ...more,
      'Content-Length: 0',
    ];
    wire.send(from, to, `${lines.join('\r\n')}\r\n\r\n`);
    const final = () => wire.received.find(({ text }) => text.includes(id) && !text.startsWith('SIP/2.0 1'))?.text;
    await until(() => final() !== undefined);
    const text = final()!;
    return `${/^SIP\/2.0 (\d+)/.exec(text)![1]} ${/^Retry-After: (\d+)/m.exec(text)?.[1] ?? ''}`.trim();
  };
  const stranger = `${callerAddress(1, 99)}:5060`;

  it.each([
    ['one after the other', (edge: string) => until(() => !bed.isHealthy(edge), 10)],
    ['all at once', () => Promise.resolve()],
  ] as const)(
    '%s: every call goes on, and is held, resumed, transferred and hung up from either side',
    async (how, between) => {
      let paused = 0;
      const run = agents.startRun(
        { kinds: [...kinds], calls: kinds.length, ratePerSecond: 10, patienceSeconds: 60 },
        { onPaused: () => paused++ },
      );
      await until(() => paused === kinds.length, 30);
      const before = (await bed.calls()).length;
      for (const name of names()) {
        await drain(name);
        await between(name);
        const others = names().filter((other) => bed.isHealthy(other));
        if (others.length === 0) continue;
        const { summary } = await agents.run({
          kinds: [{ name: 'new', caller: 'user-5', callee: 'user-6', dial: `sip:user-6@${domain}` }],
          calls: 2,
          talkSeconds: 0.3,
          audio: false,
        });
        expect(summary).toMatchObject({ answered: 2, failures: [] });
      }
      await until(() => names().every((name) => !bed.isHealthy(name)), 10);
      const wire = await Wire.open(bed, [stranger]);
      for (const { publicAddress } of bed.edges) {
        await until(
          async () => (await asked(wire, `${publicAddress}:5060`, 'INVITE')) === '503 40',
          drainGraceSeconds(bed.front) + 2,
        );
      }
      expect(await asked(wire, `${serviceAddress}:5060`, 'OPTIONS')).toBe('503 40');
      expect(await asked(wire, `${serviceAddress}:5060`, 'REGISTER')).toBe('503 40');
      expect(await asked(wire, `${serviceAddress}:5060`, 'INVITE')).toBe('503 40');
      // The end of a registration, and what a transfer leads to, reach the cell, which asks who it is.
      expect(await asked(wire, `${serviceAddress}:5060`, 'REGISTER', ['Expires: 0'])).toBe('401');
      expect(await asked(wire, `${serviceAddress}:5060`, 'INVITE', [`Referred-By: <sip:user-1@${domain}>`])).toBe(
        '407',
      );
      await wire.close();
      const { edges } = await frontStatus(bed.state);
      expect(edges.map(({ draining, healthy }) => ({ draining, healthy }))).toEqual(
        names().map(() => ({ draining: true, healthy: false })),
      );
      const pinned = edges.reduce((sum, { calls }) => sum + calls!.length, 0);
      expect(pinned).toBeGreaterThan(0);
      expect(await bed.metric('edge_calls')).toBe(pinned);
      const after = (await bed.calls()).length;
      run.resume('event');
      const told = toldOf([await run.finished], before, after, await bed.left(20));
      print(`edges drained ${how}`, told);
      expect(told).toMatchObject({
        callsUpBefore: kinds.length,
        callsUpAfter: kinds.length,
        packetsLost: 0,
        failures: [],
      });
      expect(told.left).toEqual({});
      // That is how an operator sees that they are empty.
      expect((await frontStatus(bed.state)).edges.map(({ calls }) => calls)).toEqual(names().map(() => []));
      await undrain(names());
      expect((await frontStatus(bed.state)).state).toBe('running');
    },
  );

  it('a phone that is registered through a drained edge is called through it, by callers of other edges', async () => {
    const edge = await bed.edgeOf('phone');
    const caller = (
      await Promise.all(users.map(async (user) => ((await bed.edgeOf(user)) === edge ? undefined : user)))
    ).find((user) => user !== undefined)!;
    await drain(edge);
    const begin = performance.now();
    await until(() => !bed.isHealthy(edge), 10);
    console.log(`out of rotation ${((performance.now() - begin) / 1000).toFixed(1)} s after the drain began`);
    const { summary } = await agents.run({
      kinds: [{ name: 'to the phone', caller, callee: 'phone', dial: `sip:phone@${domain}` }],
      talkSeconds: 0.5,
    });
    expect(summary).toMatchObject({ answered: 1, failures: [] });
  });

  it('the health check says nothing but a status, to the entry alone, and is there again after connections that say nothing', async () => {
    const edge = bed.front.edges[0]!;
    const router = routerName(1);
    const asked = await execOnFront(bed.state, router, ['/usr/bin/python3', '-c', askHealth, edge.address, '8088']);
    expect(JSON.parse(asked.stdout)).toEqual({
      get: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      other: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      endless: '',
      silent: '',
      beside: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      above: '',
      after: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    });
    const other = bed.edges[1]!;
    for (const [host, address] of [
      ['callers', bed.edges[0]!.publicAddress],
      ['callers', edge.address],
      [other.name, edge.address],
    ] as const) {
      const knock = `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/8088'`;
      expect((await execOnFront(bed.state, host, ['bash', '-c', knock])).status).not.toBe(0);
    }
  });
});

/** What an edge's health port answers to what, and how many connections it takes at once. */
const askHealth = `
import json, socket, sys, time
where = (sys.argv[1], int(sys.argv[2]))
def heard(connection):
    connection.settimeout(4)
    text = b""
    try:
        while part := connection.recv(4096):
            text += part
    except OSError:
        pass
    return text.decode()
def ask(text):
    with socket.create_connection(where, timeout=2) as connection:
        connection.sendall(text)
        return heard(connection)
get = b"GET / HTTP/1.1\\r\\nHost: edge\\r\\n\\r\\n"
said = {"get": ask(get), "other": ask(b"DELETE /etc/passwd HTTP/1.0\\r\\n\\r\\n"), "endless": ask(b"A" * 20000), "silent": ask(b"")}
idle = [socket.create_connection(where, timeout=2) for _ in range(40)]
time.sleep(0.3)
said["beside"] = ask(get)
idle += [socket.create_connection(where, timeout=2) for _ in range(40)]
time.sleep(0.3)
said["above"] = ask(get)
time.sleep(2.5)
said["after"] = ask(get)
print(json.dumps(said))
`;
