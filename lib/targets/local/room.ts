/** Room for the files of cells on this machine. */
import { existsSync, statfsSync } from 'node:fs';
import { counted } from '../../config-file/counted.ts';
import { down } from './down.ts';
import { LocalFailure } from './failure.ts';
import { cellFolder, makeFolder, stateRoot } from './state.ts';

/**
 * What a host may put there: its configuration, and logs. Measured after a start: 24 kB of a namespace without services to 360 kB of
 * an SBC. What a host writes elsewhere is in memory of its own.
 */
const hostRoomMiB = 1;

/** @throws LocalFailure when the file system of all cells has no room for this many hosts more */
export function requireRoom(name: string, hosts: number): void {
  makeFolder(stateRoot);
  const { blocks, bavail, bsize, files, ffree } = statfsSync(stateRoot);
  const needed = hosts * hostRoomMiB;
  // A file system without limits says zero of everything.
  if (blocks > 0 && bavail * bsize < needed * 2 ** 20) {
    throw new LocalFailure(
      `${stateRoot} is full: ${name} needs ${needed} MiB there, and ${mib(bavail * bsize)} of ${mib(blocks * bsize)} MiB are free (df ${stateRoot}); nothing was changed`,
    );
  }
  if (files > 0 && ffree < hosts * filesOfHost) {
    throw new LocalFailure(
      `${stateRoot} is full: ${name} needs ${counted(hosts * filesOfHost, 'file')} there, and ${ffree} of ${files} are free (df -i ${stateRoot}); nothing was changed`,
    );
  }
}

/** Files and folders of a host, rounded up. Measured: at most 44, of an SBC. */
const filesOfHost = 64;

const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

/** Whether not a block is free there: what hosts log is lost then. */
export function isFull(): boolean {
  const { blocks, bavail } = statfsSync(stateRoot);
  return blocks > 0 && bavail === 0;
}

/**
 * Does what writes there. Where the room ends all the same, or nothing can be written, what it has begun of something that was not up
 * goes again.
 * @throws LocalFailure in words for what the file system says
 */
export async function withRoom<T>(name: string, action: () => Promise<T>): Promise<T> {
  const before = existsSync(cellFolder(name));
  try {
    return await action();
  } catch (error) {
    const problem = unwritable(error);
    if (problem === undefined) throw error;
    if (!before) await down(name);
    throw new LocalFailure(`${problem}; ${before ? `what of ${name} was up is up` : 'nothing is left of it'}`);
  }
}

function unwritable(error: unknown): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return `${stateRoot} is full: ${message}`;
  return code === 'EROFS' ? `${stateRoot} can't be written: ${message}` : undefined;
}
