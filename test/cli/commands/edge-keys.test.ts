import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseEdgeKeys } from '../../../lib/fleet/edge-keys.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** As between two commands that read and write a secret. */
function edgeKeys(input: string, ...args: readonly string[]) {
  const argv = [
    '--import',
    `${root}node_modules/tsx/dist/esm/index.mjs`,
    `${root}lib/cli/main.ts`,
    'edge-keys',
    ...args,
  ];
  return spawnSync(process.execPath, [...argv, '--stdin'], { input, encoding: 'utf8' });
}

describe('cellstamp edge-keys --stdin', () => {
  const set = { current: '1a2b', keys: { '1a2b': 'a'.repeat(64) } };

  it('takes a key set through a change, and says ids but no key', () => {
    const added = edgeKeys(JSON.stringify(set), 'add');
    // An id of digits alone comes first among the keys of an object.
    const other = Object.keys(parseEdgeKeys(added.stdout).keys).find((id) => id !== '1a2b');
    expect(added.stderr).toBe(`key 1a2b makes new proofs; ${other!} is accepted\n`);
    const used = edgeKeys(added.stdout, 'use', other!);
    expect(used.stderr).toBe(`key ${other!} makes new proofs; 1a2b is accepted\n`);
    const dropped = edgeKeys(used.stdout, 'drop', '1a2b');
    expect(dropped.stderr).toBe(`key ${other!} makes new proofs\n`);
    expect(Object.keys(parseEdgeKeys(dropped.stdout).keys)).toEqual([other]);
  });

  it.each([
    ['a key that is used', ['drop', '1a2b'], 'key 1a2b makes the proofs'],
    ['a key that is not there', ['use', 'ffff'], 'there is no key ffff'],
    ['no key', ['use'], 'use takes the id of a key'],
    ['an id for a new key', ['add', '1a2c'], 'add takes no id'],
  ])('ends with 2 for %s, and prints no key set that could be written', (_, args, message) => {
    const { status, stdout, stderr } = edgeKeys(JSON.stringify(set), ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
