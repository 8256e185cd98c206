/** A cell on Kubernetes, as operations see it: hosts are pods, commands run in the container of the program that they ask. */
import { counted } from '../../../config-file/counted.ts';
import { OperationFailure } from '../../../operations/failure.ts';
import { probeFaults } from '../../../operations/probes.ts';
import { askDrained, drainedIn, type HostCommand } from '../../../operations/host-command.ts';
import { until } from '../../../operations/patience.ts';
import { askRelays, relaysIn } from '../../../operations/relays.ts';
import type { RollPort } from '../../../operations/roll.ts';
import { putIntoService } from '../../../operations/scale.ts';
import type { MediaHost } from '../../../fleet/derive/cell.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { kubernetesOf } from '../../../fleet/schema/targets/on-kubernetes.ts';
import { paths } from '../../../software/kamailio/sbc/paths.ts';
import { cellOnNodes } from '../cell-on-nodes.ts';
import { cellName, nodeHosts, type NodeHost } from '../names.ts';
import { kubectl, type Kubectl } from './kubectl.ts';
import { leased } from './lease.ts';
import { askWithdrawn, readmitSbc, withdrawSbc } from './withdrawal.ts';

/** Seconds. */
const patience = { ready: 300, home: 60, synced: 90, others: 30 } as const;

/** Annotation of a DaemonSet while a roll is at its host, beyond the end of the command: what the host is to be afterwards. */
const afterRoll = 'cellstamp.io/after-roll';

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

interface DaemonSet {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled: number;
    readonly updatedNumberScheduled?: number;
  };
}

/** An SBC whose Kamailio is ready. */
interface SbcState {
  readonly name: string;
  /** Whether it says that it is the active one. */
  readonly active: boolean;
  /** Why it says nothing, although its pod is ready: its node may have died within the last minute. */
  readonly silence?: unknown;
}

export interface OnKubernetesOptions {
  /** Told of what it does or waits for, in words for a person. */
  readonly onProgress?: (text: string) => void;
}

export interface CellOnKubernetes extends RollPort {
  /** Hosts that are ready, each with the containers that it has. */
  readyHosts(): Promise<ReadonlyMap<string, readonly string[]>>;

  /** SBCs that answer or whose pod is ready; none need be active. */
  states(): Promise<readonly SbcState[]>;

  /** Whether an SBC is kept from the floating address. */
  isWithdrawn(sbc: string): Promise<boolean>;

  /** Whether an SBC could take the floating address now, with all registrations and calls. */
  standsBy(sbc: string): Promise<boolean>;

  /** An SBC gives up the floating address, and its node remembers that it is not to take it. */
  withdraw(sbc: string): Promise<void>;

  /** An SBC may take the floating address again. */
  readmit(sbc: string): Promise<void>;
}

export const kubernetesCell = (spec: CellSpec, options: OnKubernetesOptions = {}): CellOnKubernetes =>
  cellOver(kubectl(cellName(spec)), spec, options);

/** @param cluster reaches the cell's namespace */
export function cellOver(cluster: Kubectl, spec: CellSpec, { onProgress }: OnKubernetesOptions = {}): CellOnKubernetes {
  const cell = cellOnNodes(spec);
  const { drainMinutes } = kubernetesOf(spec);
  const { client, exclusively } = leased(cluster, `cell ${cell.name}`, onProgress);

  const pods = async (): Promise<readonly Pod[]> =>
    (JSON.parse(await client.run(['get', 'pods', '--selector=cellstamp.io/host', '--output=json'])) as { items: Pod[] })
      .items;
  const isOf = ({ role, number }: NodeHost, { metadata: { labels } }: Pod) =>
    labels['cellstamp.io/role'] === role && labels['cellstamp.io/host'] === String(number);
  const isReady = ({ metadata, status }: Pod) =>
    metadata.deletionTimestamp === undefined &&
    (status.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True');
  const hostNamed = (name: string): NodeHost => {
    const found = nodeHosts(cell).find((host) => host.name === name);
    if (found) return found;
    throw new OperationFailure(`cell ${cell.name} has no host ${name}`, 2);
  };
  const podOf = async (name: string): Promise<Pod | undefined> => {
    const host = hostNamed(name);
    const found = (await pods()).filter((pod) => isOf(host, pod));
    return found.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? found[0];
  };

  const runIn = async (
    container: string,
    name: string,
    { does, argv, input, seconds = 600 }: HostCommand,
  ): Promise<string> => {
    const pod = await podOf(name);
    if (pod === undefined)
      throw new OperationFailure(`host ${name} of cell ${cell.name} has no pod, so it does not ${does}`);
    const { status, stdout, stderr } = await client.ask(
      ['exec', '--stdin', pod.metadata.name, `--container=${container}`, '--', ...argv],
      { seconds, ...(input === undefined ? {} : { input }) },
    );
    if (status === 0) return stdout;
    throw new OperationFailure(`host ${name} of cell ${cell.name} does not ${does}: ${(stderr || stdout).trim()}`);
  };

  const run: RollPort['run'] = (name, command) =>
    runIn(hostNamed(name).role === 'sbc' ? 'kamailio' : 'rtpengine', name, command);

  const hasReady = (container: string, { metadata, status }: Pod) =>
    metadata.deletionTimestamp === undefined &&
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
      ({ name, ready }) => name === container && ready,
    );

  /** Whether Kamailio is ready, whatever else its pod waits for: without the database an SBC serves. */
  const serves = (pod: Pod) => hasReady('kamailio', pod);

  const isWithdrawn = async (sbc: string): Promise<boolean> => (await run(sbc, askWithdrawn)).trim() === 'yes';

  const states = async (): Promise<readonly SbcState[]> => {
    const all = await pods();
    const role = { does: 'tell its role', argv: ['cat', paths.role], seconds: 10 };
    const told = await Promise.all(
      cell.sbcs.map(async (sbc) => {
        const pod = all.find((one) => isOf(sbc, one) && serves(one));
        if (pod === undefined) return [];
        try {
          return [{ name: sbc.name, active: (await run(sbc.name, role)).includes('active=i:1') }];
        } catch (silence) {
          // Of the containers on a dead node the API server says what it said last.
          return isReady(pod) ? [{ name: sbc.name, active: false, silence }] : [];
        }
      }),
    );
    return told.flat();
  };

  /** SBCs that answer. @throws OperationFailure when one does not whose pod is ready: it may be the active one */
  const answering = async (): Promise<readonly SbcState[]> => {
    const all = await states();
    for (const { silence } of all) if (silence !== undefined) throw silence;
    return all;
  };

  const daemonSetOf = async (name: string): Promise<DaemonSet> =>
    JSON.parse(await client.run(['get', 'daemonset', name, '--output=json'])) as DaemonSet;

  const isCurrent = async (name: string): Promise<boolean> => {
    const { metadata, status } = await daemonSetOf(name);
    if (status.desiredNumberScheduled !== 1) {
      throw new OperationFailure(
        `${counted(status.desiredNumberScheduled, 'node has', 'nodes have')} the labels of ${name}, and one must: cellstamp.io/cell=${cell.name}, cellstamp.io/role=${hostNamed(name).role}, cellstamp.io/host=${hostNamed(name).number}`,
      );
    }
    return status.observedGeneration === metadata.generation && status.updatedNumberScheduled === 1;
  };

  /** Hosts that are not ready, and why. */
  const faults = async (): Promise<readonly { readonly name: string; readonly why: string }[]> => {
    const all = await pods();
    const told = await Promise.all(
      nodeHosts(cell).map(async (host) => {
        const mine = all.filter((pod) => isOf(host, pod));
        const { name } = host;
        // Its pod stays ready until its probes have asked again. A node that is dead says nothing.
        if (host.role === 'sbc' && mine.some(serves) && (await isWithdrawn(name).catch(() => false))) {
          return [{ name, why: `${name} is drained` }];
        }
        if (mine.some(isReady)) return [];
        const why = mine.flatMap(({ status }) => status.conditions ?? []).find(({ status }) => status === 'False');
        return [{ name, why: `${name} is not ready${why?.message ? `: ${why.message}` : ''}` }];
      }),
    );
    return told.flat();
  };

  /** Every other host is ready: without it the calls have nobody to go to. */
  const othersAreWell = async (name: string): Promise<void> => {
    let others: readonly string[] = [];
    await until(
      async () => {
        others = (await faults()).filter((fault) => fault.name !== name).map(({ why }) => why);
        return others.length === 0;
      },
      patience.others,
      () => `${name} of cell ${cell.name} is not touched: ${others.join('; ')}`,
    );
  };

  /** On a node whose kubelet is silent no pod ends and none starts. */
  const nodeIsWell = async (name: string, pod: Pod | undefined): Promise<void> => {
    const node = pod?.spec.nodeName;
    if (node === undefined) return;
    const { status, stdout } = await client.ask(['get', 'node', node, '--output=json']);
    // Who may not read nodes does not learn of it.
    if (status !== 0) return;
    const { conditions } = (JSON.parse(stdout) as { readonly status: { readonly conditions?: readonly Condition[] } })
      .status;
    const ready = conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True') return;
    throw new OperationFailure(
      `node ${node} is not ready, so ${name} can’t be renewed${ready?.message ? `: ${ready.message}` : ''}`,
    );
  };

  /** The pod ends once its last call has, and another takes its place. */
  const replacePod = async (name: string): Promise<void> => {
    const before = await podOf(name);
    if (before !== undefined && before.metadata.deletionTimestamp === undefined) {
      await client.run(['delete', 'pod', before.metadata.name, '--wait=false', '--ignore-not-found']);
    }
    await until(
      async () => {
        const now = await podOf(name);
        await nodeIsWell(name, now);
        return now?.metadata.uid !== before?.metadata.uid && now !== undefined && isReady(now);
      },
      drainMinutes * 60 + patience.ready,
      () => `${name} of cell ${cell.name} is not ready: kubectl -n ${cellName(cell)} describe pod tells more`,
    );
  };

  const noted = async (name: string): Promise<string | undefined> =>
    (await daemonSetOf(name)).metadata.annotations?.[afterRoll];

  const note = (name: string, after: string | undefined): Promise<string> =>
    client.run([
      ...['annotate', 'daemonset', name, after === undefined ? `${afterRoll}-` : `${afterRoll}=${after}`],
      '--overwrite',
    ]);

  const isDrained = async (number: number): Promise<boolean> => {
    const [active] = await port.sbcs();
    return drainedIn(await run(active, askDrained)).has(number);
  };

  const renewMedia = async ({ name, number }: MediaHost): Promise<void> => {
    // Where a roll was broken off, it has drained the host itself.
    await note(name, (await noted(name)) ?? ((await isDrained(number)) ? 'drained' : 'in-service'));
    onProgress?.(`${name}: new calls go elsewhere; its pod ends with its last call`);
    await putIntoService(port, { hosts: [number], inService: [] });
    await replacePod(name);
    await relayIsHome(name, number);
    await putBack(name, number);
  };

  /** The calls that moved to the neighbour come back; the next host may be that one. */
  const relayIsHome = async (name: string, number: number): Promise<void> => {
    const moves = cell.media.some(({ guest }) => guest === number);
    if (!moves) return;
    await until(
      async () => relaysIn(await run(name, askRelays)).get(number) === 'holds',
      patience.home,
      () => `the relay of ${name} does not come home`,
    );
  };

  /** Gives a host its calls again that a roll has drained. Who took it out of service before wants it so afterwards. */
  const putBack = async (name: string, number: number): Promise<void> => {
    const after = await noted(name);
    if (after === undefined) return;
    if (after === 'in-service') await putIntoService(port, { hosts: [number], inService: [number] });
    await note(name, undefined);
  };

  const knowsAll = async (sbc: string): Promise<boolean> => {
    const does = 'tell whether it knows all calls';
    const said = await run(sbc, { does, argv: ['kamcmd', '-s', `unix:${paths.control}`, 'pv.shvGet', 'synced'] });
    return /value:\s*1\b/.test(said);
  };

  const renewSbc = async (name: string): Promise<void> => {
    const other = cell.sbcs.find((sbc) => sbc.name !== name)!.name;
    const known = await answering();
    const pod = await podOf(name);
    if (pod !== undefined && serves(pod) && (await isWithdrawn(name))) {
      throw new OperationFailure(
        `${name} of cell ${cell.name} is drained, and is not renewed before \`npx cellstamp undrain ${name}\``,
      );
    }
    if (pod !== undefined && !known.some(({ active }) => active)) {
      throw new OperationFailure(
        `no SBC of cell ${cell.name} is known to be active, so ${name} is not renewed: it may have calls. Without regard to them: kubectl -n ${cellName(cell)} delete pod ${pod.metadata.name}`,
      );
    }
    // Where it is the only one there is nobody to wait for.
    if (known.some((sbc) => sbc.name === name && sbc.active)) {
      onProgress?.(`${name}: waits until ${other} knows all registrations and calls`);
      await until(
        () => port.standsBy(other),
        patience.synced,
        () => `${other} is not ready to take over, so ${name} goes on`,
      );
      onProgress?.(`${name}: ${other} takes over`);
    }
    await replacePod(name);
    await until(
      () => knowsAll(name),
      patience.synced,
      () => `${name} does not learn of the registrations and calls of ${other}`,
    );
  };

  const port: CellOnKubernetes = {
    cell: cell.name,

    exclusively,

    async sbcs() {
      const all = await answering();
      const active = all.find((sbc) => sbc.active)?.name;
      if (active === undefined) {
        const known = all.map(({ name }) => name).join(', ') || 'none';
        throw new OperationFailure(`no SBC of cell ${cell.name} on Kubernetes is active; those that answer: ${known}`);
      }
      return [active, ...all.map(({ name }) => name).filter((name) => name !== active)];
    },

    run,

    states,

    isWithdrawn,

    async standsBy(sbc) {
      const host = hostNamed(sbc);
      // Without the database a pod is not ready, and its SBC serves.
      const isThere = (await pods()).some((pod) => isOf(host, pod) && serves(pod) && hasReady('keepalived', pod));
      // The probe of keepalived learns of a drain up to 10 s later.
      return isThere && (await knowsAll(sbc)) && !(await isWithdrawn(sbc));
    },

    async withdraw(sbc) {
      try {
        await runIn('keepalived', sbc, withdrawSbc);
      } catch (error) {
        await port.readmit(sbc).catch(() => undefined);
        throw error;
      }
    },

    readmit: async (sbc) => void (await run(sbc, readmitSbc)),

    async hosts() {
      const all = await answering();
      return nodeHosts(cell).map(({ name, role }) => ({
        name,
        kind: role,
        active: all.some((sbc) => sbc.name === name && sbc.active),
      }));
    },

    async readyHosts() {
      const all = await pods();
      return new Map(
        nodeHosts(cell).flatMap((host) => {
          const pod = all.find((one) => isOf(host, one) && isReady(one));
          const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
          const names = [...initContainerStatuses, ...containerStatuses].map(({ name }) => name);
          return pod === undefined ? [] : [[host.name, names] as const];
        }),
      );
    },

    async renew(name) {
      const host = hostNamed(name);
      const pod = await podOf(name);
      if ((await isCurrent(name)) && pod !== undefined && isReady(pod)) {
        if (host.role === 'media') await putBack(name, host.number);
        return;
      }
      await othersAreWell(name);
      await nodeIsWell(name, pod);
      await (host.role === 'media' ? renewMedia(host) : renewSbc(name));
    },

    troubles: async () => [
      ...(await faults()).map(({ why }) => why),
      ...(await probeFaults(port, await port.sbcs())).values(),
    ],

    // What a cell has is in its database, and nowhere else.
    noteCustomers: () => undefined,
  };
  return port;
}
