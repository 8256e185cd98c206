/** Brings the hosts of a cell to the configuration that was applied, one at a time. */
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import type { HostCommand } from './host-command.ts';

export interface RollHost {
  readonly name: string;
  readonly kind: 'media' | 'sbc';
  /** Whether it is the SBC that takes calls now. */
  readonly active: boolean;
}

/** A cell on a target whose hosts fetch what they are to run: a bundle each, which the target names to them. */
export interface RollPort extends CellPort {
  /** The hosts that run or boot. */
  hosts(): Promise<readonly RollHost[]>;

  /**
   * Waits until a host has booted for the first time.
   * @throws UserError when it says that it failed
   */
  booted(host: string): Promise<void>;

  /** Has a host drain and restart the programs whose files its bundle changes, and nothing else; ends when they are ready. */
  readonly takeBundle: HostCommand;
}

/**
 * Media hosts, then the standby SBC, then the active one. A host whose bundle is the one that it runs is left alone by the host
 * itself. Stops at the first host that does not become ready; doing it again goes on from there.
 *
 * @param onReady told of each host that is
 * @param signal once it is aborted no further host is touched
 * @returns the hosts that are ready, in the order in which they were touched
 */
export async function roll(
  port: RollPort,
  { onReady, signal }: { readonly onReady?: (host: string) => void; readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  return port.exclusively('roll', async () => {
    const ready: string[] = [];
    for (;;) {
      signal?.throwIfAborted();
      // Asked each time: the SBC that is active may have changed since.
      const hosts = await port.hosts();
      if (hosts.length === 0) throw new OperationFailure(`cell ${port.cell} has no host that runs`);
      const next = inOrder(hosts).find((host) => !ready.includes(host));
      if (next === undefined) return ready;
      await port.booted(next);
      await port.run(next, port.takeBundle);
      ready.push(next);
      onReady?.(next);
    }
  });
}

function inOrder(hosts: readonly RollHost[]): readonly string[] {
  const rank = ({ kind, active }: RollHost) => (kind === 'media' ? 0 : active ? 2 : 1);
  return [...hosts].sort((a, b) => rank(a) - rank(b)).map(({ name }) => name);
}
