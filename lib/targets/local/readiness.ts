/** Which host may start its services when, and what to say when one does not become ready. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell } from '../../fleet/derive/cell.ts';
import { LocalFailure } from './failure.ts';
import type { NamespacePlan } from './host-plan.ts';
import { tail, type StartedNamespace } from './namespace.ts';
import { isAlive } from './processes.ts';
import { isActive, readService, type ServiceStatus } from './service-notes.ts';

/** A whole cell must be ready by then, in seconds. It takes about 5; a machine that is busy with other things takes longer. */
const deadlineSeconds = 120;

/** A service that had to be started so often is not getting ready. */
const hopelessStarts = 6;

/**
 * Lets each host start its services once those it needs are ready, and waits for all.
 * @param started The hosts that are new; the others run already.
 * @throws LocalFailure when a host ends or a service does not become ready.
 */
export async function startServices(
  cell: Pick<Cell, 'name'>,
  plans: readonly NamespacePlan[],
  started: ReadonlyMap<string, StartedNamespace>,
  onReady: (host: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + deadlineSeconds * 1000;
  const ready = new Set<string>();
  const told = new Set<string>();
  while (ready.size < plans.length) {
    for (const plan of plans) {
      if (ready.has(plan.name)) continue;
      if (!told.has(plan.name) && plan.after.every((name) => ready.has(name))) {
        started.get(plan.name)?.proceed();
        told.add(plan.name);
      }
      const services = plan.config.services.map(({ name }) => readService(cell.name, plan.name, name));
      failEarly(cell, plan, services, started.get(plan.name));
      if (services.every(({ state }) => ['ready', 'finished', 'held'].includes(state))) {
        ready.add(plan.name);
        onReady(plan.name);
      }
    }
    if (Date.now() > deadline) {
      const late = plans.filter((plan) => !ready.has(plan.name)).map((plan) => plan.name);
      throw new LocalFailure(`not ready after ${deadlineSeconds} s: ${late.join(', ')}`);
    }
    await sleep(15, undefined, { ...(signal ? { signal } : {}) });
  }
}

function failEarly(
  cell: Pick<Cell, 'name'>,
  plan: NamespacePlan,
  services: readonly ServiceStatus[],
  namespace: StartedNamespace | undefined,
): void {
  if (namespace && !isAlive(namespace.init)) {
    throw new LocalFailure(`host ${plan.name} ended while it booted:\n${tail(cell.name, plan.name, 'init')}`);
  }
  const hopeless = services.find(({ state, starts }) => state === 'failed' && starts >= hopelessStarts);
  if (hopeless) {
    throw new LocalFailure(
      `service ${hopeless.name} on ${plan.name} does not start (${hopeless.reason}):\n${tail(cell.name, plan.name, hopeless.name)}`,
    );
  }
}

/** Waits until one of the SBCs has taken the floating addresses. */
export async function anSbcIsActive(cell: Cell, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!cell.sbcs.some((sbc) => isActive(cell.name, sbc.name))) {
    if (Date.now() > deadline) {
      throw new LocalFailure(`no SBC became active:\n${tail(cell.name, cell.sbcs[0].name, 'keepalived')}`);
    }
    await sleep(15, undefined, { ...(signal ? { signal } : {}) });
  }
}
