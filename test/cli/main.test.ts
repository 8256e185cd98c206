import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { cellstamp, spawnCellstamp } from './run-command.ts';

const commands = [
  'try',
  'up',
  'status',
  'calls',
  'logs',
  'flap',
  'tenant',
  'down',
  'call',
  'check',
  'capacity',
  'stamp',
  'deployed',
  'customers',
  'scale',
  'scrape',
  'plan',
  'simulate',
  'measure',
  'edge-keys',
];

describe('cellstamp', () => {
  it('--help names every command', async () => {
    const { status, stdout } = await cellstamp('--help');
    expect(status).toBe(0);
    expect([...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name]) => name)).toEqual(commands);
  });

  it.each(commands)('%s --help says what it does, with an example', async (command) => {
    const { status, stdout } = await cellstamp(command, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`Example:\n  \\$ npx cellstamp ${command}`));
  });

  it.each([
    ['a command that is not there', ['chekc'], "error: unknown command 'chekc'\n(Did you mean check?)\n"],
    ['an option that is not there', ['check', '--jsno'], "error: unknown option '--jsno'\n(Did you mean --json?)\n"],
    ['an argument too many', ['check', 'euw1-a'], /^error: too many arguments for 'check'/],
    ['no command at all', [], /^Usage: npx cellstamp/],
  ])('ends with 2 for %s, and says so on standard error', async (_, args, message) => {
    const { status, stdout, stderr } = await cellstamp(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it('shows no stack trace unless asked for', () => {
    expect(spawnCellstamp(tmpdir(), 'check', '--cells', 'nowhere').stderr).not.toMatch(/^ {4}at /m);
    expect(spawnCellstamp(tmpdir(), 'check', '--cells', 'nowhere', '--debug').stderr).toMatch(/^ {4}at /m);
  });
});
