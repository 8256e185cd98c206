/** What moves tenants from one cell of a front on AWS to another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  cellItemSchema,
  isOfCell,
  itemId,
  tenantItemSchema,
  type CellItem,
  type DirectoryItem,
  type TenantItem,
} from '../../../fleet/directory.ts';
import type { Front } from '../../../fleet/derive/front.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import type { EvacuationPort } from '../../../operations/evacuate.ts';
import { OperationFailure } from '../../../operations/failure.ts';
import { askTenant } from '../../../operations/host-command.ts';
import { tenantData } from '../../../operations/tenant-data.ts';
import { frontSite } from '../site.ts';
import { directoryTableName } from '../tenant-directory.ts';
import { awsCell } from './cell-port.ts';
import { asked, dynamoDbClient, ec2Client, sdk, ssmClient } from './clients.ts';
import { instancesOf, runOnHost } from './hosts.ts';
import { withLock } from './lock.ts';

/** Edges know of a change within two seconds; Systems Manager takes longer to ask them. Milliseconds. */
const edgesPatience = 60_000;
const pollMs = 1000;

/** @param cells of the fleet's files: where the cells of the directory are */
export async function awsMoves(front: Front, cells: readonly CellSpec[]): Promise<EvacuationPort> {
  const { GetItemCommand, PutItemCommand, paginateScan } = await sdk(() => import('@aws-sdk/client-dynamodb'));
  // All writes go to one replica: it alone can tell that somebody else has changed an item.
  const site = frontSite(front, front.regions[0]!);
  const table = await dynamoDbClient(site.region);
  const TableName = directoryTableName(front);
  /** Items as they were read last, by their ids. */
  const lastRead = new Map<string, string>();

  async function read<T>(item: Pick<DirectoryItem, 'kind' | 'name'>, schema: z.ZodType<T>): Promise<T> {
    const id = itemId(item);
    const get = table.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }));
    const text = (await asked(`read the directory of front ${front.name}`, get)).Item?.['item']?.S;
    if (text === undefined) {
      throw new OperationFailure(`the directory of front ${front.name} has no ${item.kind} ${item.name}`, 2);
    }
    lastRead.set(id, text);
    const { data } = schema.safeParse(parsed(text));
    if (data !== undefined) return data;
    throw new OperationFailure(
      `the directory of front ${front.name} says nonsense of ${item.kind} ${item.name}: ${text}`,
    );
  }

  /** In place of what was read last. @throws OperationFailure when somebody else has changed the item since */
  async function write(item: Omit<TenantItem, 'version'> | Omit<CellItem, 'version'>): Promise<void> {
    const id = itemId(item);
    const before = lastRead.get(id)!;
    // Somebody else's clock may be ahead, or their versions no time at all.
    const newer = Math.max(Date.now(), z.object({ version: z.number() }).parse(JSON.parse(before)).version + 1);
    const text = JSON.stringify({ ...item, version: newer });
    const put = new PutItemCommand({
      TableName,
      Item: { id: { S: id }, item: { S: text } },
      ConditionExpression: '#item = :before',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':before': { S: before } },
    });
    await asked(`change ${item.kind} ${item.name} in the directory of front ${front.name}`, table.send(put));
    lastRead.set(id, text);
  }

  /** @throws OperationFailure that names each edge which does not know it, and each region that can't be asked */
  async function edgesKnow(tenant: string, cell: string): Promise<void> {
    const deadline = Date.now() + edgesPatience;
    const inRegion = async (region: string) => {
      const clients = { ec2: await ec2Client(region), ssm: await ssmClient(region) };
      const edges = [...(await instancesOf(clients.ec2, site)).keys()];
      await all(
        edges.map(async (edge) => {
          while (!(await runOnHost(clients, site, edge, askTenant(tenant))).includes(`cell=${cell};`)) {
            if (Date.now() > deadline) {
              throw new OperationFailure(
                `edge ${edge} does not know within ${edgesPatience / 1000} s that tenant ${tenant} is in cell ${cell}; the old cell keeps it. ` +
                  'See why (journalctl -u cellstamp-directory-agent), then move it again',
              );
            }
            await sleep(pollMs);
          }
        }),
      );
    };
    await all(front.regions.map(({ region }) => inRegion(region)));
  }

  return {
    exclusively: async (work) => withLock(await ssmClient(site.region), site, 'tenant move', work),

    tenant: (name) => read({ kind: 'tenant', name }, tenantItemSchema),

    cell: (name) => read({ kind: 'cell', name }, cellItemSchema),

    async tenants(cell, names) {
      const found: TenantItem[] = [];
      const scan = async () => {
        for await (const { Items } of paginateScan({ client: table }, { TableName, ConsistentRead: true })) {
          for (const { item } of Items ?? []) {
            const { data } = tenantItemSchema.safeParse(parsed(item?.S ?? ''));
            if (data !== undefined && isOfCell(data, cell, names)) found.push(data);
          }
        }
      };
      await asked(`read the directory of front ${front.name}`, scan());
      return found;
    },

    putCell: write,

    async put(item) {
      await write(item);
      // Once it has left the other cell, the edges send nothing there in any case.
      if (item.other !== '') await edgesKnow(item.name, item.cell);
    },

    ...tenantData((name) => {
      const spec = cells.find((cell) => cell.name === name);
      if (spec !== undefined) return awsCell(spec);
      const known = cells.map((cell) => cell.name).join(', ') || 'none';
      throw new OperationFailure(`there is no file of cell ${name}; there are ${known}`, 2);
    }),
  };
}

/** Waits for the end of each. @throws OperationFailure that says why each one failed that did */
async function all(works: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failures = outcomes.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  if (failures.length > 0) throw new OperationFailure(failures.join('\n'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
