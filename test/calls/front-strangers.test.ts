/** What strangers send to an edge: floods, messages that are hard to read, and mutated ones. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../lib/calls/agents-process.ts';
import { callerAddress, execOnFront, serviceAddress, spawnAtCallers } from '../../lib/local/front/index.ts';
import { routerName } from '../../lib/local/front/internet.ts';
import { readService } from '../../lib/local/status.ts';
import { describeWith } from '../requirements.ts';
import { carrier, domain, FrontBed } from './front-bed.ts';
import { print, toldOf } from './front-told.ts';
import { until } from './lab.ts';
import { mutatedMessages, tortureMessages } from './torture.ts';

/** Junk a second and how long, seconds. */
const flood = { rate: 10_000, seconds: 10 } as const;
const mutated = 10_000;

/** Sends datagrams at a rate: ADDRESS TO PORT RATE SECONDS. Prints how many. */
const floodProgram = `
import os, socket, sys, time
source, to, port, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((source, 0))
junk, begin, sent = os.urandom(200), time.monotonic(), 0
while time.monotonic() - begin < seconds:
    while sent < (time.monotonic() - begin) * rate:
        sender.sendto(junk, (to, port))
        sent += 1
    time.sleep(0.001)
print(sent)
`;

describeWith(['root', 'debian-packages'], 'what strangers send to edges', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  /** Requests that got through to somebody behind a cell. */
  const got: string[] = [];
  beforeAll(async () => {
    bed = await FrontBed.up('lab-junk', 78, ['alice', 'bob']);
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

  it('a flood from one source costs no call', async () => {
    const before = await place(12);
    const source = callerAddress(1, 1).replace(/\d+$/, '77');
    const argv = [source, serviceAddress, '5060', String(flood.rate), String(flood.seconds)];
    const sender = spawnAtCallers(bed.state, ['/usr/bin/python3', '-c', floodProgram, ...argv]);
    let sent = '';
    sender.stdout!.on('data', (text: Buffer) => (sent += text.toString()));
    const gone = new Promise((resolve) => sender.on('close', resolve));
    const run = agents.startRun({ kinds, calls: 4 * (flood.seconds - 1), ratePerSecond: 4, talkSeconds: 1 });
    await until(async () => (await bed.calls()).length >= 3);
    const callsUpBefore = (await bed.calls()).length;
    const during = await run.finished;
    await gone;
    const p50 = ({ summary }: typeof before) => `${summary.setupMs!.p50.toFixed(1)} ms`;
    const told = toldOf([during], callsUpBefore, (await bed.calls()).length, await bed.left());
    print(
      `${sent.trim()} junk packets in ${flood.seconds} s, ${during.summary.answered} of ${during.summary.calls} calls; set-up p50 ${p50(before)} before, ${p50(during)} during`,
      told,
    );
    expect(Number(sent)).toBeGreaterThanOrEqual(0.9 * flood.rate * flood.seconds);
    expect(before.summary.failures).toEqual([]);
    expect(told).toMatchObject({ failures: [] });
    expect(told.left).toEqual({});
    expect(during.summary.answered).toBe(during.summary.calls);
    const banned = await Promise.all(
      bed.front.edges.map(({ name }) =>
        execOnFront(bed.state, name, ['nft', 'list', 'set', 'ip', 'cellstamp_flood_guard', 'banned']),
      ),
    );
    expect(banned.filter(({ stdout }) => stdout.includes(source))).toHaveLength(1);
  });

  /** Sends texts from many addresses, so that no source is a flood. */
  const send = async (texts: readonly string[], perSecond: number) => {
    const script = new URL('raw-sockets.ts', import.meta.url).pathname;
    const { pid } = bed.state.namespaces['callers']!.init;
    const prefix = ['--target', String(pid), '--net', '--', process.execPath, '--import', 'tsx', script];
    const child = spawn('nsenter', prefix, { stdio: ['pipe', 'pipe', 'inherit'] });
    const sources = Array.from({ length: 40 }, (_, index) => `${callerAddress(1 + (index % 2), 100 + index)}:5060`);
    const write = (line: object) => child.stdin.write(`${JSON.stringify(line)}\n`);
    let opened = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"opened"')) opened++;
    });
    for (const open of sources) write({ open });
    await until(() => opened === sources.length);
    for (const [index, text] of texts.entries()) {
      write({ from: sources[index % sources.length], to: `${serviceAddress}:5060`, text });
      if (index % (perSecond / 20) === 0) await sleep(50);
    }
    child.stdin.end();
    await new Promise((resolve) => child.on('close', resolve));
  };
  /** Memory that every edge's Kamailio uses, bytes. */
  const memory = async () => {
    const used = await Promise.all(
      bed.front.edges.map(async ({ name }) => /real_used: (\d+)/.exec(await bed.kamcmd(name, 'core.shmmem'))?.[1]),
    );
    return used.map(Number);
  };
  const ends = { from: '198.19.101.200:5060', to: serviceAddress, target: `sip:bob@${domain}` };

  it.each([
    ['messages that are hard to read', () => Object.values(tortureMessages(ends)), 200],
    [`${mutated} mutated messages`, () => [...mutatedMessages(ends, mutated, 4475)], 2500],
  ] as const)('%s neither stop an edge nor get through it', async (_, messages, perSecond) => {
    await bed.left();
    const before = await memory();
    const rejected = await bed.metric('edge_rejected');
    const texts = messages();
    await send(texts, perSecond);
    const left = await bed.left(20);
    const { summary } = await place(6);
    expect(summary.failures).toEqual([]);
    expect(left).toEqual({});
    expect(got).toEqual([]);
    expect(await sentElsewhere()).toBe(0);
    for (const { name } of bed.front.edges) {
      expect(readService(bed.front.name, name, 'kamailio')).toMatchObject({ state: 'ready', starts: 1 });
    }
    const refused = (await bed.metric('edge_rejected')) - rejected;
    expect(refused).toBeGreaterThan(10);
    // Finished transactions go after 5 s; what a process keeps for its counters stays.
    const grown = async () => (await memory()).map((bytes, index) => bytes - before[index]!);
    await until(async () => (await grown()).every((bytes) => bytes < 2 ** 16), 20);
    console.log(
      `${texts.length} messages: ${refused} counted as refused, ${got.length} relayed; shared memory of the edges grew by ${(await grown()).join(', ')} bytes`,
    );
  });
});
