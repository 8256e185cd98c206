import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/** A command that says when it works, tidies up for a moment when it is interrupted, and says so. */
const program = `
import { interruptible, unlessAborted } from '${root}lib/cli/interrupt.ts';
await interruptible(async (signal) => {
  const timer = setInterval(() => undefined, 1000);
  try {
    console.log('works');
    await unlessAborted(new Promise(() => undefined), signal);
  } finally {
    console.log('tidies up');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    clearInterval(timer);
    console.log('tidied up');
  }
}, 'takes it all back');
`;

/** What becomes of it when it gets the first signal while it works, and a second one, if any, while it tidies up. */
async function interrupted(
  first: NodeJS.Signals,
  second?: NodeJS.Signals,
): Promise<{ status: number | null; output: string; said: string }> {
  const loader = `${root}node_modules/tsx/dist/esm/index.mjs`;
  const child = spawn(process.execPath, ['--import', loader, '--input-type=module', '--eval', program], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, said] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('works')) child.kill(first);
    if (second && text.includes('tidies up')) child.kill(second);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output, said };
}

describe('a command that is interrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s tidies up and ends with %i', async (signal, status) => {
    expect(await interrupted(signal)).toEqual({
      status,
      output: 'works\ntidies up\ntidied up\n',
      said: '\ncellstamp: takes it all back\n',
    });
  });

  it('by a closed pipe tidies up and ends with 141, and not by the pipe of a child that is gone', async () => {
    const text = `
import { spawn } from 'node:child_process';
import { outputIsClosed, interruptible, unlessAborted } from '${root}lib/cli/interrupt.ts';
await interruptible(async (signal) => {
  const child = spawn('true', { stdio: ['pipe', 'ignore', 'ignore'] });
  await new Promise((resolve) => child.once('exit', resolve));
  child.stdin.on('error', () => undefined);
  child.stdin.write('nobody reads this');
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(signal.aborted);
  outputIsClosed();
  outputIsClosed();
  console.log(signal.aborted);
});
`;
    const loader = `${root}node_modules/tsx/dist/esm/index.mjs`;
    const argv = ['--import', loader, '--input-type=module', '--eval', text];
    expect(spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })).toMatchObject({
      status: 141,
      stdout: 'false\ntrue\n',
    });
  });

  it('twice ends at once', async () => {
    expect(await interrupted('SIGINT', 'SIGTERM')).toMatchObject({ status: 143, output: 'works\ntidies up\n' });
  });
});
