/** A real Prometheus on a cell that takes calls, and the planner that asks it. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { Signals } from '../../../lib/planner/plan/input.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { drainScript } from '../../../lib/software/kamailio/sbc/drain-script.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { spawnCellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, Lab, until } from '../lab/lab.ts';

const name = 'lab-metrics';
const spec = `name: ${name}
region: eu-west-1
size: test
network: 10.83.0.0/20
media: { hosts: 2, kernelForwarding: preferred }
tenants:
  - { name: acme, domain: acme.example.com, limits: { calls: 50, callsPerSecond: 100, burst: 100 } }
`;
const STEP_MS = 5 * 60_000;
const planning = `kinds:
  - { region: eu-west-1, prefix: lab-, size: test }
history:
  prometheus: { url: http://127.0.0.1:9090 }
  stepMinutes: 5
  weeks: 1
`;

describeWith(['root', 'debian-packages', 'prometheus'], 'a Prometheus on a cell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-metrics-'));
  let lab: Lab;
  let agents: AgentsProcess;
  let server: ChildProcess;
  /** A moment at which calls were up. */
  let busyAt: number;

  beforeAll(async () => {
    mkdirSync(join(folder, 'cells'));
    writeFileSync(join(folder, 'cells', `${name}.yaml`), spec);
    writeFileSync(join(folder, 'planning.yaml'), planning);
    lab = await Lab.up(parse(spec) as CellInput);
    const users = ['anna', 'bert'].map((user, index) => ({
      name: user,
      tenant: 'acme',
      address: `198.51.100.${11 + index}`,
    }));
    await lab.addUsers(users);
    agents = await lab.agents(users.map((user) => lab.user(user)));
    server = await startPrometheus();
  });
  afterAll(async () => {
    if (server?.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await lab?.down();
    rmSync(folder, { recursive: true, force: true });
  });

  /** On the standby SBC, which may reach the hosts' metrics. */
  const sbc = () => requireState(name).namespaces['sbc-2']!.init;

  async function startPrometheus(): Promise<ChildProcess> {
    const { stdout } = spawnCellstamp(folder, 'prometheus-config', name);
    writeFileSync(
      join(folder, 'prometheus.yml'),
      // A test has no minutes to wait.
      stdout.replace('scrape_interval: 15s', 'scrape_interval: 1s'),
    );
    writeFileSync(join(folder, 'rules.yml'), spawnCellstamp(folder, 'prometheus-config', name, '--rules').stdout);
    const storage = [`--storage.tsdb.path=${join(folder, 'data')}`, '--web.listen-address=127.0.0.1:9090'];
    const config = `--config.file=${join(folder, 'prometheus.yml')}`;
    const child = spawnInNetwork(sbc(), ['prometheus', config, ...storage, '--log.level=warn'], { stdio: 'ignore' });
    await until(async () => (await query('up == 1')).length === lab.cell.sbcs.length + lab.cell.media.length, 20);
    return child;
  }

  /** What Prometheus answers, each series with its last value. */
  async function query(
    promql: string,
  ): Promise<readonly { readonly metric: Record<string, string>; readonly value: number }[]> {
    const url = `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(promql)}`;
    const { stdout } = inNetwork('curl', '--silent', '--fail', url);
    // It is not there yet, or says 503 while it reads its files.
    if (stdout === '') return [];
    const { data } = JSON.parse(stdout) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  const inNetwork = (...argv: readonly string[]) =>
    spawnSync('nsenter', ['--target', String(sbc().pid), '--net', '--', ...argv], { encoding: 'utf8' });

  const call: CallScenario = {
    name: 'call',
    caller: 'anna',
    callee: 'bert',
    dial: 'sip:bert@acme.example.com',
    steps: [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'pause', name: 'up' },
      { step: 'bye', by: 'caller' },
    ],
  };

  /** What the planner reads of the cell now. */
  function signals(): Signals {
    const program = `
      import { readPlanInput } from './lib/planner-files/plan-input.ts';
      const read = await readPlanInput({ cells: '${folder}/cells', planning: '${folder}/planning.yaml', now: Date.now() });
      console.log(JSON.stringify(read.input.cells[0].signals));`;
    const { stdout, stderr } = inNetwork(process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Signals;
  }

  const busy: CallScenario = {
    ...{ name: 'busy', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com', expectStatus: 486 },
    steps: [{ step: 'reject', status: 486 }],
  };

  it('knows every host by its name, and the calls that are up; the planner reads them from it', async () => {
    const hosts = (await query('up')).map(
      ({ metric, value }) => `${metric['job']} ${metric['cell']}/${metric['host']} ${value}`,
    );
    expect(hosts.sort()).toEqual([
      ...lab.cell.media.map((host) => `rtpengine ${name}/${host.name} 1`),
      ...lab.cell.sbcs.map((host) => `sbc ${name}/${host.name} 1`),
    ]);
    // Over more than two scrapes: Kamailio shows a histogram from its first value on, and a rate needs one to begin from.
    const run = agents.startRun({ kinds: [call, call, call, call, busy], calls: 10, ratePerSecond: 4 });
    await until(async () => (await query('sum by (cell) (rtpengine_sessions{type="own"})'))[0]?.value === 8, 20);
    expect(await query('max by (cell) (cellstamp_sbc_calls)')).toEqual([{ metric: { cell: name }, value: 8 }]);
    busyAt = Date.now();
    const { relayedCalls, callsByRecords } = signals();
    expect(relayedCalls).toBeGreaterThan(0);
    expect(relayedCalls).toBeLessThanOrEqual(8);
    expect(callsByRecords).toBeGreaterThan(0);
    expect(callsByRecords).toBeLessThanOrEqual(8);
    // Reports come once a second, and it takes some of both sides until the relay knows how good a call is.
    await sleep(Math.max(0, busyAt + 5000 - Date.now()));
    run.resume('up');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
  });

  it('raises no alert while all is well, and one when the active SBC is not known', async () => {
    const { groups } = parse(readFileSync(join(folder, 'rules.yml'), 'utf8')) as {
      readonly groups: readonly [{ readonly rules: readonly { readonly alert: string; readonly expr: string }[] }];
    };
    const [{ rules }] = groups;
    // Without its kernel module the relay does all by itself, and says so.
    const raised = async () => {
      const asked = rules.filter(({ alert }) => alert !== 'CellstampUserspace');
      const said = await Promise.all(asked.map(async ({ alert, expr }) => [alert, await query(expr)] as const));
      return said.filter(([, value]) => value.length > 0).map(([alert]) => alert);
    };
    expect((await query('cellstamp_sbc_active')).map(({ value }) => value).sort()).toEqual([0, 1]);
    expect(await raised()).toEqual([]);
    const { expr } = rules.find(({ alert }) => alert === 'CellstampActiveSbc')!;
    expect(await query(expr.replaceAll('cellstamp_sbc_active', 'cellstamp_sbc_nobody'))).toHaveLength(1);
  });

  it('tells the planner how good the calls were that are over, and how many were answered', async () => {
    await until(async () => (await query('sum(rtpengine_mos_samples_total)'))[0]!.value > 0);
    // The relay and the SBC tell it, each when it is scraped next.
    await until(() => signals().mos !== undefined && signals().loss !== undefined);
    const { measuredAt, setups, mos, answerSeizureRatio, ...rest } = signals();
    expect(Date.now() - measuredAt!).toBeLessThan(60_000);
    expect(setups).toBeGreaterThan(0);
    expect(mos).toBeGreaterThan(3.6);
    expect(answerSeizureRatio).toBeCloseTo(0.8, 5);
    expect(rest).toMatchObject({ sbcs: lab.cell.sbcs.length, mediaHosts: lab.cell.media.length, loss: 0 });
    expect(rest.jitterMs).toBeLessThan(30);
    expect(rest.setupSeconds).toBeLessThan(1);
  });

  it('tells the planner which media hosts are in service', async () => {
    const drained = 'max by (cell, media) (cellstamp_sbc_media_host_drained) == 1';
    expect(await query(drained)).toEqual([]);
    await lab.run(lab.active!, 'sh', '-ec', drainScript([1, 2], [1]));
    await until(async () => (await query(drained)).length > 0);
    expect(await query(drained)).toEqual([{ metric: { cell: name, media: 'media-2' }, value: 1 }]);
    await lab.run(lab.active!, 'sh', '-ec', drainScript([1, 2], [1, 2]));
    await until(async () => (await query(drained)).length === 0);
  });

  const plan = () => {
    // The moment at which the interval with the calls is over, so that nobody has to wait for it.
    const now = new Date(Math.ceil(busyAt / STEP_MS) * STEP_MS).toISOString();
    const files = ['--cells', join(folder, 'cells'), '--planning', join(folder, 'planning.yaml')];
    return inNetwork(process.execPath, '--import', 'tsx', 'lib/cli/main.ts', 'plan', '--json', '--now', now, ...files);
  };

  it('is what cellstamp plan forecasts from, and has nothing against these calls', () => {
    const { status, stdout, stderr } = plan();
    expect(stderr).toBe('');
    const { actions, notes } = JSON.parse(stdout) as Plan;
    expect(actions).toEqual([]);
    const [, calls] = /lab-metrics is forecast to have ([\d.]+) calls on average/.exec(notes.join('\n')) ?? [];
    expect(Number(calls)).toBeGreaterThan(0);
    expect(Number(calls)).toBeLessThanOrEqual(8);
    expect(status).toBe(0);
  });

  it('is missed by cellstamp plan when it is gone: there is no plan then', async () => {
    server.kill();
    await once(server, 'exit');
    const { status, stdout, stderr } = plan();
    expect(stderr).toMatch(/planning\.yaml:\d+:\d+.*127\.0\.0\.1:9090/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
});
