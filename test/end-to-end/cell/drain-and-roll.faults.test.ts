/** Hosts of a running cell are drained, and recreated one after the other, while calls are up and others come. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import type { CellStatus, HostStatus } from '../../../lib/targets/local/index.ts';
import { endedIn, metricsPage } from '../../../lib/targets/local/renewal-port.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { leaveScriptPath } from '../../../lib/software/keepalived/index.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { acme, acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, until } from '../lab/lab.ts';
import { RawPhones, type RawRequest } from '../lab/raw-phones.ts';
import { relaysOf } from '../lab/relays.ts';
import { SteadyCalls } from '../lab/steady-calls.ts';

const name = 'lab-roll';
const input: CellInput = {
  ...acmeCell(name, '10.98.16.0/20'),
  // Its calls would be counted with the others.
  probe: { intervalSeconds: 'off' },
  // More than are up and come, also where each takes long to begin and to end.
  tenants: [{ ...acme, limits: { calls: 200, callsPerSecond: 100, burst: 100 } }],
};
const changed: CellInput = {
  ...input,
  media: { ...input.media, relay: { calls: 321 } },
  sbc: { flood: { banSeconds: 77 } },
};

const stranger = '203.0.113.50:5060';

const talkAndChange: CallSteps = [
  { step: 'ring', seconds: 0 },
  { step: 'answer' },
  { step: 'talk', seconds: 1 },
  { step: 'pause', name: 'changed' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'caller', change: 'hold' },
  { step: 'reinvite', by: 'caller', change: 'resume' },
  { step: 'talk', seconds: 0.5 },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'bye', by: 'callee' },
];

describeWith(['root', 'debian-packages'], 'hosts of a running cell', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: CallScenario[];
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-roll-'));
    mkdirSync(join(folder, 'cells'));
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)]);
    kinds = [withinTenant, toCarrier, fromCarrier(lab.floating)];
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await lab?.down();
  });

  const asks = async <T>(...words: readonly string[]): Promise<T> => {
    const { status, stdout, stderr } = await cellstamp(...words, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as T;
  };
  /** What `status` says of a host. Its exit status is of no interest: on a busy machine a service may take longer to answer. */
  const shows = async (host: string, wanted: object) => {
    let found: HostStatus | undefined;
    await until(async () => {
      const [cell] = JSON.parse((await cellstamp('status', name, '--json')).stdout) as readonly CellStatus[];
      found = cell!.hosts.find((each) => each.name === host)!;
      return found.work !== undefined;
    }, 30);
    expect(found).toMatchObject(wanted);
  };
  const roll = (cell: CellInput, ...options: readonly string[]) => {
    writeFileSync(join(folder, 'cells', `${name}.yaml`), JSON.stringify(cell));
    return asks<{ readonly ready: readonly string[] }>('roll', name, '--cells', join(folder, 'cells'), ...options);
  };
  const pids = () => Object.entries(requireState(name).namespaces).map(([host, { init }]) => `${host} ${init.pid}`);

  async function callsAt(calls: number): Promise<StartedRun> {
    let paused = 0;
    const run = agents.startRun(
      {
        kinds: kinds.map((kind): CallScenario => ({ ...kind, steps: talkAndChange })),
        calls,
        ratePerSecond: 20,
        maximumLoss: 0.2,
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 30);
    return run;
  }
  const gaps = (results: readonly CallResult[]) =>
    results
      .flatMap(({ toCaller, toCallee }) => [toCaller!.longestGapMs, toCallee!.longestGapMs])
      .sort((a, b) => a - b)
      .map(Math.round);

  it('give up their calls without losing one, and take them back', async () => {
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'follows', 30);
    const run = await callsAt(6);
    const began = Date.now();
    const drained = { cell: name, host: 'media-1', dead: false, takenOverBy: 'media-2', ended: [] };
    expect(await asks('drain', 'media-1', '--cell', name)).toEqual({ ...drained, moved: 3 });
    console.log(`media-1 was drained of 3 calls in ${Date.now() - began} ms`);
    await shows('media-1', { work: { calls: 0, drained: true, relayAt: 'media-2' } });
    await shows('media-2', { work: { calls: 6, drained: false } });
    await shows(lab.active!, { active: true, work: { calls: 6, drained: false } });
    expect(await asks('drain', 'media-1', '--cell', name)).toEqual({ ...drained, moved: 0 });
    // Else the calls of media-2 would have nowhere to go.
    const refused = await cellstamp('drain', 'media-2', '--cell', name);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^cellstamp: media-2 has the relay of media-1, with its calls: `npx cellstamp undrain media-1`/,
    );

    const { results: others } = await agents.run({ kinds, calls: 3, talkSeconds: 0.5 });
    expect(failuresOf(others)).toEqual([]);
    expect(new Set(others.flatMap((call) => lab.mediaHostsOf(call)))).toEqual(new Set(['media-2']));
    await asks('undrain', 'media-1', '--cell', name);
    await shows('media-1', { work: { calls: 3, drained: false } });

    const first = lab.active!;
    const other = lab.cell.sbcs.find((sbc) => sbc.name !== first)!.name;
    expect(await asks('drain', first, '--cell', name)).toEqual({
      ...{ cell: name, host: first, dead: false, takenOverBy: other, moved: 0, ended: [] },
    });
    expect(lab.active).toBe(other);
    await shows(first, { active: false, work: { calls: 0, drained: true } });
    expect((await cellstamp('drain', other, '--cell', name)).stderr).toBe(
      `cellstamp: ${first} is drained, so ${other} is the only SBC that takes calls: \`npx cellstamp undrain ${first}\` first\n`,
    );
    await asks('undrain', first, '--cell', name);
    expect(lab.active).toBe(other);
    run.resume('changed');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log('longest gaps over two hand-overs, ms:', gaps(results).join(' '));
    expect(gaps(results).at(-1)).toBeLessThan(3000);
  });

  it('hand the floating addresses over without losing a call that comes in that moment', async () => {
    const steady = SteadyCalls.start(agents, kinds, { ratePerSecond: 30, talkSeconds: 0.3 });
    for (let drains = 0; drains < 2; drains++) {
      const active = lab.active!;
      await asks('drain', active, '--cell', name);
      await asks('undrain', active, '--cell', name);
    }
    const came = await steady.stop();
    const slowest = Math.max(...came.map(({ setupMs }) => setupMs ?? 0));
    console.log(`${came.length} calls came meanwhile; the slowest was set up in ${Math.round(slowest)} ms`);
    expect(failuresOf(came)).toEqual([]);
  });

  it('take no new call in the moments before that, and go on if they keep the addresses after all', async () => {
    const phones = await RawPhones.open(lab, [stranger]);
    const request = (method: 'INVITE' | 'OPTIONS'): RawRequest => {
      const user = 'sip:anna@acme.example.com';
      return { from: stranger, method, user, uri: 'sip:bert@acme.example.com', callId: phones.newCallId() };
    };
    const active = lab.active!;
    const before = await lab.metric('dropped_total', 'handing_over', active);
    await lab.run(active, leaveScriptPath);
    const dropped = request('INVITE');
    phones.send(dropped);
    expect(await phones.ask(request('OPTIONS'))).toMatch(/^SIP\/2.0 200 /);
    expect(await phones.ask(request('INVITE'), 'tcp')).toMatch(/^SIP\/2.0 503 [^]*\r\nRetry-After: 1\r\n/);
    expect(phones.answersTo(dropped)).toEqual([]);
    expect(await lab.metric('dropped_total', 'handing_over', active)).toBe(before + 1);
    await until(async () => {
      phones.send(dropped);
      await setTimeout(200);
      return phones.answersTo(dropped).length > 0;
    });
    expect(phones.answersTo(dropped)[0]!.text).toMatch(/^SIP\/2.0 407 /);
    expect(lab.active).toBe(active);
    await phones.close();
  });

  it('are recreated one after the other where they differ from the file: no call is lost, new ones are set up', async () => {
    expect((await roll(input)).ready).toEqual([]);
    const run = await callsAt(20);
    const steady = SteadyCalls.start(agents, kinds, { ratePerSecond: 4, talkSeconds: 6 });
    const active = lab.active!;
    const standby = lab.cell.sbcs.find((sbc) => sbc.name !== active)!.name;
    const began = Date.now();
    expect((await roll(changed)).ready).toEqual(['media-1', 'media-2', standby, active]);
    console.log(`2 media hosts and 2 SBCs were rolled in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(lab.active).toBe(standby);
    const before = pids();
    expect((await roll(changed)).ready).toEqual([]);
    expect(pids()).toEqual(before);

    const came = await steady.stop();
    run.resume('changed');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log(`longest gaps of ${results.length} calls, ms:`, gaps(results).join(' '));
    expect(gaps(results).at(-1)).toBeLessThan(5000);
    const slowest = Math.max(...came.map(({ setupMs }) => setupMs ?? 0));
    console.log(`${came.length} calls came meanwhile; the slowest was set up in ${Math.round(slowest)} ms`);
    expect(failuresOf(came)).toEqual([]);
    // What stops a roll is counted.
    const now = lab.cell.sbcs.find((sbc) => sbc.name === lab.active)!;
    expect(endedIn(await metricsPage(name, now), 'hung_up')).toBeGreaterThan(0);
    await until(async () => Object.keys(await lab.load()).length === 0, 20);
    for (const { name: host } of lab.cell.media) await until(async () => (await lab.relayed(host)) === 0, 20);
  });
});
