/** What strangers send to an edge: floods, messages that are hard to read, and mutated ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { callerAddress, execOnFront, serviceAddress, spawnAtCallers } from '../../../lib/targets/local/front/index.ts';
import { routerName } from '../../../lib/targets/local/front/internet.ts';
import { readService } from '../../../lib/targets/local/service-notes.ts';
import { handOversPerSecond } from '../../../lib/software/kamailio/edge/hand-over.ts';
import { describeWith } from '../../requirements.ts';
import { floodProgram, floods, floodSources } from '../lab/flood.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';
import { credentialsFor, HandOvers, Wire } from './wire.ts';
import { exec, status } from '../../../lib/targets/local/index.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { until } from '../lab/lab.ts';
import { rfc4475 } from '../lab/rfc4475.ts';
import { mutatedMessages, tortureMessages } from '../lab/torture.ts';

const mutated = 10_000;

describeWith(['root', 'debian-packages'], 'what strangers send to edges', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  /** Requests that got through to somebody behind a cell. */
  const got: string[] = [];
  beforeAll(async () => {
    bed = await FrontBed.up('lab-junk', 78, ['alice', 'bob', 'mallory']);
    agents = await bed.agents(
      [bed.user('alice', callerAddress(1, 1)), bed.user('bob', callerAddress(2, 1)), bed.carrier()],
      (event) => {
        if (event.event === 'sip' && event.direction === 'received' && event.text.includes('torture'))
          got.push(event.text);
      },
    );
    const chain = 'add table ip elsewhere; add chain ip elsewhere in { type filter hook prerouting priority raw; }';
    const rule = 'add rule ip elsewhere in iifname "edges" ip daddr 192.0.2.0/24 counter';
    for (const index of bed.front.regions.keys()) {
      await execOnFront(bed.state, routerName(index + 1), ['nft', `${chain}; ${rule}`]);
    }
  });
  afterAll(() => bed?.down());

  /** Packets from edges to addresses that the messages name and nobody here has. */
  const sentElsewhere = async () => {
    const lists = await Promise.all(
      bed.front.regions.map((_, index) =>
        execOnFront(bed.state, routerName(index + 1), ['nft', 'list', 'chain', 'ip', 'elsewhere', 'in']),
      ),
    );
    return lists.reduce((sum, { stdout }) => sum + Number(/packets (\d+)/.exec(stdout)?.[1] ?? Number.NaN), 0);
  };

  const kinds = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
  ];
  const place = (calls: number) => agents.run({ kinds, calls, ratePerSecond: 4, talkSeconds: 1 });

  it.each(['udp', 'tcp', 'tls'] as const)('a flood from one source over %s costs no call', async (over) => {
    const before = await place(12);
    const { rate, seconds } = floods[over];
    const source = callerAddress(1, floodSources[over]);
    const argv = [over, source, serviceAddress, over === 'tls' ? '5061' : '5060', String(rate), String(seconds)];
    const sender = spawnAtCallers(bed.state, ['/usr/bin/python3', '-c', floodProgram, ...argv]);
    let sent = '';
    sender.stdout!.on('data', (text: Buffer) => (sent += text.toString()));
    const gone = new Promise((resolve) => sender.on('close', resolve));
    const run = agents.startRun({ kinds, calls: 4 * (seconds - 1), ratePerSecond: 4, talkSeconds: 1 });
    await until(async () => (await bed.calls()).length >= 3);
    const callsUpBefore = (await bed.calls()).length;
    const during = await run.finished;
    await gone;
    // At once: a ban ends by itself.
    const set = over === 'udp' ? 'banned_udp' : 'banned';
    const banned = await Promise.all(
      bed.front.edges.map(({ name }) =>
        execOnFront(bed.state, name, ['nft', 'list', 'set', 'ip', 'cellstamp_flood_guard', set]),
      ),
    );
    const p50 = ({ summary }: typeof before) => `${summary.setupMs!.p50.toFixed(1)} ms`;
    const told = toldOf([during], callsUpBefore, (await bed.calls()).length, await bed.left());
    print(
      `${sent.trim()} messages over ${over} in ${seconds} s, ${during.summary.answered} of ${during.summary.calls} calls; set-up p50 ${p50(before)} before, ${p50(during)} during`,
      told,
    );
    // A datagram is sent whether or not it is taken.
    expect(Number(sent)).toBeGreaterThanOrEqual(over === 'udp' ? 0.9 * rate * seconds : 1000);
    expect(before.summary.failures).toEqual([]);
    expect(told).toMatchObject({ failures: [] });
    expect(told.left).toEqual({});
    expect(during.summary.answered).toBe(during.summary.calls);
    expect(banned.filter(({ stdout }) => stdout.includes(source))).toHaveLength(1);
  });

  /** Sends texts from many addresses, so that no source is a flood. */
  const send = async (texts: readonly string[], perSecond: number, over: 'udp' | 'tcp') => {
    const sources = Array.from({ length: 40 }, (_, index) => `${callerAddress(1 + (index % 2), 100 + index)}:5060`);
    const wire = await Wire.open(bed, sources);
    for (const [index, text] of texts.entries()) {
      wire.send(sources[index % sources.length]!, `${serviceAddress}:5060`, text, over);
      if (index % (perSecond / 20) === 0) await sleep(50);
    }
    await wire.close();
  };
  /** Asks the active SBC of the tenant's cell. */
  const askCell = async (...words: readonly string[]) => {
    const { name } = bed.cells[0]!;
    const active = status(name).hosts.find((host) => host.active)!.name;
    return (await exec(name, active, ['kamcmd', '-s', `unix:${paths.control}`, ...words])).stdout;
  };
  /** Memory that every edge's Kamailio uses, bytes. */
  const memory = async () => {
    const used = await Promise.all(
      bed.front.edges.map(async ({ name }) => /real_used: (\d+)/.exec(await bed.kamcmd(name, 'core.shmmem'))?.[1]),
    );
    return used.map(Number);
  };
  const ends = { from: '198.19.101.200:5060', to: serviceAddress, target: `sip:bob@${domain}` };
  const hard = (over: 'udp' | 'tcp') => ({ ...rfc4475({ ...ends, over }), ...tortureMessages({ ...ends, over }) });

  it.each([
    ['the messages of RFC 4475, and some that lead astray,', 'udp', () => hard('udp'), 200],
    ['the messages of RFC 4475, and some that lead astray,', 'tcp', () => hard('tcp'), 200],
    [`${mutated} mutated messages`, 'udp', () => [...mutatedMessages(ends, mutated, 4475)], 2500],
  ] as const)('%s over %s neither stop an edge nor get through it', async (_, over, messages, perSecond) => {
    await bed.left();
    const before = await memory();
    const rejected = await bed.metric('edge_rejected');
    const texts = Object.values<string>(messages());
    await send(texts, perSecond, over);
    const left = await bed.left(20);
    const { summary } = await place(6);
    expect(summary.failures).toEqual([]);
    expect(left).toEqual({});
    expect(got).toEqual([]);
    expect(await sentElsewhere()).toBe(0);
    // Edge and cell read the same in it, however odd: none that an edge sends is taken for forged.
    expect(await askCell('htable.dump', 'edge_keys')).toContain('key:');
    expect(await bed.cellMetric(bed.cells[0]!, 'dropped_total{reason="unproved_edge"}')).toBeNaN();
    for (const { name } of bed.front.edges) {
      expect(readService(bed.front.name, name, 'kamailio')).toMatchObject({ state: 'ready', starts: 1 });
    }
    const refused = (await bed.metric('edge_rejected')) - rejected;
    expect(refused).toBeGreaterThan(0);
    // Finished transactions go after 5 s; what a process keeps for its counters stays.
    const grown = async () => (await memory()).map((bytes, index) => bytes - before[index]!);
    await until(async () => (await grown()).every((bytes) => bytes < 2 ** 16), 20);
    console.log(
      `${texts.length} messages over ${over}: ${refused} counted as refused, ${got.length} relayed; shared memory of the edges grew by ${(await grown()).join(', ')} bytes`,
    );
  });

  const stranger = `${callerAddress(1, 50)}:5060`;
  /** A request of a stranger at the front. */
  const request = (
    method: string,
    callId: string,
    extra: readonly string[] = [],
    { toTag = '', body = '', n = 1 } = {},
  ) =>
    [
      `${method} sip:${domain} SIP/2.0`,
      `Via: SIP/2.0/UDP ${stranger};branch=z9hG4bK${callId}${n}`,
      'Max-Forwards: 70',
      `From: <sip:mallory@${domain}>;tag=${callId}`,
      `To: <sip:mallory@${domain}>${toTag}`,
      `Call-ID: ${callId}`,
      `CSeq: ${n} ${method}`,
      ...extra,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  const withWire = async (sources: readonly string[], work: (wire: Wire) => Promise<void>) => {
    const wire = await Wire.open(bed, sources);
    try {
      await work(wire);
    } finally {
      await wire.close();
    }
  };
  it('a user who registers with a Path of its own is reached through its edge alone', () =>
    withWire([stranger], async (wire) => {
      const register = async (n: number, extra: readonly string[]) => {
        const headers = [`Contact: <sip:mallory@${stranger}>`, 'Path: <sip:192.0.2.66;lr>', ...extra];
        wire.send(stranger, `${serviceAddress}:5060`, request('REGISTER', 'own-path', headers, { n }));
        return wire.answer('own-path', `${n} REGISTER`);
      };
      const answer = (challenge: string) =>
        `Authorization: ${credentialsFor(challenge, 'mallory', 'REGISTER', `sip:${domain}`)}`;
      expect(await register(2, [answer(await register(1, []))])).toMatch(/^SIP\/2.0 200 /);
      const located = await askCell('ul.lookup', 'location', `mallory@${domain}`);
      const path = new RegExp(
        `^<sip:[\\d.]+:5060;lr;s=.;c=${stranger.replace(':', '~')}~udp~[0-9a-f]{4}~[0-9a-f]{32}>$`,
      );
      expect(/Path: (.*)/.exec(located)![1]).toMatch(path);
      expect(await sentElsewhere()).toBe(0);
      expect(await register(4, ['Expires: 0', answer(await register(3, []))])).toMatch(/^SIP\/2.0 200 /);
    }));

  it('a client in a call can not have another source counted and banned', () =>
    withWire([stranger], async (wire) => {
      const edge = bed.edges[0]!.publicAddress;
      const routes = [edge, status(bed.cells[0]!.name).floatingAddress].map(
        (at) => `Route: <sip:${at}:5060;lr;m=1;k=0>`,
      );
      const headers = [...routes, 'X-Cellstamp-Source: udp:192.0.2.10:5060'];
      wire.send(stranger, `${edge}:5060`, request('BYE', 'other-source', headers, { toTag: ';tag=x' }));
      // From the cell: it did get there.
      expect(await wire.answer('other-source', '1 BYE')).toMatch(/^SIP\/2.0 403 Forbidden/);
      expect(await askCell('htable.dump', 'requests')).not.toContain('192.0.2.10');
    }));

  it('an unknown CANCEL goes to every other edge once, with its real source, and no further', () =>
    withWire([stranger], async (wire) => {
      const ears = await HandOvers.listen(bed);
      const forged = 'X-Cellstamp-Handoff: udp:192.0.2.10:5060';
      wire.send(stranger, `${serviceAddress}:5060`, request('CANCEL', 'unknown', [forged]));
      expect(await wire.answer('unknown', '1 CANCEL')).toMatch(/^SIP\/2.0 200 /);
      await sleep(500);
      expect(new Set(ears.heard.map(({ edge }) => edge)).size).toBe(bed.front.edges.length - 1);
      expect(ears.heard).toHaveLength(bed.front.edges.length - 1);
      for (const { text } of ears.heard) {
        expect(text.match(/(?<=X-Cellstamp-Handoff: ).*(?=\r)/g)).toEqual([
          expect.stringMatching(new RegExp(`^udp:${stranger};[0-9a-f]{4};[0-9a-f]{32}$`)),
        ]);
      }
      // What an edge has handed over is handed to nobody else, whether or not it says so.
      const [one, other] = [bed.edges[0]!, bed.edges.at(-1)!];
      for (const [callId, headers] of [
        ['handed-over', [forged]],
        ['from-an-edge', []],
      ] as const) {
        const program = `import socket, sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), ("${other.publicAddress}", 5060))`;
        await execOnFront(bed.state, one.name, ['/usr/bin/python3', '-c', program, request('CANCEL', callId, headers)]);
      }
      await sleep(500);
      const later = ears.heard.slice(bed.front.edges.length - 1);
      expect(later).toEqual([{ edge: other.name, text: expect.stringContaining('Call-ID: handed-over') as string }]);
      await ears.close();
    }));

  it('a flood of CANCELs that no edge knows is not multiplied', async () => {
    const sources = Array.from({ length: 20 }, (_, n) => `${callerAddress(1, 100 + n)}:5060`);
    const ears = await HandOvers.listen(bed);
    const begin = Date.now();
    await withWire(sources, async (wire) => {
      for (let n = 0; n < 3000; n++) {
        const from = sources[n % sources.length]!;
        wire.send(from, `${serviceAddress}:5060`, request('CANCEL', `bound-${n}`).replaceAll(stranger, from));
      }
      await sleep(500);
    });
    const seconds = Math.ceil((Date.now() - begin) / 1000) + 1;
    await sleep(500);
    await ears.close();
    const { all } = handOversPerSecond;
    const most = bed.front.regions[0]!.edges.length * all * seconds * (bed.front.edges.length - 1);
    console.log(
      `3000 unknown CANCELs within ${seconds} s: ${ears.heard.length} packets between edges, at most ${most}`,
    );
    expect(ears.heard.length).toBeGreaterThan(0);
    expect(ears.heard.length).toBeLessThanOrEqual(most);
    expect(await bed.metric('edge_rejected{reason="hand_over_rate"')).toBeGreaterThan(0);
  });

  it('scanners get no answer, messages that are too long 513, and both are counted', () =>
    withWire([stranger], async (wire) => {
      const counted = (reason: string) => bed.metric(`edge_rejected{reason="${reason}"`);
      const before = { scanner: await counted('scanner'), oversized: await counted('oversized') };
      const longest = bed.front.spec.edge.flood.longestMessage;
      const long = (callId: string, bytes: number) =>
        request('OPTIONS', callId, ['Content-Type: text/plain'], { body: 'x'.repeat(bytes) });
      wire.send(stranger, `${serviceAddress}:5060`, request('OPTIONS', 'scanner', ['User-Agent: friendly-scanner']));
      wire.send(stranger, `${serviceAddress}:5060`, long('oversized', longest));
      wire.send(stranger, `${serviceAddress}:5060`, long('huge', 60_000));
      wire.send(
        stranger,
        `${serviceAddress}:5060`,
        long('over-tcp', 9000).replace('SIP/2.0/UDP', 'SIP/2.0/TCP'),
        'tcp',
      );
      for (const callId of ['oversized', 'huge', 'over-tcp']) {
        expect(await wire.answer(callId, '1 OPTIONS')).toMatch(/^SIP\/2.0 513 Message Too Large/);
      }
      await until(async () => (await counted('scanner')) === before.scanner + 1);
      expect(await counted('oversized')).toBe(before.oversized + 3);
      expect(wire.received.filter(({ text }) => text.includes('Call-ID: scanner'))).toEqual([]);
    }));
});
