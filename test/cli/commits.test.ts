/** What a roll-out asks git, in a repository of its own. */
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FleetRepository } from '../examples/fleet-repository.ts';

const fleet = new FleetRepository({ 'cells/a.yaml': 'name: a\n' });
afterAll(() => fleet.remove());
const run = (program: string) =>
  fleet.run([
    ...[process.execPath, '--import', 'tsx', '--input-type=module', '--eval'],
    `import { checkedOut, withCheckout } from './lib/cli/commits.ts';\n${program}`,
  ]);

it('a commit that is checked out beside the folder is gone afterwards, after a crash with the next one', () => {
  const killed = run(
    `await withCheckout('HEAD', async (folder) => { console.log(folder); process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); });`,
  );
  const folder = dirname(killed.stdout.trim());
  expect(existsSync(join(folder, 'work/cells/a.yaml'))).toBe(true);
  const { status, stdout, stderr } = run(`await withCheckout('HEAD', async (folder) => console.log(folder));`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const left of [folder, dirname(stdout.trim())]) expect(existsSync(left)).toBe(false);
  expect(fleet.git('worktree', 'list').split('\n')).toHaveLength(1);
});

it('what is checked out is known by all of its cells, and not by what an editor keeps beside them', () => {
  const known = () => run(`console.log(checkedOut('cells'));`).stdout.trim();
  expect(known()).toBe(fleet.git('rev-parse', 'HEAD'));
  writeFileSync(join(fleet.path, 'cells/.a.yaml.swp'), 'vim');
  symlinkSync('me@here.1', join(fleet.path, 'cells/.#a.yaml'));
  expect(known()).toBe(fleet.git('rev-parse', 'HEAD'));
  writeFileSync(join(fleet.path, 'cells/b.yaml'), 'name: b\n');
  const added = known();
  writeFileSync(join(fleet.path, 'cells/b.yaml'), 'name: c\n');
  expect(new Set([fleet.git('rev-parse', 'HEAD'), added, known()]).size).toBe(3);
});
