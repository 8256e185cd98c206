/** Brings the hosts of a cell to the configuration that was applied, one at a time. */
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import { awaitProbe, probeFaults } from './probes.ts';

export type RollKind = 'media' | 'sbc';

export interface RollHost {
  readonly name: string;
  readonly kind: RollKind;
  /** Whether it is the SBC that takes calls now. */
  readonly active: boolean;
}

/** A cell on a target to which somebody has applied what each host is to run. */
export interface RollPort extends CellPort {
  /** The hosts that run or boot. */
  hosts(): Promise<readonly RollHost[]>;

  /**
   * Has a host run what it is to run, without losing its calls; ends when it is ready. A host that does already is left alone.
   * @throws UserError when it does not become ready
   */
  renew(host: string): Promise<void>;
}

/**
 * Media hosts, then the standby SBC, then the active one. Stops at the first host that does not become ready, and when calls of the cell's probe
 * fail that did not fail before; doing it again goes on from there.
 *
 * @param only the only kind of host that is meant; all by default
 * @param onReady told of each host that is
 * @param signal once it is aborted no further host is touched
 * @returns the hosts that are ready, in the order in which they were touched
 */
export async function roll(
  port: RollPort,
  {
    only,
    onReady,
    signal,
  }: { readonly only?: RollKind; readonly onReady?: (host: string) => void; readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  return port.exclusively('roll', async () => {
    const ready: string[] = [];
    const sbcs = async () => (await port.hosts()).flatMap(({ name, kind }) => (kind === 'sbc' ? [name] : []));
    const before = await probeFaults(port, await sbcs());
    for (;;) {
      signal?.throwIfAborted();
      // Asked each time: the SBC that is active may have changed since.
      const hosts = await port.hosts();
      if (hosts.length === 0) throw new OperationFailure(`cell ${port.cell} has no host that runs`);
      const next = inOrder(hosts, only).find((host) => !ready.includes(host));
      if (next === undefined) return ready;
      await port.renew(next);
      await awaitProbe(port, await sbcs(), next, before, signal);
      ready.push(next);
      onReady?.(next);
    }
  });
}

function inOrder(hosts: readonly RollHost[], only: RollKind | undefined): readonly string[] {
  const rank = ({ kind, active }: RollHost) => (kind === 'media' ? 0 : active ? 2 : 1);
  return hosts
    .filter(({ kind }) => only === undefined || kind === only)
    .sort((a, b) => rank(a) - rank(b))
    .map(({ name }) => name);
}
