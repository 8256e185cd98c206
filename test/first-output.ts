import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a program that stays prints first. @throws Error if it ends before */
export async function firstOutput(child: ChildProcess): Promise<string> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'close', { signal }).then(([code, killed]: (number | string | null)[]) => {
    throw new Error(`${child.spawnfile} ended with ${killed ?? code} before it said anything`);
  });
  try {
    const [bytes] = (await Promise.race([once(child.stdout!, 'data', { signal }), ended])) as [Buffer];
    return bytes.toString();
  } finally {
    ended.catch(() => undefined);
    waiting.abort();
  }
}
