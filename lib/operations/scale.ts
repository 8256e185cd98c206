/** Puts media hosts into service and takes others out of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import { askDrained, drainedIn, setInService } from './host-command.ts';

/** Media hosts by number. */
export interface InService {
  /** Those that are to change, or to stay as they should be. */
  readonly hosts: readonly number[];
  /** Those of them that are to take new calls. A host that is taken out keeps its calls until they end. */
  readonly inService: readonly number[];
}

export interface Scaled {
  /** Numbers of the media hosts that took no new calls before. */
  readonly intoService: readonly number[];
  /** Numbers of the media hosts that took new calls before. */
  readonly outOfService: readonly number[];
}

/** An SBC tells the other one within a second. */
const replication = { attempts: 20, pauseMs: 250 };

/**
 * Doing it twice changes nothing the second time; after an interruption the same operation completes what is missing.
 *
 * @throws OperationFailure when an SBC doesn't learn of the change
 */
export function scale(port: CellPort, wanted: InService): Promise<Scaled> {
  return port.exclusively('scale', () => putIntoService(port, wanted));
}

/** The same, as a part of an operation that has the cell to itself. */
export async function putIntoService(port: CellPort, wanted: InService): Promise<Scaled> {
  const { hosts, inService } = wanted;
  const sbcs = await port.sbcs();
  const [active] = sbcs;
  const before = drainedIn(await port.run(active, askDrained));
  const intoService = inService.filter((host) => before.has(host));
  const outOfService = hosts.filter((host) => !inService.includes(host) && !before.has(host));
  // New hosts take calls before others stop: at no moment are there fewer than before and after.
  for (const change of [intoService, outOfService]) {
    // On each: one that learned of a change before repeats that to the other for a while, and would undo this one.
    if (change.length > 0) for (const sbc of sbcs) await port.run(sbc, setInService(change, intoService));
  }
  for (const sbc of sbcs) await learns(port, sbc, wanted);
  return { intoService, outOfService };
}

/** Waits until an SBC knows which hosts are in service. */
async function learns(port: CellPort, sbc: string, { hosts, inService }: InService): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const drained = drainedIn(await port.run(sbc, askDrained));
    const wrong = hosts.filter((host) => drained.has(host) === inService.includes(host));
    if (wrong.length === 0) return;
    if (attempt === replication.attempts) {
      throw new OperationFailure(
        `${sbc} of cell ${port.cell} has not learnt of the change of media hosts ${wrong.join(', ')}; the same command tries again`,
      );
    }
    await sleep(replication.pauseMs);
  }
}
