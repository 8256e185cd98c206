/** A cell of four media hosts is rolled with 200 calls up and 10 coming each second, and a roll that is killed is taken up again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { drain, undrain } from '../../../lib/operations/drain.ts';
import { localCell } from '../../../lib/targets/local/cell-port.ts';
import { killHost, roll, up } from '../../../lib/targets/local/index.ts';
import { checkedStatus } from '../../../lib/targets/local/status.ts';
import { readService } from '../../../lib/targets/local/service-notes.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { anna, bert, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, type LabUser, until } from '../lab/lab.ts';
import { relaysAreHome } from '../lab/relays.ts';
import { SteadyCalls } from '../lab/steady-calls.ts';

const input = {
  name: 'lab-roll-long',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.98.32.0/20',
  media: { hosts: 4, kernelForwarding: 'preferred' },
  // Most of the calls send nothing.
  calls: { silentSeconds: 600 },
  tenants: [{ name: 'acme', domain: 'acme.example.com', limits: { callsPerSecond: 100, burst: 100, calls: 1000 } }],
} satisfies CellInput;
const cora: LabUser = { name: 'cora', tenant: 'acme', address: '198.51.100.13' };
const dora: LabUser = { name: 'dora', tenant: 'acme', address: '198.51.100.14' };
const arriving: CallScenario = { name: 'arriving', caller: 'cora', callee: 'dora', dial: 'sip:dora@acme.example.com' };

const held: CallSteps = [
  { step: 'ring', seconds: 0 },
  { step: 'answer' },
  { step: 'talk', seconds: 1 },
  { step: 'pause', name: 'rolled' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'bye', by: 'caller' },
];

describeWith(['root', 'debian-packages'], 'a cell of four media hosts', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, cora, dora]);
    agents = await lab.agents([anna, bert, cora, dora].map((user) => lab.user(user)));
  });
  afterAll(() => lab?.down());

  /** Calls that all wait at the pause. */
  async function callsAt(calls: number, audio = true): Promise<StartedRun> {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [{ ...withinTenant, steps: held }], calls, ratePerSecond: 20, audio, maximumLoss: 0.2 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 60);
    return run;
  }

  it('is rolled with 200 calls up and 10 coming each second: no call is lost, none is refused', async () => {
    await until(() => relaysAreHome(lab), 60);
    // The machine that makes the audio is the one that relays it: a part of the calls has some.
    const silent = await callsAt(160, false);
    const run = await callsAt(40);
    const steady = SteadyCalls.start(agents, [arriving], { ratePerSecond: 10, talkSeconds: 1 });
    const began = Date.now();
    const changed = labCell({
      ...input,
      media: { ...input.media, relay: { calls: 321 } },
      sbc: { flood: { banSeconds: 77 } },
    });
    expect(await roll(changed)).toHaveLength(6);
    console.log(`4 media hosts and 2 SBCs were rolled in ${Math.round((Date.now() - began) / 1000)} s`);
    const came = await steady.stop();
    run.resume('rolled');
    const { results } = await run.finished;
    // After them: 200 changed descriptions at once are more than the phones here can do.
    silent.resume('rolled');
    const { results: without } = await silent.finished;
    expect([failuresOf(results), failuresOf(without)]).toEqual([[], []]);
    const gaps = results
      .flatMap(({ toCaller, toCallee }) => [toCaller!.longestGapMs, toCallee!.longestGapMs])
      .sort((a, b) => a - b);
    console.log(`longest gaps of 40 calls, ms: median ${Math.round(gaps[40]!)}, longest ${Math.round(gaps.at(-1)!)}`);
    const slowest = Math.max(...came.map(({ setupMs }) => setupMs ?? Infinity));
    console.log(`${came.length} calls came meanwhile; the slowest was set up in ${Math.round(slowest)} ms`);
    // A second of talk is less than a busy machine may need to start a host: audio is judged on the calls that are held.
    expect(failuresOf(came).filter((failure) => !failure.includes('does not hear what it should'))).toEqual([]);
    await until(async () => Object.keys(await lab.load()).length === 0, 30);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0, 30);
  });

  it('is what its file says after a roll that was broken off, once it is rolled again', async () => {
    const run = await callsAt(40);
    const spec = labCell({ ...input, media: { ...input.media, relay: { calls: 322 } } });
    const controller = new AbortController();
    const broken = roll(spec, {
      signal: controller.signal,
      onWaiting: () => controller.abort(new Error('broken off')),
    });
    await expect(broken).rejects.toThrow('broken off');
    expect((await roll(spec)).length).toBeGreaterThan(2);
    expect(await roll(spec)).toEqual([]);
    expect((await up(spec)).hosts.filter(({ work }) => work?.drained)).toEqual([]);
    run.resume('rolled');
    expect(failuresOf((await run.finished).results)).toEqual([]);
  });
});

describeWith(['root', 'debian-packages'], 'a cell with one media host', () => {
  const alone = { ...input, name: 'lab-drain-alone', network: '10.98.64.0/20', media: { ...input.media, hosts: 1 } };
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(alone);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([anna, bert].map((user) => lab.user(user)));
  });
  afterAll(() => lab?.down());

  it('keeps an SBC drained that dies and is recreated, until it is undrained', async () => {
    const standby = lab.cell.sbcs.find((sbc) => sbc.name !== lab.active)!.name;
    const port = localCell(alone.name);
    const isDrained = async () => (await up(labCell(alone))).hosts.find((host) => host.name === standby)!.work?.drained;
    await drain(port, standby, { deadlineSeconds: 0 });
    killHost(alone.name, standby);
    expect(await isDrained()).toBe(true);
    expect(readService(alone.name, standby, 'keepalived').state).toBe('held');
    await undrain(port, standby);
    expect(await isDrained()).toBe(false);
  });

  it('recreates an SBC without its work that was drained when it was dead already', async () => {
    const active = lab.active!;
    const standby = lab.cell.sbcs.find((sbc) => sbc.name !== active)!.name;
    const port = localCell(alone.name);
    killHost(alone.name, standby);
    await until(() => !lab.isUp(standby));
    expect(await drain(port, standby, { deadlineSeconds: 0 })).toMatchObject({ dead: true, takenOverBy: active });
    const shown = (await checkedStatus(alone.name)).hosts.find(({ name }) => name === standby);
    expect(shown).toMatchObject({ state: 'dead', work: { drained: true } });
    await expect(undrain(port, standby)).rejects.toThrow(`${standby} of cell ${alone.name} is dead`);
    expect(await roll(labCell(alone))).toEqual([standby]);
    expect(readService(alone.name, standby, 'keepalived').state).toBe('held');
    await undrain(port, standby);
    expect(readService(alone.name, standby, 'keepalived').state).toBe('ready');
    // And one that nobody has drained comes back with it.
    killHost(alone.name, standby);
    await until(() => !lab.isUp(standby));
    expect(await roll(labCell(alone))).toEqual([standby]);
    expect(readService(alone.name, standby, 'keepalived').state).toBe('ready');
  });

  it('drains that host once its calls have ended: it waits, says for which, ends them at the deadline, and takes new ones after it', async () => {
    const short: CallSteps = [{ step: 'answer' }, { step: 'talk', seconds: 3 }, { step: 'bye', by: 'caller' }];
    const long: CallSteps = [{ step: 'answer' }, { step: 'talk', seconds: 120 }, { step: 'bye', by: 'caller' }];
    const kinds = [short, long].map((steps): CallScenario => ({ ...withinTenant, steps }));
    const run = agents.startRun({ kinds, calls: 4, ratePerSecond: 20 });
    await until(async () => (await lab.load())['m:1'] === 4, 20);
    const told: string[] = [];
    const draining = drain(localCell(alone.name), 'media-1', {
      deadlineSeconds: 10,
      onProgress: (text) => told.push(text),
    });
    await until(() => told.length > 1);
    // Others need not wait to learn who has the cell.
    await expect(undrain(localCell(alone.name), 'media-1')).rejects.toThrow(
      `another command works on cell ${alone.name}: drain, process ${process.pid}`,
    );
    const drained = await draining;
    expect(drained).toMatchObject({ host: 'media-1', takenOverBy: null, moved: 0 });
    const { results } = await run.finished;
    const ended = results.filter(({ failures }) => failures.length > 0);
    expect(ended).toHaveLength(2);
    expect(drained.ended.map(({ call }) => call).sort()).toEqual(ended.map(({ callId }) => callId).sort());
    for (const { callId } of ended) expect(told.some((text) => text.includes(callId))).toBe(true);
    const records = await lab.recordsOf(ended);
    for (const { callId } of ended)
      expect(records.get(callId)!.at(-1)).toMatchObject({ event: 'end', reason: 'operator' });
    const place = () => agents.run({ kinds: [withinTenant], calls: 1, talkSeconds: 0.5 });
    expect((await place()).results[0]!.status).toBe(503);
    await undrain(localCell(alone.name), 'media-1');
    await until(async () => /value: 1:/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')));
    expect(failuresOf((await place()).results)).toEqual([]);
  });
});
