import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { describeFailure } from '../../lib/cli/failure.ts';
import { cellstamp, spawnCellstamp } from './run-command.ts';

const commands = [
  'try',
  'up',
  'status',
  'call',
  'calls',
  'logs',
  'local',
  'down',
  'init',
  'check',
  'stamp',
  'manifests',
  'image',
  'capacity',
  'availability',
  'cost',
  'prometheus-config',
  'alertmanager-config',
  'grafana-dashboards',
  'provision',
  'tenant',
  'user',
  'evacuate',
  'scale',
  'drain',
  'undrain',
  'roll',
  'prove',
  'records',
  'promote',
  'rollout',
  'unlock',
  'edge-keys',
  'plan',
  'simulate',
  'measure',
];

describe('cellstamp', () => {
  it('--help names every command', async () => {
    const { status, stdout } = await cellstamp('--help');
    expect(status).toBe(0);
    expect([...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name]) => name)).toEqual([...commands, 'help']);
  });

  it.each(commands)('%s --help says what it does, with an example', async (command) => {
    const { status, stdout } = await cellstamp(command, '--help');
    expect(status).toBe(0);
    // Examples are for copying, whatever their length.
    for (const line of stdout.split('\n')) if (!line.startsWith('  ')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(new RegExp(`Example:\n  \\$ npx cellstamp ${command}`));
  });

  it.each([
    ['a command that is not there', ['chekc'], "error: unknown command 'chekc'\n(Did you mean check?)\n"],
    ['an option that is not there', ['check', '--jsno'], "error: unknown option '--jsno'\n(Did you mean --json?)\n"],
    ['an argument too many', ['check', 'euw1-a'], /^error: too many arguments for 'check'/],
    ['the help of a command that is not there', ['chekc', '--help'], /^error: unknown command 'chekc'\n/],
    ['the same in other words', ['help', 'dwon'], "error: unknown command 'dwon'\n(Did you mean down?)\n"],
    ['the help of a part that a command does not have', ['tenant', 'mvoe', '-h'], /^error: unknown command 'mvoe'\n/],
    ['the same, asked of help', ['help', 'tenant', 'mvoe'], /^error: unknown command 'mvoe'\n/],
    ['no command at all', [], /^Usage: npx cellstamp/],
  ])('ends with 2 for %s, and says so on standard error', async (_, args, message) => {
    const { status, stdout, stderr } = await cellstamp(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it.each([
    ['flap', 'Moves the route of a place'],
    ['scrape', 'Prints the configuration of a Prometheus'],
    ['customers', ''],
    ['deployed', 'Records the outcome of a deployment'],
  ])('still takes %s, which has another name now', async (old, description) => {
    const { status, stdout } = await cellstamp(old, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain(description);
  });

  it('help says what --help says', async () => {
    expect((await cellstamp('help', 'down')).stdout).toBe((await cellstamp('down', '--help')).stdout);
    expect(await cellstamp('help')).toEqual(await cellstamp('--help'));
    expect(await cellstamp('help', 'tenant', 'move')).toEqual(await cellstamp('tenant', 'move', '--help'));
  });

  it('--version says the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      readonly version: string;
    };
    expect(await cellstamp('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [
      'a name and all at once',
      ['down', 'euw1-a', '--all'],
      '--all removes every cell and front, and euw1-a names one; give only one of the two',
    ],
    ['an interval without a watch', ['status', '--interval', '5'], '--interval goes with --watch'],
  ])('ends with 2 for %s', async (_, args, message) => {
    expect(await cellstamp(...args)).toEqual({ status: 2, stdout: '', stderr: `cellstamp: ${message}\n` });
  });

  it.each([
    [
      2,
      ['cost', '--calls', '1', '--calls', '2'],
      "option '--calls <n>' is given more than once: 1, 2; allowed: one value",
    ],
    [
      2,
      ['init', 'fleet', '--region=a', '--region', 'b'],
      "option '--region <region>' is given more than once: a, b; allowed: one value",
    ],
    [
      1,
      ['plan', '--now', '2026-01-01T00:00:00Z', '--now', '2026-01-01T00:00:00Z'],
      "option '--now <time>' is given more than once",
    ],
    [2, ['tenant', 'move', 'acme', '--to', 'a', '--to', 'b'], "option '--to <cell>' is given more than once: a, b"],
  ])('ends with %d for an option that is given two values: %j', async (status, args, message) => {
    const said = await cellstamp(...args);
    expect(said).toMatchObject({ status, stdout: '' });
    expect(said.stderr).toContain(`error: ${message}`);
  });

  it('names all options that are given two values', async () => {
    const twice = ['--calls', '1', '--calls', '2', '--tenants', '3', '--tenants', '4'];
    expect((await cellstamp('cost', ...twice)).stderr).toBe(
      "error: option '--calls <n>' is given more than once: 1, 2; allowed: one value\n" +
        "error: option '--tenants <n>' is given more than once: 3, 4; allowed: one value\n",
    );
  });

  it('takes a flag twice, and an option of several values in several places', async () => {
    const { stdout } = await cellstamp('availability', '--json', '--json', '--assume', 'site=1', '--assume', 'entry=1');
    const { assumptions } = JSON.parse(stdout) as { readonly assumptions: Readonly<Record<string, { value: number }>> };
    expect([assumptions['site']!.value, assumptions['entry']!.value]).toEqual([1, 1]);
  });

  it.each([
    [{ code: 'EACCES', syscall: 'open', path: 'cells/a.yaml' }, 'open cells/a.yaml (EACCES)'],
    [{ code: 'EPERM', syscall: 'symlink', path: '{"pid":1}', dest: 'state.json.lock' }, 'make state.json.lock (EPERM)'],
    [{ code: 'EACCES', syscall: 'listxattr', path: 'a\u001b' }, 'use a\\x1b (EACCES)'],
  ])('says what this user may not do: %j', (properties, words) => {
    const error = Object.assign(new Error('EACCES: permission denied'), properties);
    expect(describeFailure(error, false)).toEqual({
      text: `cellstamp: this user may not ${words}; root may do it (sudo)`,
      status: 1,
    });
  });

  it('shows no stack trace unless asked for', () => {
    expect(spawnCellstamp(tmpdir(), 'check', '--cells', 'nowhere').stderr).not.toMatch(/^ {4}at /m);
    expect(spawnCellstamp(tmpdir(), 'check', '--cells', 'nowhere', '--debug').stderr).toMatch(/^ {4}at /m);
  });
});
