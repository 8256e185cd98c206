/** The fleet's repository: its commits, and what they hold. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printable } from '../config-file/finding.ts';
import { CommandFailure } from './failure.ts';

/**
 * @returns the hash of the tree, which may be that of no commit: before the first deploy nothing is there
 * @throws CommandFailure when it is not a commit of the repository in this folder
 */
export function treeOf(commit: string): string {
  const found = spawnSync('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`], {
    encoding: 'utf8',
  });
  if (found.status === 0) return found.stdout.trim();
  const allowed = 'give the commit or the tag that is deployed now';
  throw new CommandFailure(`${printable(commit)} is not a commit of this repository; ${allowed}`, 2);
}

/** @returns the hash of the commit that a name stands for; of a tree, the tree's own hash */
export function commitOf(name: string): string {
  const found = spawnSync('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], {
    encoding: 'utf8',
  });
  return found.status === 0 ? found.stdout.trim() : treeOf(name);
}

const git = (...args: readonly string[]): Buffer => execFileSync('git', args, { maxBuffer: 2 ** 30 });
const paths = (output: Buffer): readonly string[] => output.toString().split('\0').slice(0, -1);

/** YAML files that no commit has and git does not ignore, from this folder; none that an editor keeps beside a file. */
const untracked = (folder: string): readonly string[] =>
  paths(git('ls-files', '--others', '--exclude-standard', '-z', '--', folder)).filter((path) =>
    /(^|\/)[^./][^/]*\.yaml$/.test(path),
  );

/** What is deployed from this folder: the commit that is checked out, with a hash of what differs from it in a folder. */
export function checkedOut(folder: string): string {
  const changes = [
    git('diff', '--no-ext-diff', '--no-color', 'HEAD', '--', folder),
    ...untracked(folder).flatMap((path) => [Buffer.from(`\0${path}\0`), readFileSync(path)]),
  ];
  const hash = createHash('sha256').update(Buffer.concat(changes)).digest('hex').slice(0, 8);
  return `${commitOf('HEAD')}${changes.every(({ length }) => length === 0) ? '' : `+${hash}`}`;
}

/**
 * Files that differ between a tree and what lies in this folder, from here, as the fleet may lie in a folder of the repository. Of those that no
 * commit has, only what is in the folder of the cells.
 */
export const changedFiles = (tree: string, folder: string): readonly string[] => [
  ...differing(tree),
  ...untracked(folder),
];

/** Files of a tree that are not here any more. A file that has another name is gone from its old one. */
export const goneFiles = (tree: string): readonly string[] => differing(tree, '--diff-filter=D');

const differing = (tree: string, ...options: readonly string[]): readonly string[] =>
  paths(git('diff', '--name-only', '--no-renames', '--relative', '-z', ...options, tree, '--'));

export const isFileIn = (commit: string, path: string): boolean =>
  spawnSync('git', ['cat-file', '-e', `${commit}:./${path}`], { stdio: 'ignore' }).status === 0;

/** With the process that made it. */
const checkout = /^(.*\/cellstamp-checkout-(\d+)-[^/]+)\/work$/;

/** Checks a commit out beside this folder, works there, and takes the copy away. This folder stays as it is. */
export async function withCheckout<T>(commit: string, work: (folder: string) => Promise<T>): Promise<T> {
  removeAbandoned();
  const folder = mkdtempSync(join(tmpdir(), `cellstamp-checkout-${process.pid}-`));
  const copy = join(folder, 'work');
  try {
    execFileSync('git', ['worktree', 'add', '--quiet', '--detach', copy, commit], { stdio: ['ignore', 2, 'inherit'] });
    // The fleet may lie in a folder of the repository.
    const within = execFileSync('git', ['rev-parse', '--show-prefix'], { encoding: 'utf8' }).trim();
    return await work(join(copy, within));
  } finally {
    removeCheckout(folder, copy);
  }
}

/** Copies whose process was killed. */
function removeAbandoned(): void {
  const listed = execFileSync('git', ['worktree', 'list', '--porcelain'], { encoding: 'utf8' });
  for (const [, copy] of listed.matchAll(/^worktree (.*)$/gm)) {
    const [, folder, process] = checkout.exec(copy!) ?? [];
    if (folder !== undefined && !isRunning(Number(process))) removeCheckout(folder, copy!);
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeCheckout(folder: string, copy: string): void {
  spawnSync('git', ['worktree', 'remove', '--force', copy], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}
