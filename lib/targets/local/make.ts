/** Makes namespaces of a cell: starts them, links them, and waits until their services are ready. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { recordOf } from './changes.ts';
import { hostPlan, type NamespacePlan } from './host-plan.ts';
import { filled, lateValues } from './late-values.ts';
import { link, startNamespace, type StartedNamespace } from './namespace.ts';
import { placePrimaries } from './primaries.ts';
import type { ProcessId } from './processes.ts';
import { startServices } from './readiness.ts';
import { secretsOf } from './secrets.ts';
import { writeState, type CellState, type Namespace } from './state.ts';
import { hasFreeswitch } from './status.ts';
import { keepWithdrawn } from './withdrawal.ts';

/** What each host is made of, with its late-bound values. */
export async function plansOf(cell: Cell, publicNetwork: string): Promise<readonly NamespacePlan[]> {
  const secrets = await secretsOf(cell);
  return cell.hosts.map((host) => {
    const plan = hostPlan(cell, host, publicNetwork, hasFreeswitch());
    return { ...plan, config: filled(plan.config, lateValues(cell, host, publicNetwork, secrets)) };
  });
}

export interface Making {
  /** Told of every host that boots and gets ready. */
  readonly onProgress?: (progress: { readonly host: string; readonly state: 'booting' | 'ready' }) => void;
  /** Whether what is made ends with this process, even when it is killed. Default: false. */
  readonly dieWithParent?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * @param state the cell without the hosts that are made
 * @param made `network`: the switch and the outside, where they are not there; `wanted`: the hosts
 * @param awaited the hosts that must be ready, those that are made among them
 * @returns the cell with them
 * @throws LocalFailure when a host does not become ready
 */
export async function makeNamespaces(
  cell: Cell,
  state: CellState,
  { network, wanted }: { readonly network: readonly NamespacePlan[]; readonly wanted: readonly NamespacePlan[] },
  awaited: readonly NamespacePlan[],
  { onProgress, dieWithParent = false, signal }: Making,
): Promise<CellState> {
  const started = new Map<string, StartedNamespace>();
  try {
    await Promise.all(
      [...network, ...wanted].map(async (plan) => {
        onProgress?.({ host: plan.name, state: 'booting' });
        started.set(plan.name, await startNamespace(cell.name, plan, dieWithParent));
        keepWithdrawn(cell.name, plan.name);
      }),
    );
    const made = [...network, ...wanted].map((plan): [string, Namespace] => [
      plan.name,
      { init: started.get(plan.name)!.init, ...recordOf(plan) },
    ]);
    const after: CellState = {
      ...state,
      spec: cell.spec,
      namespaces: { ...state.namespaces, ...Object.fromEntries(made) },
    };
    writeState(after);

    const inits = new Map(wanted.map(({ name }): [string, ProcessId] => [name, after.namespaces[name]!.init]));
    const outside = network.length > 0 ? after.namespaces['outside']!.init : undefined;
    await link(after.namespaces['fabric']!.init, outside, inits);
    await placePrimaries(cell, after);
    for (const namespace of started.values()) namespace.proceed();
    for (const { name } of network) started.get(name)!.proceed();
    await startServices(cell, awaited, started, (host) => onProgress?.({ host, state: 'ready' }), signal);
    return after;
  } finally {
    for (const namespace of started.values()) namespace.release();
  }
}
