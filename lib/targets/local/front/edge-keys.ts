/** Changes of a running front's keys, each told to everybody before the command ends. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterStep, type EdgeKeys, type EdgeKeysStep } from '../../../fleet/edge-keys.ts';
import { deriveFront, type Front } from '../../../fleet/derive/front.ts';
import { LocalFailure } from '../failure.ts';
import { exclusively, requireState } from '../state.ts';
import { edgeAddresses } from './addresses.ts';
import { tellCellOfEdges } from './attach.ts';
import { askEdge, tableEntries } from './kamailio.ts';
import { frontSecrets, keepEdgeKeys } from './secrets.ts';
import type { FrontState } from './state.ts';
import { directoryOf } from './up.ts';

/** How long edges may take to learn of a change. Milliseconds. */
const edgesPatience = 10_000;

export async function edgeKeysOf(state: FrontState): Promise<EdgeKeys> {
  return (await frontSecrets(deriveFront(state.spec))).edgeKeys;
}

/**
 * Takes one step, and returns once every SBC and every edge knows of it.
 * @throws EdgeKeysRefused when it can't be taken, LocalFailure when somebody does not learn of it
 */
export async function changeEdgeKeys(state: FrontState, change: EdgeKeysStep): Promise<EdgeKeys> {
  const front = deriveFront(state.spec);
  return exclusively(front.name, async () => {
    const keys = afterStep(await edgeKeysOf(state), change, randomBytes);
    await keepEdgeKeys(front, keys);
    for (const { name } of state.cells) await tellCellOfEdges(requireState(name), edgeAddresses(front), keys);
    await (await directoryOf(front, state)).putEdgeKeys(keys);
    await edgesKnowKeys(front, state, keys);
    return keys;
  });
}

async function edgesKnowKeys(front: Front, state: FrontState, { current, keys }: EdgeKeys): Promise<void> {
  const wanted = [['current', current], ...Object.entries(keys).map(([id, key]) => [`key:${id}`, key])].sort().join();
  const deadline = Date.now() + edgesPatience;
  for (const { name } of front.edges) {
    for (;;) {
      const known = tableEntries((await askEdge(state, name, ['htable.dump', 'edge_keys'])) ?? '');
      if ([...known].sort().join() === wanted) break;
      if (Date.now() > deadline) throw new LocalFailure(`edge ${name} does not learn of the keys`);
      await sleep(100);
    }
  }
}
