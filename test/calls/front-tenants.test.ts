/** The tenant directory: a tenant that moves, a directory that is away, and one that says nonsense, with calls going on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../lib/calls/agents-process.ts';
import { readCallRecords } from '../../lib/cli/call-records.ts';
import type { DirectoryItem, TenantItem } from '../../lib/front/directory.ts';
import {
  callerAddress,
  execOnFront,
  moveTenant,
  serviceAddress,
  type MoveProgress,
} from '../../lib/local/front/index.ts';
import { hostFolder } from '../../lib/local/state.ts';
import { describeWith } from '../requirements.ts';
import { carrier, domain, FrontBed, nothing, print, sumOf } from './front-bed.ts';
import { until } from './lab.ts';

describeWith(['root', 'debian-packages'], 'the tenant directory', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  beforeAll(async () => {
    bed = await FrontBed.up('lab-move', 82, ['alice', 'bob']);
    agents = await bed.agents([
      bed.user('alice', callerAddress(1, 1)),
      bed.user('bob', callerAddress(2, 1)),
      bed.carrier(),
    ]);
  });
  afterAll(() => bed.down());

  const kinds = [
    { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
    { name: 'carrier-in', caller: 'carrier', callee: 'bob', dial: `sip:${carrier.calls}@${serviceAddress}` },
    { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
  ];

  /** What an edge knows: the value of a key in one of its tables. */
  const knows = async (edge: string, table: string, key: string) =>
    /value: (.*)/.exec(await bed.kamcmd(edge, 'htable.get', table, key))?.[1];
  const everyEdge = async (table: string, key: string, value: string | undefined) => {
    for (const { name } of bed.front.edges) if ((await knows(name, table, key)) !== value) return false;
    return true;
  };
  const agentStatus = (edge: string) =>
    JSON.parse(readFileSync(join(hostFolder(bed.front.name, edge), 'services', 'directory.json'), 'utf8')) as {
      readonly directory: string;
      readonly refused: number;
    };
  const tenant = (name: string, more: Partial<TenantItem> = {}): TenantItem => ({
    kind: 'tenant',
    name,
    version: Date.now(),
    cell: bed.cells[0]!.name,
    other: '',
    keys: [`d:${name}.example.com`],
    ...more,
  });
  /** Puts a text into the directory as it is, whatever it says. */
  const putRaw = (id: string, text: string) =>
    execOnFront(bed.state, 'directory', [
      'bash',
      '-c',
      `export REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/redis/directory.conf); redis-cli HSET directory "$1" "$2" && redis-cli XADD directory:changes '*' item "$2"`,
      'put',
      id,
      text,
    ]);

  it('reaches every edge within two seconds of a change', async () => {
    const begin = performance.now();
    await bed.directory.put([tenant('quick')]);
    await until(() => everyEdge('route', 'd:quick.example.com', 'quick'), 2);
    console.log(`a change reached every edge ${Math.round(performance.now() - begin)} ms after it was asked for`);
    await bed.directory.remove([{ kind: 'tenant', name: 'quick' }]);
    await until(() => everyEdge('route', 'd:quick.example.com', undefined), 2);
  });

  it('that is away stops nothing, and what was changed meanwhile is there when it is back', async () => {
    const pid = (await execOnFront(bed.state, 'directory', ['pgrep', '-x', 'redis-server'])).stdout.trim();
    await execOnFront(bed.state, 'directory', ['kill', '-STOP', pid]);
    const run = agents.startRun({ kinds, calls: 12, ratePerSecond: 3, talkSeconds: 1 });
    await until(() => bed.front.edges.every(({ name }) => agentStatus(name).directory === 'unreachable'), 20);
    expect(await agents.register('alice')).toBe(200);
    expect(bed.front.edges.every(({ name }) => bed.isHealthy(name))).toBe(true);
    const { summary } = await run.finished;
    expect(summary).toMatchObject({ calls: 12, answered: 12, failed: 0, failures: [] });
    await execOnFront(bed.state, 'directory', ['kill', '-CONT', pid]);
    await bed.directory.put([tenant('late')]);
    await until(() => everyEdge('route', 'd:late.example.com', 'late'));
    await bed.directory.remove([{ kind: 'tenant', name: 'late' }]);
    await until(() => everyEdge('route', 'd:late.example.com', undefined));
  });

  it('that says nonsense is refused entry by entry', async () => {
    const before = agentStatus(bed.front.edges[0]!.name).refused;
    const wrong: readonly string[] = [
      'no JSON at all',
      '[]',
      '['.repeat(100_000),
      JSON.stringify({ kind: ['tenant'], name: ['acme'] }),
      JSON.stringify({ kind: 'planet', name: 'mars', version: 1 }),
      JSON.stringify({ ...tenant('bad-key'), keys: ['d:UPPER.example.com'] }),
      JSON.stringify({ ...tenant('bad-cell'), cell: '../etc' }),
      JSON.stringify({ ...tenant('bad-version'), version: 'new' }),
      // The domain of another tenant.
      JSON.stringify({ ...tenant('thief'), keys: [`d:${domain}`] }),
      JSON.stringify({ kind: 'cell', name: 'bad', version: 1, state: 'active', addresses: ['198.18.0.300:5060'] }),
      JSON.stringify({ kind: 'edge', name: 'bad', version: 1, address: 'localhost' }),
    ];
    for (const [index, text] of wrong.entries()) await putRaw(`tenant:wrong-${index}`, text);
    await bed.directory.put([tenant('right')]);
    await until(() => everyEdge('route', 'd:right.example.com', 'right'));
    for (const { name } of bed.front.edges)
      expect(agentStatus(name).refused - before).toBeGreaterThanOrEqual(wrong.length);
    expect(await everyEdge('route', `d:${domain}`, 'acme')).toBe(true);
    const { summary } = await agents.run({ kinds, calls: 3, talkSeconds: 0.4 });
    expect(summary.failures).toEqual([]);
    await bed.directory.remove([
      { kind: 'tenant', name: 'right' },
      ...wrong.map((_, index) => ({ kind: 'tenant', name: `wrong-${index}` }) as Pick<DirectoryItem, 'kind' | 'name'>),
    ]);
  });

  it('moves a tenant during 20 calls: none is lost, and none is in two cells’ records', async () => {
    const since = Date.now();
    const [from, to] = bed.cells as [(typeof bed.cells)[0], (typeof bed.cells)[0]];
    const running = agents.startRun({ kinds, calls: 20, ratePerSecond: 20, talkSeconds: 5 });
    await until(async () => (await bed.calls()).length === 20);
    const callsUpBefore = (await bed.calls()).length;
    const fresh = agents.startRun({ kinds, calls: 15, ratePerSecond: 5, talkSeconds: 0.5 });
    await sleep(400);
    const steps: MoveProgress[] = [];
    const moved = moveTenant('acme', to.name, { front: bed.front.name, onProgress: (step) => steps.push(step) });
    await until(() => steps.some(({ step }) => step === 'waiting'));
    const callsUpAfter = (await bed.calls()).length;
    expect(await agents.register('alice')).toBe(200);
    await moved;
    const results = [await running.finished, await fresh.finished];
    const told = {
      callsUpBefore,
      callsUpAfter,
      packetsLost: results.reduce((sum, { summary }) => sum + summary.packets.lost, 0),
      failures: results.flatMap(({ summary }) => summary.failures.map(({ what, example }) => `${what} (${example})`)),
      left: await bed.left(),
    };
    print('move of a tenant', told);
    expect(told.failures).toEqual([]);
    expect(steps[0]).toMatchObject({ from: from.name, to: to.name, step: 'copying' });
    expect(steps.at(-1)).toMatchObject({ step: 'done', calls: 0 });
    expect(sumOf(told.left)).toEqual(nothing);

    const ids = results.flatMap((run) => run.results.map(({ callId }) => callId));
    const idsIn = async (cell: (typeof bed.cells)[0]) =>
      new Set((await readCallRecords(cell, since)).map(({ call }) => call));
    await until(async () => (await idsIn(from)).size + (await idsIn(to)).size >= ids.length);
    const [old, young] = [await idsIn(from), await idsIn(to)];
    expect(ids.filter((id) => old.has(id) && young.has(id))).toEqual([]);
    expect(ids.every((id) => old.has(id) || young.has(id))).toBe(true);
    expect(young.size).toBeGreaterThan(0);
    // The old cell knows it no more.
    expect(await bed.sql(from.name, 'SELECT count(*) FROM cellstamp.tenants')).toBe('0\n');
    const { summary } = await agents.run({ kinds, calls: 3, talkSeconds: 0.4 });
    expect(summary.failures).toEqual([]);
  });
});
