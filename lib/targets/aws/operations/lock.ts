/** One operation at a time on a cell or a front on AWS: a parameter says whose it is. Nobody can make it twice. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { OperationFailure } from '../../../operations/failure.ts';
import { sitePath, type Site } from '../site.ts';
import { asked, refused, sdk } from './clients.ts';
import { userName } from '../../../config-file/user-name.ts';

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

type Locked = Pick<Site, 'kind' | 'name'>;

const parameterOf = (site: Locked, lock: Lock): string => `${sitePath(site)}/${lock}`;
const called = ({ kind, name }: Locked): string => `${kind} ${name}`;

/**
 * A process that is killed leaves the lock: nobody elsewhere can see whether it still works, so a person frees it.
 *
 * @throws OperationFailure at once when another operation works on it
 */
export async function withLock<T>(ssm: SSMClient, site: Locked, operation: string, work: () => Promise<T>): Promise<T> {
  const { PutParameterCommand, DeleteParameterCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
  const owner: Owner = {
    id: randomBytes(4).toString('hex'),
    operation,
    by: `${userName()}@${hostname()}, process ${process.pid}`,
    since: new Date().toISOString(),
  };
  const lock = operation === 'rollout' ? 'rollout' : 'operation';
  const Name = parameterOf(site, lock);
  try {
    await ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(owner), Type: 'String', Overwrite: false }));
  } catch (error) {
    if ((error as Error).name !== 'ParameterAlreadyExists') throw refused(`lock ${called(site)}`, error);
    const holder = await ownerOf(ssm, site, lock);
    // An attempt whose answer was lost may have made it, and the next one finds it there.
    if (holder?.id !== owner.id) throw inUse(site, holder);
  }
  const unlocked = () => asked(`unlock ${called(site)}`, ssm.send(new DeleteParameterCommand({ Name })));
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Why the work failed is what counts, also where AWS answers nothing more.
    await unlocked().catch((left: OperationFailure) => {
      throw new OperationFailure(
        `${(error as Error).message}\n${left.message}; free it: npx cellstamp unlock ${site.name} ${owner.id}`,
        error instanceof OperationFailure ? error.status : 1,
      );
    });
    throw error;
  }
  await unlocked();
  return result;
}

/**
 * Frees a cell or a front whose operation was killed.
 * @param id of the lock, as the refusal of another operation names it
 * @throws OperationFailure when it is free, or has another lock
 */
export async function unlock(ssm: SSMClient, site: Locked, id: string): Promise<Owner> {
  const owners: string[] = [];
  for (const lock of ['operation', 'rollout'] as const) {
    const owner = await ownerOf(ssm, site, lock);
    if (owner?.id === id) {
      const { DeleteParameterCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
      await asked(`unlock ${called(site)}`, ssm.send(new DeleteParameterCommand({ Name: parameterOf(site, lock) })));
      return owner;
    }
    if (owner !== undefined) owners.push(`${owner.id}: ${said(owner)}`);
  }
  if (owners.length === 0) throw new OperationFailure(`no operation holds ${called(site)} on AWS`);
  throw new OperationFailure(`${id} is not a lock of ${called(site)} on AWS; there is ${owners.join(', ')}`, 2);
}

/** Undefined where it is free. */
async function ownerOf(ssm: SSMClient, site: Locked, lock: Lock): Promise<Owner | undefined> {
  const { GetParameterCommand } = await sdk(() => import('@aws-sdk/client-ssm'));
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: parameterOf(site, lock) }));
    return ownerSchema.parse(JSON.parse(Parameter!.Value!));
  } catch (error) {
    if ((error as Error).name === 'ParameterNotFound') return undefined;
    throw refused(`read the lock of ${called(site)}`, error);
  }
}

function inUse(site: Locked, owner: Owner | undefined): OperationFailure {
  if (owner === undefined)
    return new OperationFailure(`another operation on ${called(site)} has just ended; try again`);
  return new OperationFailure(
    `another operation works on ${called(site)} on AWS: ${said(owner)}. Wait for it; if it was killed, free it: ` +
      `npx cellstamp unlock ${site.name} ${owner.id}`,
  );
}

const said = ({ operation, by, since }: Owner): string => `${operation} by ${by} since ${since}`;
