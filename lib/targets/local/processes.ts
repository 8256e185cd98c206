/** Processes of this machine, told apart even after their number was given to another one. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { processId, type ProcessId } from '../../config-file/lock.ts';

export { processId, type ProcessId };

export function isAlive(process: ProcessId): boolean {
  return processId(process.pid)?.started === process.started;
}

export interface RunningProcess {
  readonly pid: number;
  /** As its own namespace counts. */
  readonly innerPid: number;
  readonly parent: number;
  /** Whether a signal has stopped it. */
  readonly stopped: boolean;
}

/** A process and all that descend from it, for each of some processes. */
export function descendants(ancestors: readonly ProcessId[]): ReadonlyMap<ProcessId, readonly RunningProcess[]> {
  const children = new Map<number, RunningProcess[]>();
  const all = allProcesses().flatMap(({ pid }) => details(pid) ?? []);
  for (const process of all) children.set(process.parent, [...(children.get(process.parent) ?? []), process]);
  const family = (process: RunningProcess): readonly RunningProcess[] => [
    process,
    ...(children.get(process.pid) ?? []).flatMap(family),
  ];
  return new Map(
    ancestors.map((ancestor) => [ancestor, all.filter(({ pid }) => pid === ancestor.pid).flatMap(family)]),
  );
}

function details(pid: number): RunningProcess | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
    return {
      pid,
      innerPid: Number(field('NSpid').split('\t').at(-1)),
      parent: Number(field('PPid')),
      stopped: field('State').startsWith('T'),
    };
  } catch {
    return undefined;
  }
}

/** Number that the kernel gives a network namespace; undefined when the process is gone. */
export function networkNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

export function kill(process: ProcessId): void {
  if (!isAlive(process)) return;
  try {
    globalThis.process.kill(process.pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

/** All processes of this machine. */
function allProcesses(): readonly ProcessId[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processId(Number(name)))
    .filter((process) => process !== undefined);
}

function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The words of the command line of every process. */
export function commandLines(): readonly (readonly string[])[] {
  return allProcesses().map(({ pid }) => commandLine(pid));
}

/** The processes that have a word of their command line for which the condition holds. */
export function processesWithArgument(condition: (word: string) => boolean): readonly ProcessId[] {
  return allProcesses().filter(({ pid }) => commandLine(pid).some(condition));
}

/** The processes in one of these network namespaces. */
export function processesInNetworks(namespaces: ReadonlySet<string>): readonly ProcessId[] {
  return allProcesses().filter(({ pid }) => namespaces.has(networkNamespace(pid) ?? ''));
}
