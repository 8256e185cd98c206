/** One operation at a time on a cell on AWS: a parameter of the cell says whose it is. Nobody can make it twice. */
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { OperationFailure } from '../../../operations/failure.ts';
import { sitePath } from '../site.ts';
import { asked, sdk } from './clients.ts';

const ownerSchema = z.object({
  id: z.string(),
  operation: z.string(),
  /** `alice@laptop, process 4711` */
  by: z.string(),
  since: z.string(),
});
export type Owner = z.output<typeof ownerSchema>;

/** A roll-out has operations as its parts, so it has a lock of its own. */
type Lock = 'operation' | 'rollout';

const parameterOf = (cell: string, lock: Lock): string => `${sitePath({ name: cell })}/${lock}`;

/**
 * A process that is killed leaves the lock: whether it still works can't be told from elsewhere, so a person frees the cell.
 *
 * @throws OperationFailure at once when another operation works on the cell
 */
export async function withLock<T>(ssm: SSMClient, cell: string, operation: string, work: () => Promise<T>): Promise<T> {
  const { PutParameterCommand, DeleteParameterCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
  const owner: Owner = {
    id: randomBytes(4).toString('hex'),
    operation,
    by: `${userName()}@${hostname()}, process ${process.pid}`,
    since: new Date().toISOString(),
  };
  const lock = operation === 'rollout' ? 'rollout' : 'operation';
  const Name = parameterOf(cell, lock);
  try {
    await ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(owner), Type: 'String', Overwrite: false }));
  } catch (error) {
    if ((error as Error).name !== 'ParameterAlreadyExists') throw refused(error as Error, `lock cell ${cell}`);
    throw inUse(cell, await ownerOf(ssm, cell, lock));
  }
  try {
    return await work();
  } finally {
    await asked(`unlock cell ${cell}`, ssm.send(new DeleteParameterCommand({ Name })));
  }
}

/**
 * Frees a cell whose operation was killed.
 * @param id of the lock, as the refusal of another operation names it
 * @throws OperationFailure when the cell is free, or has another lock
 */
export async function unlock(ssm: SSMClient, cell: string, id: string): Promise<Owner> {
  const owners: string[] = [];
  for (const lock of ['operation', 'rollout'] as const) {
    const owner = await ownerOf(ssm, cell, lock);
    if (owner?.id === id) {
      const { DeleteParameterCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
      await asked(`unlock cell ${cell}`, ssm.send(new DeleteParameterCommand({ Name: parameterOf(cell, lock) })));
      return owner;
    }
    if (owner !== undefined) owners.push(`${owner.id}: ${said(owner)}`);
  }
  if (owners.length === 0) throw new OperationFailure(`no operation holds cell ${cell} on AWS`);
  throw new OperationFailure(`${id} is not a lock of cell ${cell} on AWS; there is ${owners.join(', ')}`, 2);
}

/** Undefined where the cell is free. */
async function ownerOf(ssm: SSMClient, cell: string, lock: Lock): Promise<Owner | undefined> {
  const { GetParameterCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: parameterOf(cell, lock) }));
    return ownerSchema.parse(JSON.parse(Parameter!.Value!));
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') return undefined;
    throw refused(error as Error, `read the lock of cell ${cell}`);
  }
}

function inUse(cell: string, owner: Owner | undefined): OperationFailure {
  if (owner === undefined) return new OperationFailure(`another operation on cell ${cell} has just ended; try again`);
  return new OperationFailure(
    `another operation works on cell ${cell} on AWS: ${said(owner)}. Wait for it; if it was killed, free the cell: ` +
      `npx cellstamp unlock ${cell} ${owner.id}`,
  );
}

const said = ({ operation, by, since }: Owner): string => `${operation} by ${by} since ${since}`;

const refused = ({ name, message }: Error, what: string): OperationFailure =>
  new OperationFailure(`AWS does not let this ${what}: ${name}: ${message}`);

/** A user without a name, as in some containers, is known by number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
