/** A media host in namespaces of its own, asked from a test. */
import { spawn } from 'node:child_process';
import type { Requests } from './inside.ts';

export type Host = Requests & { close(): Promise<void> };

/** Opens the namespaces and puts the addresses there; nothing runs yet. All of it is gone when either side ends. */
export async function openHost(addresses: readonly string[]): Promise<Host> {
  const inside = new URL('inside.ts', import.meta.url).pathname;
  const child = spawn(
    'unshare',
    [
      ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...[process.execPath, '--import', 'tsx', inside, ...addresses],
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  const ask = (id: number, message?: object) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      if (message) child.send({ id, ...message });
    });
  child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the namespaces are gone'));
  });
  await ask(0);

  let last = 0;
  return new Proxy({} as Host, {
    get: (_, name: string) => {
      if (name === 'then') return undefined;
      if (name === 'close') {
        return () => {
          child.disconnect();
          return exited;
        };
      }
      return (...args: unknown[]) => ask(++last, { name, args });
    },
  });
}
