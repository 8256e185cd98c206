/** What moves a tenant from one cell of a front on AWS to another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { itemId, type DirectoryItem } from '../../../fleet/directory.ts';
import type { Front } from '../../../fleet/derive/front.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import { OperationFailure } from '../../../operations/failure.ts';
import { askTenant } from '../../../operations/host-command.ts';
import { tenantData } from '../../../operations/tenant-data.ts';
import type { MovePort } from '../../../operations/tenant-move.ts';
import { frontSite } from '../site.ts';
import { directoryTableName } from '../tenant-directory.ts';
import { awsCell } from './cell-port.ts';
import { asked, sdk } from './clients.ts';
import { instancesOf, runOnHost } from './hosts.ts';
import { withLock } from './lock.ts';

/** Edges know of a change within two seconds; Systems Manager takes longer to ask them. Milliseconds. */
const edgesPatience = 60_000;
const pollMs = 1000;

const version = z.number();
const cellSchema = z.object({
  kind: z.literal('cell'),
  name: z.string(),
  version,
  addresses: z.array(z.string()),
  state: z.enum(['planned', 'active', 'cordoned', 'draining', 'retired']),
});
const tenantSchema = z.object({
  kind: z.literal('tenant'),
  name: z.string(),
  version,
  cell: z.string(),
  other: z.string(),
  keys: z.array(z.string()),
});

/** @param cells of the fleet's files: where the cells of the directory are */
export async function awsMoves(front: Front, cells: readonly CellSpec[]): Promise<MovePort> {
  const [{ DynamoDBClient, GetItemCommand, PutItemCommand }, { EC2Client }, { SSMClient }] = await sdk(() =>
    Promise.all([import('@aws-sdk/client-dynamodb'), import('@aws-sdk/client-ec2'), import('@aws-sdk/client-ssm')]),
  );
  // All writes go to one replica: it alone can tell that somebody else has changed an item.
  const site = frontSite(front, front.regions[0]!);
  const table = new DynamoDBClient({ region: site.region });
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

  /** @throws OperationFailure that names an edge which does not know it */
  async function edgesKnow(tenant: string, cell: string): Promise<void> {
    const deadline = Date.now() + edgesPatience;
    const inRegion = async (region: string) => {
      const clients = { ec2: new EC2Client({ region }), ssm: new SSMClient({ region }) };
      const edges = [...(await instancesOf(clients.ec2, site)).keys()];
      await Promise.all(
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
    await Promise.all(front.regions.map(({ region }) => inRegion(region)));
  }

  return {
    exclusively: (work) => withLock(new SSMClient({ region: site.region }), site, 'tenant move', work),

    tenant: (name) => read({ kind: 'tenant', name }, tenantSchema),

    cell: (name) => read({ kind: 'cell', name }, cellSchema),

    async put(item) {
      const id = itemId(item);
      const before = lastRead.get(id)!;
      // Somebody else's clock may be ahead, or their versions no time at all.
      const newer = Math.max(Date.now(), tenantSchema.parse(JSON.parse(before)).version + 1);
      const text = JSON.stringify({ ...item, version: newer });
      const put = new PutItemCommand({
        TableName,
        Item: { id: { S: id }, item: { S: text } },
        ConditionExpression: '#item = :before',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':before': { S: before } },
      });
      await asked(`change tenant ${item.name} in the directory of front ${front.name}`, table.send(put));
      lastRead.set(id, text);
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
