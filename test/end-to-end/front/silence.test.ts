/** A minute of silence: of phones, one behind a router that masquerades, of a stranger's connection, and of the tenant directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import {
  callerAddress,
  execOnFront,
  home,
  serviceAddress,
  spawnAtCallers,
} from '../../../lib/targets/local/front/index.ts';
import { firstOutput } from '../../first-output.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { exec } from '../../../lib/targets/local/index.ts';
import type { CallSteps } from '../../../lib/user-agent/scenario.ts';
import { describeWith } from '../../requirements.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';
import { until } from '../lab/lab.ts';

/** Seconds. The router forgets a flow after 30 s; registrations and tables of an edge must outlast any of this. */
const silence = 60;

/** Opens a connection, sends no valid request, and prints for how many seconds it stayed open: ADDRESS TO. */
const strangerProgram = `
import socket, sys, time
source, to = sys.argv[1:]
connection = socket.create_connection((to, 5060), 5, (source, 0))
connection.sendall(b"OPTIONS sip:%b SIP/2.0\\r\\nVia: SIP/2.0/TCP %b;branch=z9hG4bKs\\r\\nMax-Forwards: 70\\r\\nFrom: <sip:s@%b>;tag=s\\r\\n"
    b"To: <sip:%b>\\r\\nCall-ID: silent\\r\\nCSeq: 1 OPTIONS\\r\\nContent-Length: 0\\r\\n\\r\\n" % ((to.encode(), source.encode()) + (to.encode(),) * 2))
connection.settimeout(100)
begin = time.monotonic()
try:
    while connection.recv(4096):
        pass
except ConnectionError:
    pass
print(time.monotonic() - begin)
`;

describeWith(['root', 'debian-packages'], 'a minute of silence', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let silentSince: number;
  let strangersConnection: Promise<number>;
  beforeAll(async () => {
    bed = await FrontBed.up('lab-silence', 90, ['alice', 'bob', 'phone', 'desk']);
    agents = await bed.agents([
      bed.user('alice', callerAddress(1, 1)),
      bed.user('bob', callerAddress(2, 1)),
      bed.user('phone', home.phone),
      bed.user('desk', callerAddress(1, 2), 'tcp'),
      bed.carrier(),
    ]);
    // Where no route changes: with its route a connection ends, too.
    const argv = ['/usr/bin/python3', '-c', strangerProgram, callerAddress(2, 3), serviceAddress];
    const stranger = spawnAtCallers(bed.state, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    strangersConnection = firstOutput(stranger).then(Number);
  });
  afterAll(() => bed?.down());

  const toPhone = { name: 'to the phone', caller: 'bob', callee: 'phone', dial: `sip:phone@${domain}` };
  /** Over its connection. */
  const toDesk = { ...toPhone, name: 'to the desk', callee: 'desk', dial: `sip:desk@${domain}` };
  const kinds = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-in', caller: 'carrier', callee: 'bob', dial: `sip:${carrier.calls}@${serviceAddress}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
  ];

  /** Two calls to the phone, in which something happens, and what they must have come to. */
  const callPhone = async (title: string, event: () => Promise<unknown>) => {
    const talk = { step: 'talk', seconds: 0.5 } as const;
    const pause = { step: 'pause', name: 'event' } as const;
    const steps = [{ step: 'answer' } as const, talk, pause, talk, { step: 'bye', by: 'caller' } as const];
    const told = await bed.through(
      agents,
      [
        { ...toPhone, steps },
        { ...toPhone, steps },
      ],
      event,
    );
    print(`phone behind NAT, ${title}`, told);
    expect(told).toMatchObject({ callsUpBefore: 2, callsUpAfter: 2, packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
  };
  const nothing = () => Promise.resolve();

  it('a phone behind a masquerading router is called, also during and after a flap', async () => {
    await callPhone('a flap in its calls', () => bed.reroute(1));
    await callPhone('after the flap', nothing);
    silentSince = Date.now();
  });

  it('the directory is away for a minute: calls and registrations go on, and what changed is there within 2 s', async () => {
    // Whoever asks it hears nothing at all, which takes longest to notice.
    const away = 'add table ip away; add chain ip away in { type filter hook input priority 0; }; add rule ip away in';
    const run = agents.startRun({ kinds, calls: silence - 5, ratePerSecond: 1, talkSeconds: 3 });
    await until(async () => (await bed.calls()).length > 1);
    const callsUpBefore = (await bed.calls()).length;
    await execOnFront(bed.state, 'directory', ['nft', `${away} iifname != "lo" drop`]);
    const awaySince = Date.now();
    await until(() => bed.front.edges.every(({ name }) => bed.agentOf(name).directory === 'unreachable'), 20);
    await bed.directory.put([bed.tenant('meanwhile')]);
    expect(await agents.register('alice')).toBe(200);
    const callsUpAfter = (await bed.calls()).length;
    const running = await run.finished;
    await sleep(Math.max(0, awaySince + silence * 1000 - Date.now()));
    expect(await agents.register('bob')).toBe(200);
    expect(bed.front.edges.filter(({ name }) => !bed.isHealthy(name))).toEqual([]);
    expect(await bed.edgesKnow('route', 'd:meanwhile.example.com', undefined)).toBe(true);
    await execOnFront(bed.state, 'directory', ['nft', 'delete table ip away']);
    const backSince = Date.now();
    await until(() => bed.edgesKnow('route', 'd:meanwhile.example.com', 'meanwhile'), 2);
    const knownAfter = Date.now() - backSince;
    const told = toldOf([running], callsUpBefore, callsUpAfter, await bed.left());
    print(
      `directory away for ${silence} s: ${running.summary.answered} of ${running.summary.calls} calls; a change known ${knownAfter} ms after its return`,
      told,
    );
    expect(running.summary).toMatchObject({ calls: silence - 5, answered: silence - 5, failures: [] });
    expect(told).toMatchObject({ packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
    expect(Math.min(callsUpBefore, callsUpAfter)).toBeGreaterThan(0);
    await bed.directory.remove([{ kind: 'tenant', name: 'meanwhile' }]);
  });

  it('phones are called again after a minute in which they said nothing by themselves', async () => {
    await sleep(Math.max(0, silentSince + silence * 1000 - Date.now()));
    await callPhone(`after ${silence} s of silence`, nothing);
    const { summary } = await agents.run({ kinds: [toDesk], calls: 2, talkSeconds: 0.5 });
    expect(summary).toMatchObject({ answered: 2, failures: [] });
    expect(await bed.left()).toEqual({});
  });

  it('a phone behind a masquerading router hears of a new offer that has waited for its relay', async () => {
    const talk = { step: 'talk', seconds: 0.5 } as const;
    const steps: CallSteps = [
      { step: 'answer' },
      talk,
      { step: 'pause', name: 'event' },
      { step: 'reinvite', by: 'caller', change: 'port' },
      talk,
      { step: 'reinvite', by: 'callee', change: 'port' },
      talk,
      { step: 'bye', by: 'caller' },
    ];
    const cell = bed.cells[0]!.name;
    const onRelay = (...argv: string[]) => exec(cell, 'media-1', argv);
    const deaf = `table inet deaf { chain input { type filter hook input priority -10; udp dport ${internalPorts.rtpengineControl} drop; }; }`;
    let heard: Promise<unknown> | undefined;
    const told = await bed.through(agents, [{ ...toPhone, steps }], async () => {
      await onRelay('nft', deaf);
      // Longer than the SBC asks at first, shorter than it asks again and again.
      heard = sleep(1500).then(() => onRelay('nft', 'delete table inet deaf'));
    });
    await heard;
    // A packet may be on its way to a port that is given up.
    expect(told.failures).toEqual([]);
    expect(told.left).toEqual({});
  });

  it('a connection over which no cell has taken a request is closed after half of that', async () => {
    const lasted = await strangersConnection;
    expect(lasted).toBeGreaterThan(25);
    expect(lasted).toBeLessThan(45);
  });
});
