import { spawn } from 'node:child_process';
import { lutimesSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { lockHolder, ownerHere, tryLock, unlock } from '../../lib/config-file/lock.ts';

const dead = { pid: 4_194_305, started: '1' };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'cellstamp-lock-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

it('is free after it was given up, and says whose it is until then', () => {
  const path = join(folder(), 'lock');
  expect(tryLock(path, ownerHere())).toBeUndefined();
  expect(tryLock(path, ownerHere())).toEqual({ path, holder: ownerHere() });
  unlock(path);
  expect(lockHolder(path)).toBeUndefined();
});

it('is not given up by a process that does not have it', () => {
  const path = join(folder(), 'lock');
  symlinkSync(JSON.stringify(dead), path);
  unlock(path);
  expect(lockHolder(path)).toEqual(dead);
});

it('is never in two hands, however many processes take it over from a dead one at the same moment', async () => {
  const root = folder();
  // Each ends its turn as a process that is killed: its lock stays, and says the name of one that is dead.
  const program = `
    import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
    import { ownerHere, tryLock } from ${JSON.stringify(new URL('../../lib/config-file/lock.ts', import.meta.url).href)};
    const until = Date.now() + 3000;
    let turns = 0;
    while (Date.now() < until) {
      if (tryLock('lock', ownerHere()) !== undefined) continue;
      turns += 1;
      writeFileSync('alone', '', { flag: 'wx' });
      rmSync('alone');
      symlinkSync(${JSON.stringify(JSON.stringify(dead))}, 'dead-' + process.pid);
      renameSync('dead-' + process.pid, 'lock');
    }
    console.log(turns);
  `;
  const loader = import.meta.resolve('tsx');
  const ended = Array.from({ length: 4 }, async () => {
    const child = spawn(process.execPath, ['--import', loader, '--input-type=module', '-e', program], { cwd: root });
    const [turns, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(errors).toBe('');
    return Number(turns);
  });
  const turns = await Promise.all(ended);
  expect(turns.reduce((sum, own) => sum + own)).toBeGreaterThan(100);
});

it('is taken over although the process that was taking it over was killed', () => {
  const root = folder();
  const path = join(root, 'lock');
  symlinkSync(JSON.stringify(dead), path);
  symlinkSync(JSON.stringify(dead), `${path}.takeover`);
  expect(tryLock(path, ownerHere())).toEqual({ path: `${path}.takeover`, holder: dead });
  const aMinuteAgo = Date.now() / 1000 - 60;
  lutimesSync(`${path}.takeover`, aMinuteAgo, aMinuteAgo);
  expect(tryLock(path, ownerHere())).toBeUndefined();
  expect(readdirSync(root)).toEqual(['lock']);
});
