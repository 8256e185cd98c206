/** What a test wants to know of relays and their two hosts. */
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { relaysProgram } from '../../../lib/software/take-over/paths.ts';
import { descendants } from '../../../lib/targets/local/processes.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { Lab } from './lab.ts';

/** What a media host does with each of its two relays, by the relay's number: holds, follows, waits. */
export async function relaysOf(lab: Lab, host: string): Promise<ReadonlyMap<number, string>> {
  const said = await lab.run(host, relaysProgram, 'list').catch(() => '');
  return new Map([...said.matchAll(/^(\d+) \w+ (\w+)/gm)].map(([, number, does]) => [Number(number), does!]));
}

/** Whether every relay is at home, and followed: nothing is about to move or restart. */
export async function relaysAreHome(lab: Lab): Promise<boolean> {
  const all = await Promise.all(
    lab.cell.media.map(async ({ name, number, guest }) => {
      const relays = await relaysOf(lab, name);
      return relays.get(number) === 'holds' && relays.get(guest!) === 'follows';
    }),
  );
  return all.every((home) => home);
}

/** Sessions of the two rtpengines of a media host, their own and those that they only know; -1 while one is being started. */
export async function relayedOf(lab: Lab, host: string): Promise<readonly number[]> {
  const { address } = lab.cell.media.find(({ name }) => name === host)!;
  const ports = [internalPorts.rtpengineMetrics, internalPorts.guestMetrics];
  return Promise.all(
    ports.map(async (port) => {
      const text = await lab.run(host, 'curl', '-s', `http://${address}:${port}/metrics`).catch(() => undefined);
      if (text === undefined) return -1;
      const counts = [...text.matchAll(/^rtpengine_sessions\{type="(?:own|foreign)"\} (\d+)/gm)];
      if (counts.length !== 2) throw new Error(`${host} does not tell its sessions at port ${port}`);
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    }),
  );
}

/** Stops every process of a host at once, as a hypervisor stops a machine. */
export function freeze(cell: string, host: string): void {
  signalHost(cell, host, 'SIGSTOP');
}

export function thaw(cell: string, host: string): void {
  signalHost(cell, host, 'SIGCONT');
}

function signalHost(cell: string, host: string, signal: NodeJS.Signals): void {
  const { init } = requireState(cell).namespaces[host]!;
  for (const { pid } of descendants([init]).get(init)!) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between.
    }
  }
}
