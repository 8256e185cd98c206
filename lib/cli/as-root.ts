import { spawnSync } from 'node:child_process';

/** The command went on as root, in a process of its own, and ended so. */
export class WentOnAsRoot extends Error {
  override readonly name = 'WentOnAsRoot';
  readonly status: number;

  constructor(status: number) {
    super(`ended with ${status}`);
    this.status = status;
  }
}

/**
 * Runs this very command line again by sudo where this process may not make network namespaces. Returns where that is not
 * needed or there is no sudo: then the command itself says what it lacks.
 * @throws WentOnAsRoot when sudo has done it
 */
export function asRoot(): void {
  if (process.platform !== 'linux' || process.getuid?.() === 0) return;
  if (spawnSync('sudo', ['--version']).status !== 0) return;
  console.error('cellstamp: network namespaces need root: going on with sudo');
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync('sudo', ['--', ...again], { stdio: 'inherit' });
  throw new WentOnAsRoot(status ?? 1);
}
