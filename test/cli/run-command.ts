import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { run } from '../../lib/cli/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a person would, in a process and a folder of its own. */
export function spawnCellstamp(folder: string, ...args: readonly string[]): Run {
  const argv = ['--import', `${root}node_modules/tsx/dist/esm/index.mjs`, `${root}lib/cli/main.ts`, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Runs the same command line in this process, which saves starting one. */
export async function cellstamp(...args: readonly string[]): Promise<Run> {
  const written = { stdout: '', stderr: '' };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text: string) => void (written.stdout += `${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text: string) => void (written.stderr += `${text}\n`)),
    ...(['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        written[stream] += String(text);
        return true;
      }),
    ),
  ];
  try {
    return { status: await run(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}
