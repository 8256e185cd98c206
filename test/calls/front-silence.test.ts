/** A minute in which two are silent: a phone behind a router that masquerades, and the tenant directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../lib/calls/agents-process.ts';
import { callerAddress, execOnFront, home, serviceAddress } from '../../lib/local/front/index.ts';
import { describeWith } from '../requirements.ts';
import { carrier, domain, FrontBed } from './front-bed.ts';
import { print, toldOf } from './front-told.ts';
import { until } from './lab.ts';

/** Seconds. The router forgets a flow after 30 s; registrations and tables of an edge must outlast any of this. */
const silence = 60;

describeWith(['root', 'debian-packages'], 'a minute of silence', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let silentSince: number;
  beforeAll(async () => {
    bed = await FrontBed.up('lab-silence', 90, ['alice', 'bob', 'phone']);
    agents = await bed.agents([
      bed.user('alice', callerAddress(1, 1)),
      bed.user('bob', callerAddress(2, 1)),
      bed.user('phone', home.phone),
      bed.carrier(),
    ]);
  });
  afterAll(() => bed?.down());

  const toPhone = { name: 'to the phone', caller: 'bob', callee: 'phone', dial: `sip:phone@${domain}` };
  const kinds = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-in', caller: 'carrier', callee: 'bob', dial: `sip:${carrier.calls}@${serviceAddress}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
  ];

  it('a phone behind a masquerading router is called, also after a flap', async () => {
    const run = { kinds: [toPhone], calls: 2, talkSeconds: 0.5 };
    expect((await agents.run(run)).summary).toMatchObject({ answered: 2, failures: [] });
    await bed.flap(1);
    expect((await agents.run(run)).summary).toMatchObject({ answered: 2, failures: [] });
    silentSince = Date.now();
    expect(await bed.left()).toEqual({});
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
    expect(told.left).toEqual({});
    await bed.directory.remove([{ kind: 'tenant', name: 'meanwhile' }]);
  });

  it('the phone is called again after a minute in which it said nothing by itself', async () => {
    await sleep(Math.max(0, silentSince + silence * 1000 - Date.now()));
    const { summary } = await agents.run({ kinds: [toPhone], calls: 2, talkSeconds: 0.5 });
    expect(summary).toMatchObject({ answered: 2, failures: [] });
    expect(await bed.left()).toEqual({});
  });
});
