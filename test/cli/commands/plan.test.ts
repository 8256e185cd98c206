import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { CELL, folderOf, MINIMAL } from '../../planner-files/folder.ts';
import { cellstamp, spawnCellstamp, type Run } from '../run-command.ts';

const NOW = '2026-03-02T09:00:00Z';
const STATE = 'planning-state.json';
const AUDIT = 'planning-audit.ndjson';
/** No cell is where this one has to be. */
const WAITING = 'waiting:\n  - { name: initech, domain: initech.example.com, regions: [eu-central-1] }\n';
const KIND = MINIMAL.replace('eu-west-1', 'eu-central-1').replace('euw1-', 'euc1-');
const STAMPED = { 'planning.yaml': KIND + WAITING };

const fleet = (files: Readonly<Record<string, string>> = {}) =>
  folderOf({ 'cells/euw1-a.yaml': CELL, 'planning.yaml': MINIMAL, ...files });
const plan = (folder: string, ...args: readonly string[]) => {
  process.chdir(folder);
  return cellstamp('plan', ...args);
};
const home = process.cwd();
afterEach(() => process.chdir(home));
const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');
const audit = (folder: string) =>
  read(folder, AUDIT)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; plan: string; files?: string[]; reason?: string });
/** A measurement of the cell a minute ago, without which it is on hold. */
const measured = (now = Date.parse(NOW)) => {
  const hours = Array.from({ length: 24 * 14 }, (_, i) => new Date(Math.floor(now / 3_600_000 - i - 1) * 3_600_000));
  const rows = hours.flatMap((at) =>
    ['acme,relayedCalls,5', 'acme,setups,0.05', 'globex,relayedCalls,5', 'globex,setups,0.05'].map(
      (use) => `${at.toISOString()},${use}`,
    ),
  );
  return `time,tenant,resource,value\n${rows.reverse().join('\n')}\n`;
};
const MEASURED = `${MINIMAL}history: { files: [use.csv] }\n`;

describe('cellstamp plan', () => {
  it('ends with 2 and prints what, where and why, and in the end how much, when there is something to do', async () => {
    const { status, stdout, stderr } = await plan(fleet(STAMPED), '--now', NOW);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ {2}\+ stamp euc1-a: eu-central-1 standard, begin by .*\n {6}\S/m);
    expect(stdout).toMatch(/^Plan: 1 to stamp.*\.$/m);
    expect(stdout).toContain('gradeOfService (this plan)');
    expect(stdout).toContain('lead time');
    expect(stdout).toContain('lower bound');
    expect(status).toBe(2);
  });

  it('ends with 0 when nothing is to be done', async () => {
    const { status, stdout } = await plan(fleet({ 'planning.yaml': MEASURED, 'use.csv': measured() }), '--now', NOW);
    expect(stdout).toContain('Plan: nothing to do.\n');
    expect(status).toBe(0);
  });

  it('ends with 0 when a cell is on hold and nothing else is to be done', async () => {
    const { status, stdout } = await plan(fleet(), '--now', NOW);
    expect(stdout).toMatch(/^ {2}! hold euw1-a: missing\n/m);
    expect(stdout).toContain('Plan: nothing to do, 1 cell on hold.\n');
    expect(status).toBe(0);
  });

  it('prints JSON by the published schema, the same for the same input', async () => {
    const folder = fleet(STAMPED);
    const { status, stdout, stderr } = await plan(folder, '--now', NOW, '--json');
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    const published = readFileSync(new URL('../../../cells/plan.schema.json', import.meta.url), 'utf8');
    expect(() =>
      z.fromJSONSchema(JSON.parse(published) as z.core.JSONSchema.BaseSchema).parse(JSON.parse(stdout)),
    ).not.toThrow();
    expect((await plan(folder, '--now', NOW, '--json')).stdout).toBe(stdout);
  });

  it('plans by another policy when asked to', async () => {
    const { stdout } = await plan(fleet(), '--now', NOW, '--json', '--policy', 'telecomRule');
    expect((JSON.parse(stdout) as Plan).policy).toMatchObject({ name: 'telecomRule', peakTimes: 1.5 });
  });

  it('draws a page', async () => {
    const folder = fleet();
    expect(await plan(folder, '--now', NOW, '--html', 'plan.html')).toMatchObject({ status: 0, stderr: '' });
    expect(read(folder, 'plan.html')).toMatch(/^<!doctype html>/i);
  });

  it('plans for a fleet without tenants', async () => {
    const { status, stdout } = await plan(
      fleet({ 'cells/euw1-a.yaml': 'name: euw1-a\nregion: eu-west-1\naws: {}\n' }),
      '--now',
      NOW,
    );
    expect(status).toBe(0);
    expect(stdout).toContain('for 1 cell with 0 tenants');
  });

  it('says why a tenant that is larger than any cell is not placed', async () => {
    const giant = 'waiting:\n  - { name: giant, domain: giant.example.com, limits: { calls: 90000 } }\n';
    const { status, stdout } = await plan(fleet({ 'planning.yaml': MINIMAL + giant }), '--now', NOW, '--json');
    expect(status).toBe(0);
    const { excuses } = JSON.parse(stdout) as Plan;
    expect(excuses).toContainEqual(expect.objectContaining({ subject: 'giant', text: expect.stringMatching(/\d/) }));
  });

  it('has no colours in a pipe, and on a terminal none with NO_COLOR', async () => {
    const folder = fleet();
    const main = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url));
    const loader = fileURLToPath(new URL('../../../node_modules/tsx/dist/esm/index.mjs', import.meta.url));
    const command = `${process.execPath} --import ${loader} ${main} plan --now ${NOW}`;
    const onTerminal = (env: Readonly<Record<string, string>>) =>
      spawnSync('script', ['-qec', command, '/dev/null'], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], ...env },
      }).stdout;
    const colour = /\x1b\[\d+m/;
    expect((await plan(folder, '--now', NOW)).stdout).not.toMatch(colour);
    expect(onTerminal({ NO_COLOR: '1' })).not.toMatch(colour);
    expect(onTerminal({})).toMatch(colour);
  });

  it.each([
    ['an unknown option', ['--cell', 'x'], "unknown option '--cell'"],
    [
      'a time without a zone',
      ['--now', '2026-03-02'],
      'It must be a time with its offset, for example 2026-03-02T09:00:00Z.',
    ],
    ['a policy that is none', ['--policy', 'fast'], 'Allowed choices are gradeOfService, telecomRule, fixedHeadroom'],
    ['a page in no folder', ['--html', 'no/plan.html'], '--html is no/plan.html: there is no folder no;'],
    ['a planning file that is not there', ['--planning', 'no.yaml'], 'no.yaml:1:1 error: there is no such file'],
    ['a folder without cells', ['--cells', 'no'], 'no:1:1 error: there is no such folder'],
  ])('ends with 1, not 2, for %s, and leaves nothing', async (_, args, message) => {
    const folder = fleet();
    const files = { '--cells': join(folder, 'cells'), '--planning': join(folder, 'planning.yaml') };
    const words = Object.entries({ ...files, [args[0]!]: args[1]! }).flat();
    const { status, stdout, stderr } = await cellstamp('plan', ...words);
    expect(stderr).toContain(message);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(readdirSync(folder).sort()).toEqual(['cells', 'planning.yaml']);
  });

  it('tells all that is wrong in files edited by hand, each with its place, and writes nothing', async () => {
    const folder = fleet({
      'cells/euw1-a.yaml': `${CELL}maxTenant: 3\n`,
      'cells/euw1-b.yaml': 'name: euw1-b\nregion: ireland\n',
      'planning.yaml': `${MINIMAL}rules: { horizonDays: 0 }\n`,
    });
    const { status, stdout, stderr } = await plan(folder, '--write');
    expect(stderr).toMatch(/cells\/euw1-a\.yaml:8:1 error maxTenant: /);
    expect(stderr).toMatch(/cells\/euw1-b\.yaml:2:1 error region: /);
    expect(stderr).toMatch(/planning\.yaml:4:\d+ error rules\.horizonDays: /);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(readdirSync(folder).sort()).toEqual(['cells', 'planning.yaml']);
  });
});

describe('what cellstamp plan leaves', () => {
  it('is what it saw, and a line in the log', async () => {
    const folder = fleet(STAMPED);
    expect((await plan(folder)).status).toBe(2);
    const state = JSON.parse(read(folder, STATE)) as { plan: string; memory: Plan['memory'] };
    expect(state.memory.done).toEqual([]);
    expect(audit(folder)).toMatchObject([{ event: 'seen', plan: state.plan, actions: [{ kind: 'hold' }, {}] }]);
    expect(read(folder, 'planning.yaml')).toContain('initech');
  });

  it.each([
    ['--now', NOW],
    ['--policy', 'telecomRule'],
  ])('is nothing when it was asked what if (%s %s)', async (...args) => {
    const folder = fleet();
    expect((await plan(folder, ...args)).status).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['cells', 'planning.yaml']);
  });

  it('with --write is the fleet as planned, all that it decided, and two lines in the log', async () => {
    const folder = fleet(STAMPED);
    const { status, stdout } = await plan(folder, '--write', '--now', NOW);
    expect(status).toBe(2);
    expect(stdout).toContain('wrote cells/euc1-a.yaml: new cell of eu-central-1 standard');
    const state = JSON.parse(read(folder, STATE)) as { plan: string; memory: Plan['memory'] };
    expect(state.memory.done).toMatchObject([{ region: 'eu-central-1', count: 1 }]);
    expect(audit(folder)).toMatchObject([
      { event: 'writing', plan: state.plan },
      { event: 'written', plan: state.plan, files: expect.arrayContaining(['cells/euc1-a.yaml']) },
    ]);
    expect(spawnCellstamp(folder, 'check').status).toBe(0);
  });

  it('is the work of one when two plan at the same time: the other says so, ends with 1 and leaves nothing', async () => {
    const folder = fleet(STAMPED);
    // The slower one has begun, and waits for a Prometheus until the faster one is done.
    let faster: Promise<Run> | undefined;
    const server = createServer(({ url }, response) => {
      faster ??= planBeside(folder, '--write');
      const resultType = url!.includes('query_range') ? 'matrix' : 'vector';
      const answer = JSON.stringify({ status: 'success', data: { resultType, result: [] } });
      void faster.then(() => response.end(answer));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(join(folder, 'slow.yaml'), `${KIND}${WAITING}history: { prometheus: { url: '${url}' } }\n`);
    const slower = await planBeside(folder, '--write', '--planning', 'slow.yaml');
    expect(await faster).toMatchObject({ status: 2, stderr: '' });
    expect(slower).toMatchObject({ status: 1, stdout: '' });
    expect(slower.stderr).toContain('another plan has changed');
    expect(audit(folder).map(({ event }) => event)).toEqual(['writing', 'written']);
    expect(readdirSync(join(folder, 'cells')).sort()).toEqual(['euc1-a.yaml', 'euw1-a.yaml']);
  });

  it('is never older than the plan before', async () => {
    const folder = fleet();
    await plan(folder);
    const { status, stderr } = await plan(folder, '--write', '--now', NOW);
    expect(status).toBe(1);
    expect(stderr).toMatch(/planning-state\.json is of a plan for .*, and this one is for 2026-03-02T09:00:00.000Z/);
  });

  it('after a crash between the log and the state is found out by the next plan, and told', async () => {
    const folder = fleet();
    await plan(folder, '--write', '--now', NOW);
    const [writing] = read(folder, AUDIT).split('\n');
    // The last line is missing, the state is there.
    writeFileSync(join(folder, AUDIT), `${writing}\n`);
    const told = await plan(folder);
    expect(told.stderr).toMatch(/was written, but the log was not told/);
    expect(audit(folder).map(({ event }) => event)).toEqual(['writing', 'written', 'seen']);
    // The state is missing too.
    writeFileSync(join(folder, AUDIT), `${writing}\n`);
    rmSync(join(folder, STATE));
    const lost = await plan(folder);
    expect(lost.stderr).toMatch(/began to be written at .* and did not end/);
    expect((await plan(folder)).stderr).toBe('');
  });

  it('is complete once the next plan has finished what a killed one was writing', async () => {
    const after = CELL.replace('acme.example.com', 'acme.example.net');
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const files = [{ path: 'cells/euw1-a.yaml', before: hash(CELL), after: hash(after) }];
    const folder = fleet({ 'cells/.euw1-a.yaml.new': after, [`${STATE}.journal`]: JSON.stringify({ files }) });
    const { status, stderr } = await plan(folder);
    expect(stderr).toBe('finished what a plan that was killed was writing: cells/euw1-a.yaml\n');
    expect(status).toBe(0);
    expect(read(folder, 'cells/euw1-a.yaml')).toBe(after);
    expect(readdirSync(folder).sort()).toEqual(['cells', AUDIT, STATE, 'planning.yaml']);
  });

  it('goes on below a line that a crash tore', async () => {
    const folder = fleet();
    await plan(folder);
    appendFileSync(join(folder, AUDIT), '{"at":"20');
    const { status, stderr } = await plan(folder);
    expect(status).toBe(0);
    expect(stderr).toContain(`${AUDIT}: the last line was torn by a crash (9 bytes without an end)`);
    expect(read(folder, AUDIT).split('\n')[1]).toBe('{"at":"20');
  });

  it('stays as it was when the state was changed by hand', async () => {
    const folder = fleet({ [STATE]: '{\n  "version": 2\n}\n' });
    const { status, stderr } = await plan(folder);
    expect(status).toBe(1);
    expect(stderr).toMatch(/planning-state\.json:2:\d+ error version: /);
    expect(existsSync(join(folder, AUDIT))).toBe(false);
  });
});

/** A plan that runs while something else does. */
function planBeside(folder: string, ...args: readonly string[]): Promise<Run> {
  const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
  const argv = ['--import', path('node_modules/tsx/dist/esm/index.mjs'), path('lib/cli/main.ts'), 'plan', ...args];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, { cwd: folder });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
