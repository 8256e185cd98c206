/** What a host's supervisor last wrote of its services, a file each; see `host-script.ts`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostFolder } from './state.ts';

export interface ServiceStatus {
  readonly name: string;
  /**
   * `ready` and `finished` are good; `held` while its host is drained; `faulty` when it runs and does not do its work; `absent` when its
   * program is not on this machine.
   */
  readonly state: 'waiting' | 'starting' | 'ready' | 'finished' | 'held' | 'faulty' | 'failed' | 'absent';
  /** How often it was started. */
  readonly starts: number;
  /** Why it failed or is faulty. */
  readonly reason?: string;
}

/** Whether a host was made with a service. Of one whose services have not started yet nobody knows. */
export function hasNote(cell: string, host: string, service: string): boolean {
  return existsSync(notePath(cell, host, service));
}

/** One service as its supervisor last wrote it. Whether it does its work only `health.ts` finds out. */
export function readService(cell: string, host: string, service: string): ServiceStatus {
  const [state = '', , starts = '0', ...reason] = note(cell, host, service).split(' ');
  return {
    name: service,
    state: (['starting', 'ready', 'finished', 'held', 'failed'] as const).find((known) => known === state) ?? 'waiting',
    starts: Number(starts),
    ...(reason.join(' ') === '' ? {} : { reason: reason.join(' ') }),
  };
}

/** Number of its first process, as the host counts; undefined while it has none. */
export function servicePid(cell: string, host: string, service: string): number | undefined {
  const pid = Number(note(cell, host, service).split(' ')[1]);
  return pid > 0 ? pid : undefined;
}

/** Whether an SBC has taken the floating addresses. */
export function isActive(cell: string, host: string): boolean {
  return vrrpState(cell, host) === 'MASTER';
}

/** Whether an SBC has not got the floating addresses, and takes them as soon as the other one is gone. */
export function isBackup(cell: string, host: string): boolean {
  return vrrpState(cell, host) === 'BACKUP' && readService(cell, host, 'keepalived').state === 'ready';
}

const vrrpState = (cell: string, host: string) => note(cell, host, 'vrrp-state');

const notePath = (cell: string, host: string, name: string) => join(hostFolder(cell, host), 'services', name);

function note(cell: string, host: string, name: string): string {
  try {
    return readFileSync(notePath(cell, host, name), 'utf8').trim();
  } catch {
    return '';
  }
}
