import { spawn } from 'node:child_process';

export interface Outcome {
  /** Exit status; 128 and the signal's number when a signal ended it; 127 when the program is not there. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What the program reads from its standard input. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is killed. Default: none. */
  readonly timeout?: number;
}

/** `/usr/sbin` is not on everybody's path. */
const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

/** Environment of every program that this target starts. */
export const environment = { ...process.env, PATH: path, LC_ALL: 'C.UTF-8' };

/** For programs that stay when the command is over: nothing of its caller's, whose variables may have passwords. */
export const bareEnvironment = { PATH: path, LC_ALL: 'C.UTF-8', HOME: '/root' };

/** Runs a program to its end; never rejects. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...args] = argv as [string, ...string[]];
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: { ...environment, ...options.environment },
      stdio: 'pipe',
      ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: 'SIGKILL' }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => resolve({ status: 127, stdout, stderr: stderr + error.message }));
    child.on('close', (status, signal) =>
      resolve({ status: status ?? (signal === 'SIGKILL' ? 137 : 143), stdout, stderr }),
    );
    // A program that does not read its input may be gone before it is written.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
