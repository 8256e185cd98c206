/** Three cells that are up and take calls, a Prometheus that knows their growing past, and the cell that is stamped for it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import type { CallReport } from '../../../lib/cli/call-report.ts';
import { down } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { spawnCellstamp } from '../../cli/run-command.ts';
import { startPrometheus, user, type RunningPrometheus } from '../../planner-files/prometheus/prometheus-server.ts';
import { describeWith } from '../../requirements.ts';
import { measuredFleet, scrapedUntil } from './growing-fleet.ts';
import { until } from '../lab/lab.ts';
import { MetricsBridge } from '../lab/metrics-bridge.ts';

const HOUR_MS = 3_600_000;
const initialFleet = ['fleet-a', 'fleet-b', 'fleet-c'];
const stamped = 'fleet-d';

describeWith(['root', 'debian-packages', 'prometheus'], 'a fleet of three cells whose load grows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-growing-'));
  const bridges: MetricsBridge[] = [];
  let prometheus: RunningPrometheus;

  beforeAll(async () => {
    // The hour that is scraped for real does not have the past of others in it.
    const past = scrapedUntil((Math.floor(Date.now() / HOUR_MS) - 1) * HOUR_MS);
    prometheus = await startPrometheus(past, folder, 'scrape_configs: []\n');
    const access = `{ url: '${prometheus.url}', auth: { basic: { username: ${user.name}, password: { file: password } } } }`;
    const files = { ...measuredFleet(access), password: user.password };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    for (const cell of initialFleet) await bringUp(cell);
  });
  afterAll(async () => {
    await prometheus?.stop();
    for (const bridge of bridges) await bridge.close();
    for (const cell of [...initialFleet, stamped]) await down(cell);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Brings a cell up as an operator does, and has its hosts scraped. */
  async function bringUp(cell: string): Promise<void> {
    expect(spawnCellstamp(folder, 'up', cell)).toMatchObject({ status: 0, stderr: '' });
    bridges.push(await MetricsBridge.open(cell, spawnCellstamp(folder, 'prometheus-config', cell).stdout));
    const jobs = bridges.flatMap((bridge) => bridge.jobs);
    prometheus.reload(stringify({ global: { scrape_interval: '2s' }, scrape_configs: jobs }));
  }

  async function ask(promql: string): Promise<number> {
    const authorization = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
    const url = `${prometheus.url}/api/v1/query?query=${encodeURIComponent(promql)}`;
    const { data } = (await (await fetch(url, { headers: { authorization } })).json()) as {
      data: { result: { value: [number, string] }[] };
    };
    return Number(data.result[0]?.value[1] ?? 0);
  }
  const scraped = (cell: string) => until(async () => (await ask(`count(up{cell="${cell}"} == 1)`)) === 4, 20);

  function call(cell: string): void {
    const { stdout } = spawnCellstamp(folder, 'call', cell, '--calls', '12', '--hold', '3', '--json');
    expect(JSON.parse(stdout) as CallReport).toMatchObject({ cell, good: true, summary: { answered: 12 } });
  }

  const plan = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnCellstamp(folder, 'plan', '--json', ...args);
    expect({ stderr: stderr.replaceAll(/^wrote .*\n/gm, ''), stdout }).toMatchObject({ stderr: '' });
    return { status, plan: JSON.parse(stdout) as Plan };
  };
  const of = (kind: Plan['actions'][number]['kind'], { actions }: Plan) =>
    actions.filter((action) => action.kind === kind);
  const excuses = (made: Plan) => made.excuses.map(({ text }) => text).join('\n');

  it('takes calls in each of them, which Prometheus sees beside what it knew', async () => {
    for (const cell of initialFleet) {
      await scraped(cell);
      call(cell);
    }
    await until(async () => (await ask('count(rate(rtpengine_mos_samples_total[1m]) > 0)')) > 0, 20);
  });

  it('is planned a fourth cell, and its file is written, ready for a laptop as planning.yaml says', () => {
    const { status, plan: made } = plan('--write');
    expect(of('hold', made)).toEqual([]);
    expect(of('stamp', made)).toMatchObject([
      { cell: stamped, reason: expect.stringContaining('relayedCalls') as string },
    ]);
    expect(status).toBe(2);
    const { name, size, media } = parse(readFileSync(join(folder, `cells/${stamped}.yaml`), 'utf8')) as CellInput;
    expect({ name, size, media }).toEqual({
      ...{ name: stamped, size: 'test', media: { hosts: 2, kernelForwarding: 'preferred' } },
    });
    expect(spawnCellstamp(folder, 'check').status).toBe(0);
  });

  it('needs no other one then, and moves nobody before the new one is proved', () => {
    const { plan: made } = plan();
    expect([...of('stamp', made), ...of('move', made)]).toEqual([]);
    expect(excuses(made)).toContain(`${stamped} has room, but ${stamped} is not known to be there`);
  });

  it('has calls on the stamped cell, which gets tenants once it is proved, and they have calls there', async () => {
    expect(spawnCellstamp(folder, 'rollout', 'record', stamped, 'began').status).toBe(0);
    await bringUp(stamped);
    await scraped(stamped);
    expect(excuses(plan().plan)).toContain(`${stamped} is on hold: its deploy, begun`);
    call(stamped);
    expect(spawnCellstamp(folder, 'rollout', 'record', stamped, 'proved').status).toBe(0);

    const { plan: made } = plan('--write');
    expect(of('hold', made)).toEqual([]);
    expect(of('stamp', made)).toEqual([]);
    const moves = of('move', made) as Extract<Plan['actions'][number], { kind: 'move' }>[];
    expect(moves.length).toBeGreaterThan(0);
    for (const { to, from } of moves) expect([to, initialFleet.includes(from)]).toEqual([stamped, true]);
    expect(made.leadTime.basis).toContain('1 earlier stamp,');
    const { tenants } = parse(readFileSync(join(folder, `cells/${stamped}.yaml`), 'utf8')) as CellInput;
    expect(tenants!.map(({ name }) => name).sort()).toEqual(moves.map(({ tenant }) => tenant).sort());
    expect(spawnCellstamp(folder, 'up', stamped)).toMatchObject({ status: 0, stderr: '' });
    call(stamped);
  });

  it('is left alone by the next plan: who has moved is not moved again', () => {
    const { plan: made } = plan();
    expect([...of('move', made), ...of('stamp', made)]).toEqual([]);
  });
});
