/** What moves tenants from one cell of a front on Kubernetes to another: by kubectl, which must reach the edges of every region. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { cellItemSchema, isOfCell, itemId, tenantItemSchema, type DirectoryItem } from '../../../fleet/directory.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import type { EvacuationPort } from '../../../operations/evacuate.ts';
import { OperationFailure } from '../../../operations/failure.ts';
import { askTenant } from '../../../operations/host-command.ts';
import { tenantData } from '../../../operations/tenant-data.ts';
import { directoryConfigPath } from '../../../software/directory-agent/index.ts';
import { poolName } from '../edge/names.ts';
import { directoryTransaction } from '../program-texts.ts';
import { kubernetesCell } from './cell-port.ts';
import { kubectl, type Kubectl } from './kubectl.ts';
import { leased } from './lease.ts';

/** Edges know of a change within two seconds; an edge that restarts takes longer to be asked. Milliseconds. */
const edgesPatience = 60_000;
const pollMs = 1000;

/**
 * @param cells of the fleet's files: where the cells of the directory are
 * @param reach the cluster, by namespace
 */
export function kubernetesMoves(
  front: Front,
  cells: readonly CellSpec[],
  reach: (namespace: string) => Kubectl = kubectl,
): EvacuationPort {
  const [first] = front.edges as [EdgeHost, ...EdgeHost[]];
  const { client, exclusively } = leased(reach(poolName(front, first.region)), `front ${front.name}`);
  /** Items as they were read last, by their ids. */
  const lastRead = new Map<string, string>();

  /** Any edge reaches the directory: the first one that answers does. */
  async function transact(asked: object): Promise<Readonly<Record<string, string>>> {
    const argv = ['/usr/bin/python3', '-c', directoryTransaction, directoryConfigPath];
    const faults: string[] = [];
    for (const edge of front.edges) {
      const at = edge.region === first.region ? client : reach(poolName(front, edge.region));
      const { status, stdout, stderr } = await at.ask(inEdge(edge, 'cellstamp-directory-agent', argv), {
        input: JSON.stringify(asked),
        seconds: 60,
      });
      if (status === 0) return JSON.parse(stdout) as Readonly<Record<string, string>>;
      faults.push(`${edge.name}: ${stderr.trim() || `ended with ${status}`}`);
      if (/somebody else has changed/.test(stderr)) break;
    }
    throw new OperationFailure(`the directory of front ${front.name} is not changed: ${faults.join('; ')}`);
  }

  async function read<T>(item: Pick<DirectoryItem, 'kind' | 'name'>, schema: z.ZodType<T>): Promise<T> {
    const id = itemId(item);
    const text = (await transact({ names: [id] }))[id];
    if (text === undefined) {
      throw new OperationFailure(`the directory of front ${front.name} has no ${item.kind} ${item.name}`, 2);
    }
    lastRead.set(id, text);
    return schema.parse(JSON.parse(text));
  }

  async function write(item: Parameters<EvacuationPort['put' | 'putCell']>[0]): Promise<void> {
    const name = itemId(item);
    const before = lastRead.get(name)!;
    const { version } = z.object({ version: z.number() }).parse(JSON.parse(before));
    const text = JSON.stringify({ ...item, version: Math.max(Date.now(), version + 1) });
    await transact({ put: { name, text, before } });
    lastRead.set(name, text);
  }

  async function edgeKnows(edge: EdgeHost, tenant: string, cell: string): Promise<void> {
    const at = reach(poolName(front, edge.region));
    const deadline = Date.now() + edgesPatience;
    const ask = inEdge(edge, 'kamailio', askTenant(tenant).argv);
    while (!(await at.ask(ask, { seconds: 10 })).stdout.includes(`cell=${cell};`)) {
      if (Date.now() > deadline) {
        throw new OperationFailure(
          `edge ${edge.name} does not know within ${edgesPatience / 1000} s that tenant ${tenant} is in cell ${cell}; the old cell keeps it. ` +
            `See why (kubectl -n ${poolName(front, edge.region)} logs daemonset/${edge.name} -c cellstamp-directory-agent), then move it again`,
        );
      }
      await sleep(pollMs);
    }
  }

  return {
    exclusively: (work) => exclusively('tenant move', work),

    tenant: (name) => read({ kind: 'tenant', name }, tenantItemSchema),

    cell: (name) => read({ kind: 'cell', name }, cellItemSchema),

    async tenants(cell, names) {
      const texts = Object.values(await transact({ pattern: 'tenant:*' }));
      return texts
        .flatMap((text) => tenantItemSchema.safeParse(JSON.parse(text)).data ?? [])
        .filter((item) => isOfCell(item, cell, names));
    },

    putCell: write,

    async put(item) {
      await write(item);
      // Once it has left the other cell, the edges send nothing there in any case.
      if (item.other !== '') await Promise.all(front.edges.map((edge) => edgeKnows(edge, item.name, item.cell)));
    },

    ...tenantData((name) => {
      const spec = cells.find((cell) => cell.name === name);
      if (spec !== undefined) return Promise.resolve(kubernetesCell(spec));
      const known = cells.map((cell) => cell.name).join(', ') || 'none';
      throw new OperationFailure(`there is no file of cell ${name}; there are ${known}`, 2);
    }),
  };
}

/** Words for kubectl: a command in the pod of an edge. */
const inEdge = ({ name }: EdgeHost, container: string, argv: readonly string[]): readonly string[] => [
  ...['exec', '--stdin', `daemonset/${name}`, `--container=${container}`, '--'],
  ...argv,
];
