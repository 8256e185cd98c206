/**
 * Changes which host is the primary of PostgreSQL or Redis. There is never more than one that takes writes: who is reached as the primary
 * is the target's to say, to one host at a time, and a host takes writes only once every other one has been made to stop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../config-file/counted.ts';
import { UserError } from '../config-file/user-error.ts';
import { databasePartPath } from '../software/postgresql/part.ts';
import { redisPartPath } from '../software/redis/part.ts';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import type { HostCommand } from './host-command.ts';
import { until } from './patience.ts';

export interface DataHostState {
  readonly name: string;
  readonly role: 'database' | 'redis';
  readonly address: string;
  /** Whether it is the primary by the target's record. */
  readonly isPrimary: boolean;
  /** Whether the host is there at all. */
  readonly isUp: boolean;
}

/** A cell on a target that runs PostgreSQL and Redis on hosts of the cell. */
export interface DataPort extends CellPort {
  dataHosts(): readonly DataHostState[];

  /** Sees to it that nobody reaches a host as the primary, even where no program on it answers; once it returns, nobody does. */
  withdraw(host: string): Promise<void>;

  /** Ends PostgreSQL or Redis on a host at once, even where it is frozen. Its supervisor may start it again. */
  end(host: string): Promise<void>;

  /** Records that a host is the primary, and has everybody reach it as that; all others are withdrawn before. */
  appoint(host: string): Promise<void>;
}

/** What the new primary lacks of what the old one had taken. */
export type Loss =
  | { readonly kind: 'none' }
  /** Of the log of changes. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** The old primary can't be asked. Seconds since 1970: of the last thing that the new one got from it; null: not known. */
  | { readonly kind: 'unknown'; readonly since: number | null };

export interface Promotion {
  readonly primary: string;
  /** Who was it before; the same host where nothing was to be done. */
  readonly before: string;
  readonly loss: Loss;
  /** Hosts that follow it, and those that do not, with why. */
  readonly following: readonly string[];
  readonly notFollowing: readonly { readonly host: string; readonly reason: string }[];
  /** Hosts that are not there. */
  readonly missing: readonly string[];
}

interface Options {
  /** Whether what only the primary has is given up. Default: no. */
  readonly primaryIsLost?: boolean;
}

/**
 * Makes a replica the primary. While the primary answers nothing is lost: it stops taking writes, the replica gets all that it has, and
 * it becomes a replica itself. Doing it again completes what was interrupted; on the primary itself it has all others follow.
 *
 * @throws OperationFailure when the primary does not answer and is not given up, or the replica can't take its place; the primary is who
 * it was before
 */
export async function promote(port: DataPort, name: string, options: Options = {}): Promise<Promotion> {
  return port.exclusively('promote', () => changePrimary(port, name, options));
}

/** Has a replica take the place of a primary that is to go; for whoever has the cell to himself already. */
export async function standDown(port: DataPort, primary: string): Promise<Promotion> {
  const hosts = port.dataHosts();
  const { role } = hosts.find((host) => host.name === primary)!;
  const replica = hosts.find((host) => host.role === role && host.isUp && !host.isPrimary);
  if (replica === undefined) {
    throw new OperationFailure(`${primary} of cell ${port.cell} has the only data, and no replica to take its place`);
  }
  return changePrimary(port, replica.name, {});
}

/**
 * Sees to it that no copy goes while it may be the only one that is whole: a host that is recreated copies the primary.
 * @param going names of hosts that are about to end or to be made; those that are not data hosts do not count
 * @param patience how long a primary may take that has just started
 * @throws OperationFailure when the primary of such a host does not answer as one, while another host has a copy
 */
export async function requirePrimaries(
  port: DataPort,
  going: readonly string[],
  { seconds, signal }: { readonly seconds: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const hosts = port.dataHosts();
  for (const primary of hosts.filter(({ isPrimary }) => isPrimary)) {
    const { role } = primary;
    const copies = hosts.filter((host) => host.role === role && host.isUp && host !== primary).map(({ name }) => name);
    if (copies.length === 0 || !going.some((name) => name.startsWith(`${role}-`))) continue;
    const promotes = `npx cellstamp promote ${port.cell}`;
    let said: Position | string = '';
    await until(
      async () => {
        said = await positionOf(port, primary).catch((error: unknown) => reasonOf(error));
        return typeof said !== 'string' && said.part === 'primary';
      },
      seconds,
      () =>
        `${primary.name}, the primary of cell ${port.cell}, ${
          typeof said === 'string'
            ? `does not answer (${said}); ${copies.join(' and ')} had a copy. Only you can say that a copy takes its place: ${promotes} ${copies[0]} --primary-lost`
            : `says that it is a replica: a change of the primary was interrupted. To complete it: ${promotes} ${primary.name}`
        }; nothing was changed`,
      signal,
    );
  }
}

async function changePrimary(port: DataPort, name: string, { primaryIsLost = false }: Options): Promise<Promotion> {
  const { target, primary, others } = hostsOf(port, name);
  let loss: Loss = { kind: 'none' };
  if (target === primary) {
    await takeWrites(port, target);
  } else {
    const has = await positionOf(port, target);
    const had = await positionOf(port, primary).catch((error: unknown) => reasonOf(error));
    if (primaryIsLost) loss = await giveUp(port, { target, primary, others }, has, had);
    else if (typeof had === 'string') throw doesNotAnswer(port, target, primary, had, has);
    try {
      if (!primaryIsLost) {
        if (has.part === 'primary') await makeReplicaAgain(port, { target, primary });
        await handOver(port, target, primary);
      }
      await takeWrites(port, target);
    } catch (error) {
      throw await withWhoTakesWrites(port, { target, primary }, primaryIsLost, reasonOf(error));
    }
  }

  const following: string[] = [];
  const notFollowing: { host: string; reason: string }[] = [];
  const rest = [primary, ...others].filter((one) => one !== target);
  for (const host of rest.filter(({ isUp }) => isUp)) {
    try {
      await port.run(host.name, part(host, 'follow the primary', 'follow', followSeconds(primaryIsLost)));
      following.push(host.name);
    } catch (error) {
      notFollowing.push({ host: host.name, reason: reasonOf(error) });
    }
  }
  const missing = rest.filter(({ isUp }) => !isUp).map((host) => host.name);
  return { primary: target.name, before: primary.name, loss, following, notFollowing, missing };
}

type Pair = Pick<ReturnType<typeof hostsOf>, 'target' | 'primary'>;

function hostsOf(port: DataPort, name: string) {
  const all = port.dataHosts();
  const target = all.find((host) => host.name === name);
  if (target === undefined) {
    throw new OperationFailure(
      `cell ${port.cell} has no data host ${name}; it has ${all.map((host) => host.name).join(', ')}`,
      2,
    );
  }
  const peers = all.filter(({ role }) => role === target.role);
  const primary = peers.find(({ isPrimary }) => isPrimary)!;
  return { target, primary, others: peers.filter((host) => host !== primary && host !== target) };
}

async function takeWrites(port: DataPort, host: DataHostState): Promise<void> {
  await port.run(host.name, part(host, 'become the primary', 'promote'));
  await port.appoint(host.name);
}

/**
 * The target takes writes by its own word, and nobody was ever sent to it: an earlier command was interrupted. The primary may have taken
 * writes since that it lacks, however many bytes it has: so the primary is what it was, and the target copies it again.
 */
async function makeReplicaAgain(port: DataPort, { target, primary }: Pair): Promise<void> {
  await takeWrites(port, primary);
  await port.run(target.name, part(target, 'follow the primary', 'follow', followSeconds(false)));
}

/** The primary has stopped, and the replica has all of it; or the primary is what it was. */
async function handOver(port: DataPort, target: DataHostState, primary: DataHostState): Promise<void> {
  const had = await positionOf(port, primary);
  if (had.part === 'primary') {
    await port.run(primary.name, part(primary, 'hand its place over', 'hand-over', target.address));
  }
  await port.withdraw(primary.name);
  const { bytes: all } = await positionOf(port, primary);
  const deadline = Date.now() + 10_000;
  for (;;) {
    const has = await positionOf(port, target);
    // Redis changes their parts by itself. PostgreSQL does not: one that takes writes too early may lack some.
    if (has.part === 'primary' ? target.role === 'redis' : has.bytes >= all) return;
    if (Date.now() > deadline) {
      await takeWrites(port, primary);
      throw new OperationFailure(
        has.part === 'primary'
          ? `${target.name} of cell ${port.cell} has become the primary by itself and may lack changes that ${primary.name} has; ${primary.name} is still the primary. The same command again has it copy them`
          : `${target.name} of cell ${port.cell} lacks ${counted(all - has.bytes, 'byte')} of changes that ${primary.name} has, and does not get them; ${primary.name} is still the primary. To give them up: --primary-lost`,
      );
    }
    await sleep(100);
  }
}

/** The failure of a change of the primary that may have stopped the old one already. */
async function withWhoTakesWrites(
  port: DataPort,
  { target, primary }: Pair,
  primaryIsLost: boolean,
  reason: string,
): Promise<OperationFailure> {
  const now = await positionOf(port, primary).catch(() => undefined);
  if (now?.part === 'primary' && !primaryIsLost) return new OperationFailure(reason);
  const again = `npx cellstamp promote ${port.cell} ${target.name}`;
  const remedy = primaryIsLost
    ? `${again} --primary-lost`
    : `${again}. To go back: npx cellstamp promote ${port.cell} ${primary.name}`;
  return new OperationFailure(
    `${reason}. ${primary.name} has stopped, so no host takes writes now. To go on: ${remedy}`,
  );
}

/** The old primary is made to stop, in whatever state it is. @returns what is lost with it */
async function giveUp(
  port: DataPort,
  { target, primary, others }: ReturnType<typeof hostsOf>,
  has: Position,
  had: Position | string,
): Promise<Loss> {
  if (has.part === 'primary' && typeof had !== 'string' && had.part === 'primary') {
    throw new OperationFailure(
      `${target.name} of cell ${port.cell} was made to take writes once and lacks what ${primary.name}, the primary, took since; nothing was changed. Without --primary-lost it copies ${primary.name} first, and nothing is lost`,
    );
  }
  for (const other of others) {
    const position = await positionOf(port, other).catch(() => undefined);
    if (position !== undefined && position.bytes > has.bytes) {
      throw new OperationFailure(
        `${other.name} of cell ${port.cell} has ${counted(position.bytes - has.bytes, 'byte')} of changes more than ${target.name}: promote that one; nothing was changed`,
      );
    }
  }
  if (primary.isUp) {
    await port.withdraw(primary.name);
    await port.end(primary.name);
  }
  // What arrived since counts.
  const { bytes } = await positionOf(port, target);
  if (typeof had === 'string') return { kind: 'unknown', since: has.since };
  return had.bytes > bytes ? { kind: 'bytes', bytes: had.bytes - bytes } : { kind: 'none' };
}

function doesNotAnswer(
  port: DataPort,
  target: DataHostState,
  primary: DataHostState,
  reason: string,
  { since }: Position,
): OperationFailure {
  const last = since === null ? '' : `, the last of which it got at ${new Date(since * 1000).toISOString()}`;
  return new OperationFailure(
    `${primary.name}, the primary of cell ${port.cell}, does not answer (${reason}), so ${target.name} can't get what it may lack; nothing was changed. To give that up: --primary-lost. ${target.name} keeps what it has${last}`,
  );
}

/** A primary that was given up may be cut off, and follows later by itself: nobody waits long for that. */
function followSeconds(primaryIsLost: boolean): string {
  return primaryIsLost ? '30' : '60';
}

/** How much of the changes a host has. */
interface Position {
  readonly part: 'primary' | 'replica';
  /** Comparable between the hosts of a role. */
  readonly bytes: number;
  /** Of a replica: seconds since 1970, of the last thing that it got; null: not known, or it gets all the time. */
  readonly since: number | null;
}

async function positionOf(port: DataPort, host: DataHostState): Promise<Position> {
  const answer = await port.run(host.name, part(host, 'tell what it has', 'position'));
  const [, which, bytes, since] = /^(primary|replica) (\d+) (\d+|-)\s*$/.exec(answer) ?? [];
  if (which === undefined)
    throw new OperationFailure(`${host.name} of cell ${port.cell} does not tell what it has: ${answer}`);
  return {
    part: which as Position['part'],
    bytes: Number(bytes),
    since: since === '-' ? null : Number(since),
  };
}

function part({ role }: DataHostState, does: string, ...words: readonly string[]): HostCommand {
  return { does, argv: [role === 'database' ? databasePartPath : redisPartPath, ...words] };
}

function reasonOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  throw error;
}
