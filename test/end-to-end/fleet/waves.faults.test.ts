/** A good release that goes through all waves of two cells under calls, and a bad one that its gate sees in the first. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { RolloutLog } from '../../../lib/planner-files/rollout-log.ts';
import { down } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { FleetRepository } from '../../examples/fleet-repository.ts';
import { startPrometheus, user, type RunningPrometheus } from '../../planner-files/prometheus/prometheus-server.ts';
import { describeWith } from '../../requirements.ts';
import { until } from '../lab/lab.ts';
import { MetricsBridge } from '../lab/metrics-bridge.ts';

const cells = ['waves-a', 'waves-b'];

/** Set-ups a second that a cell admits: with 3 it proves well, at two calls a second, and turns most of its callers away. */
const release = (setupsPerSecond: number) =>
  Object.fromEntries(
    cells.map((name, number) => [
      `cells/${name}.yaml`,
      [
        ...[`name: ${name}`, 'region: eu-west-1', 'local: {}', 'size: test', `network: 10.46.${16 * number}.0/20`],
        ...['media: { hosts: 2, kernelForwarding: preferred }', `sbc: { setupsPerSecond: ${setupsPerSecond} }`],
        '',
      ].join('\n'),
    ]),
  );

describeWith(['root', 'debian-packages', 'prometheus'], 'a release in waves', () => {
  const bridges: MetricsBridge[] = [];
  let fleet: FleetRepository;
  let prometheus: RunningPrometheus;
  const command = [process.execPath, '--import', 'tsx', 'lib/cli/main.ts'];
  const log = () => new RolloutLog(join(fleet.path, 'rollout-audit.ndjson')).steps();
  const found = (cell: string) => requireState(cell).spec.sbc.setupsPerSecond;

  beforeAll(async () => {
    fleet = new FleetRepository(release(50));
    prometheus = await startPrometheus([], fleet.path, 'scrape_configs: []\n');
    const planning = {
      kinds: [{ region: 'eu-west-1', prefix: 'waves-' }],
      history: {
        prometheus: { url: prometheus.url, auth: { basic: { username: user.name, password: { file: 'password' } } } },
      },
      rollout: {
        bake: {
          ...{ minutes: 0.2, calls: 60, longestMinutes: 2 },
          gates: { answerSeizureRatio: 0.4, postDialDelaySeconds: 15, mos: 'off', failures: 0.25 },
        },
      },
    };
    writeFileSync(join(fleet.path, 'password'), user.password);
    fleet.commit({ 'planning.yaml': stringify(planning) });
    for (const cell of cells) {
      // A host may be slow to answer while others start.
      await until(() => fleet.run([...command, 'up', cell]).status === 0, 120);
    }
    await scrapeAll();
  }, 300_000);
  afterAll(async () => {
    await prometheus?.stop();
    for (const bridge of bridges) await bridge.close();
    for (const cell of cells) await down(cell);
    fleet.remove();
  });

  /** Again after each deploy: what brings the metrics here dies with the host in whose network it is. */
  async function scrapeAll(): Promise<void> {
    for (const bridge of bridges.splice(0)) await bridge.close();
    for (const cell of cells) {
      bridges.push(await MetricsBridge.open(cell, fleet.run([...command, 'prometheus-config', cell]).stdout));
    }
    const scrape_configs = bridges.flatMap(({ jobs }) => jobs);
    prometheus.reload(stringify({ global: { scrape_interval: '1s' }, scrape_configs }));
  }

  const start = (...args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [...command.slice(1), ...args], { cwd: fleet.path, stdio: ['ignore', 'pipe', 'pipe'] });

  async function outcomeOf(child: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const written = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]!.on('data', (part: Buffer) => void (written[stream] += part.toString()));
    }
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, ...written };
  }

  /** Calls in every cell at once, faster than a bad cell takes them. */
  const callEverywhere = () =>
    Promise.all(
      cells.map((cell) => outcomeOf(start('call', cell, '--calls', '70', '--rate', '10', '--hold', '1', '--json'))),
    );

  /** Rolls out from a commit to what is there, while callers call in every cell whenever one bakes. */
  async function rollOut(before: string, onBake?: (rollout: ChildProcess) => boolean) {
    const rollout = start('rollout', 'fleet', '--before', before, '--json');
    const ended = outcomeOf(rollout);
    let isOver = false;
    void ended.then(() => (isOver = true));
    const bakes = () => log().filter(({ step, to }) => step === 'bake' && to === fleet.git('rev-parse', 'HEAD')).length;
    for (let known = onBake === undefined ? 0 : -1; !isOver; await sleep(200)) {
      if (bakes() <= known || bakes() === 0) continue;
      if (onBake?.(rollout)) break;
      known = bakes();
      await scrapeAll();
      await callEverywhere();
    }
    return ended;
  }

  it('that is good is proved in each cell, though the roll-out is killed while the first one bakes', async () => {
    await callEverywhere();
    const before = fleet.git('rev-parse', 'HEAD');
    const to = fleet.commit(release(60));
    const killed = await rollOut(before, (rollout) => rollout.kill('SIGKILL'));
    expect(killed.status).toBeNull();
    // As a crash of the machine leaves it.
    appendFileSync(join(fleet.path, 'rollout-audit.ndjson'), '{"at":"2026-');

    const { status, stdout, stderr } = await rollOut(before);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect((JSON.parse(stdout) as { cells: unknown }).cells).toEqual(
      cells.map((cell) => ({ cell, state: 'proved', text: `cell ${cell} is deployed and proved` })),
    );
    expect(cells.map(found)).toEqual([60, 60]);
    for (const cell of cells) {
      const steps = log().filter((line) => line.cell === cell && line.step !== 'look');
      expect(steps.map(({ step, result }) => `${step} ${result}`)).toEqual([
        ...['begin begun', 'deploy begun', 'deploy done', 'prove good', 'bake begun', 'end proved'],
      ]);
      expect(new Set(steps.map((line) => line.to))).toEqual(new Set([to]));
    }
    expect(readFileSync(join(fleet.path, 'rollout-audit.ndjson'), 'utf8')).toContain('{"at":"2026-\n{"at"');
  }, 300_000);

  it('that turns callers away is seen at the canary and taken back; no other cell is touched', async () => {
    const before = fleet.git('rev-parse', 'HEAD');
    fleet.commit(release(3));
    const { status, stdout } = await rollOut(before);
    expect(status).toBe(1);
    const { cells: done } = JSON.parse(stdout) as { cells: readonly { cell: string; state: string; text: string }[] };
    expect(done).toMatchObject([{ cell: 'waves-a', state: 'back' }]);
    expect(done[0]!.text).toMatch(/^cell waves-a is worse: failures .*it is back at .*, and proved there$/);
    expect(cells.map(found)).toEqual([60, 60]);
    const calls = await outcomeOf(start('call', 'waves-a', '--calls', '10', '--rate', '2', '--hold', '1'));
    expect(calls).toMatchObject({ status: 0 });
    await until(() => log().at(-1)?.step === 'end', 5);
  }, 300_000);
});
