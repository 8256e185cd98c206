/** What is to be done with the hosts of a cell so that they are what its definition says. */
import { namesPath, ringPaths, type NamespacePlan } from './host-plan.ts';
import { hashOf } from './late-values.ts';
import type { CellState, Namespace } from './state.ts';

/** Names of hosts. */
export interface Changes {
  /** Are made at once: they are not there, or what they have is no longer of use. */
  readonly make: readonly string[];
  /** Have calls, and another configuration: they are recreated one after the other. */
  readonly renew: readonly string[];
  /** Media hosts that have another neighbour or guest, while they go on: before anything else, see `ring.ts`. */
  readonly ring: readonly string[];
  /** Receive names and firewall rules: other hosts have come or gone. */
  readonly tell: readonly string[];
  /** Are not a part of the cell any longer. */
  readonly gone: readonly string[];
}

/**
 * @param previous the hosts that there are, and `fabric` and `outside`
 * @param isUp whether a host of them runs
 * @param held hosts that stay as they are for now
 */
export function changesOf(
  previous: CellState['namespaces'],
  plans: readonly NamespacePlan[],
  isUp: (name: string) => boolean,
  held: readonly string[] = [],
): Changes {
  const make = new Set<string>();
  const renew: string[] = [];
  const ring: string[] = [];
  const tell: string[] = [];
  // A host stands behind those that it fills.
  for (const plan of plans) {
    const before = previous[plan.name];
    const record = recordOf(plan);
    const isEmptied = plan.fills.length > 0 && plan.fills.every((name) => make.has(name));
    if (before === undefined || !isUp(plan.name) || isEmptied) make.add(plan.name);
    else if (before.hash === record.hash || held.includes(plan.name)) continue;
    else if (before.core === record.core) tell.push(plan.name);
    else if (!carriesCalls(plan)) make.add(plan.name);
    else {
      const moves = before.ring !== undefined && record.ring !== undefined && !sameRing(before, record);
      if (moves) ring.push(plan.name);
      if (!moves || before.own !== record.own) renew.push(plan.name);
    }
  }
  const known = ['fabric', 'outside', ...plans.map(({ name }) => name)];
  return { make: [...make], renew, ring, tell, gone: Object.keys(previous).filter((name) => !known.includes(name)) };
}

/** What is kept of the plan by which a namespace was made. */
export function recordOf(plan: NamespacePlan): Omit<Namespace, 'init'> {
  const { config, ring } = plan;
  const files = config.files.filter(({ path }) => path !== namesPath);
  const coreOf = (kept: typeof files) => ({ ...plan, rules: undefined, config: { ...config, files: kept } });
  const hashes = { hash: hashOf(plan), core: hashOf(coreOf(files)) };
  if (ring === undefined) return hashes;
  const own = { ...coreOf(files.filter(({ path }) => !ringPaths.includes(path))), ring: undefined };
  return { ...hashes, ring, own: hashOf(own) };
}

const carriesCalls = ({ name }: NamespacePlan) => /^(media|sbc)-/.test(name);

const sameRing = (before: Pick<Namespace, 'ring'>, after: Pick<Namespace, 'ring'>) =>
  before.ring?.neighbour === after.ring?.neighbour && before.ring?.guest === after.ring?.guest;
