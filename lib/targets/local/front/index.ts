/**
 * The front on this machine: regions with edges, a small routed internet around them, the tenant directory, and cells attached
 * to it. Needs root on Linux, as a cell does.
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { kill } from '../processes.ts';
import { runInside, spawnInNetwork } from '../namespace.ts';
import type { Outcome, RunOptions } from '../run.ts';
import { frontProcess, type FrontState } from './state.ts';

export { callerAddress, home, placeRange, serviceAddress } from './addresses.ts';
export { changeEdgeKeys, edgeKeysOf } from './edge-keys.ts';
export { LocalDirectory } from './directory.ts';
export { nameServer } from './names.ts';
export { reroute, regionOfPlace } from './reroute.ts';
export { frontStates, requireFrontOf, requireFrontState, type FrontState } from './state.ts';
export { frontStatus, type EdgeStatus, type FrontCall, type FrontStatus } from './status.ts';
export { addTenant } from './tenants.ts';
export { localMoves } from './tenant-move.ts';
export { directoryOf, frontUp, type FrontUpOptions } from './up.ts';

/** Runs a program on a host of the front, as root, to its end. @throws LocalFailure when the host is not there */
export function execOnFront(
  state: FrontState,
  host: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return runInside(frontProcess(state, host), argv, options);
}

/** Starts a program of this machine in the network of the callers. It ends with this process. */
export function spawnAtCallers(state: FrontState, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawnInNetwork(frontProcess(state, 'callers'), argv, options);
}

/** Ends a host of the front at once, as a failing machine does. The next `up` recreates it. */
export function killFrontHost(state: FrontState, host: string): void {
  kill(frontProcess(state, host));
}
