/** The fleet's repository: its commits, and what they hold. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printable } from '../config-file/finding.ts';
import { CommandFailure } from './failure.ts';

/**
 * @returns the hash of the tree, which may be that of no commit: before the first deploy nothing is there
 * @throws CommandFailure when it is no commit of the repository in this folder
 */
export function treeOf(commit: string): string {
  const found = spawnSync('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`], {
    encoding: 'utf8',
  });
  if (found.status === 0) return found.stdout.trim();
  const allowed = 'give the commit or the tag that is deployed now';
  throw new CommandFailure(`${printable(commit)} is not a commit of this repository; ${allowed}`, 2);
}

/** Files that differ between a tree and what is checked out, from the root of the repository. */
export const changedFiles = (tree: string, ...options: readonly string[]): readonly string[] =>
  execFileSync('git', ['diff', '--name-only', '-z', ...options, tree, 'HEAD', '--'], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

export const isFileIn = (commit: string, path: string): boolean =>
  spawnSync('git', ['cat-file', '-e', `${commit}:./${path}`], { stdio: 'ignore' }).status === 0;

/** Checks a commit out beside this folder, works there, and takes the copy away. This folder stays as it is. */
export async function withCheckout<T>(commit: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-checkout-'));
  const copy = join(folder, 'work');
  try {
    execFileSync('git', ['worktree', 'add', '--quiet', '--detach', copy, commit], { stdio: ['ignore', 2, 'inherit'] });
    // The fleet may lie in a folder of the repository.
    const within = execFileSync('git', ['rev-parse', '--show-prefix'], { encoding: 'utf8' }).trim();
    return await work(join(copy, within));
  } finally {
    spawnSync('git', ['worktree', 'remove', '--force', copy], { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  }
}
