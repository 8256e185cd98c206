/** The stream of call records of a cell, as a consumer of a group in Redis. */
import type { RecordStream } from '../../software/call-records/delivery.ts';
import type { Loss, StreamEntry } from '../../software/call-records/record-line.ts';
import { callRecordStream } from '../../software/kamailio/sbc/records.ts';
import { CommandFailure } from '../failure.ts';

/** How a Redis is reached: over TCP, or by a socket on this machine. */
export type RedisAddress =
  | { readonly host: string; readonly port: number; readonly tls: false }
  | { readonly host: string; readonly port: number; readonly tls: true; readonly ca?: string }
  | { readonly path: string; readonly tls: false };

export interface RedisAccess {
  readonly address: RedisAddress;
  /** The user `default` where it is undefined. */
  readonly user: string | undefined;
  /** Undefined for a Redis that asks for none. */
  readonly password: string | undefined;
}

/** The consumer of each group: there is one, whose entries a restart takes up again. */
const CONSUMER = 'cellstamp';

/** Entries of one batch, about 500 bytes each: all that is under way at a time. */
const BATCH = 1000;

/** Milliseconds in which Redis connects, and in which it answers. */
const CONNECTED_WITHIN = 10_000;
const ANSWERED_WITHIN = 30_000;

/**
 * What Redis runs for a batch, as one step: hands out entries that nobody of the group has read, unless some left the stream meanwhile.
 * The stream counts the entries that it ever took, and the group those that were read; what is neither there nor read is lost.
 */
const nextEntries = `
local function fields(reply)
  local found = {}
  for at = 1, #reply, 2 do found[reply[at]] = reply[at + 1] end
  return found
end
local stream = fields(redis.call('XINFO', 'STREAM', KEYS[1]))
local group
for _, reply in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local each = fields(reply)
  if each['name'] == ARGV[1] then group = each end
end
if not group then return redis.error_reply('NOGROUP the consumer group is gone') end
local left = stream['entries-added'] - stream['length']
local read = group['entries-read']
if read and left > read then
  local first = stream['first-entry']
  return { 'lost', read, left, group['last-delivered-id'], first and first[1] or '' }
end
local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
return { 'entries', reply and reply[1][2] or {} }
`;

type Entry = readonly [id: string, fields: readonly string[] | null];
type Next = readonly ['entries', readonly Entry[]] | readonly ['lost', number, number, string, string];

export interface OpenStream extends RecordStream {
  close(): void;
}

/**
 * Connects, and makes the group where there is none: it begins with the first entry that the stream ever took.
 * @throws CommandFailure when the client is not installed
 * @throws Error what the client says when Redis does not let this user in
 */
export async function openStream({ address, user, password }: RedisAccess, group: string): Promise<OpenStream> {
  const { createClient } = await client();
  const limits = {
    connectTimeout: CONNECTED_WITHIN,
    socketTimeout: ANSWERED_WITHIN,
    reconnectStrategy: false,
  } as const;
  const redis = createClient({
    RESP: 2,
    socket: { ...address, ...limits },
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    disableOfflineQueue: true,
    disableClientInfo: true,
  });
  // What fails, fails the command that waits for it.
  redis.on('error', () => undefined);
  const ask = <T>(...words: readonly string[]) => redis.sendCommand<T>([...words]);
  try {
    await redis.connect();
    await ask('XGROUP', 'CREATE', callRecordStream, group, '0', 'MKSTREAM', 'ENTRIESREAD', '0').catch(
      (error: Error) => {
        if (!error.message.startsWith('BUSYGROUP')) throw error;
      },
    );
  } catch (error) {
    if (redis.isOpen) redis.destroy();
    throw error;
  }
  return {
    async unacknowledged(after) {
      const words = ['GROUP', group, CONSUMER, 'COUNT', String(BATCH), 'STREAMS', callRecordStream, after];
      const reply = await ask<readonly (readonly [string, readonly Entry[]])[] | null>('XREADGROUP', ...words);
      return (reply?.[0]?.[1] ?? []).map(toEntry);
    },
    async next(): Promise<readonly StreamEntry[] | Loss> {
      const reply = await ask<Next>('EVAL', nextEntries, '1', callRecordStream, group, CONSUMER, String(BATCH));
      if (reply[0] === 'entries') return reply[1].map(toEntry);
      const [, from, left, after, before] = reply;
      return { from, left, after, before };
    },
    async pass({ after, left }) {
      await ask('XGROUP', 'SETID', callRecordStream, group, after, 'ENTRIESREAD', String(left));
    },
    async acknowledge(ids) {
      await ask('XACK', callRecordStream, group, ...ids);
    },
    async all(after) {
      const entries = await ask<readonly Entry[]>('XRANGE', callRecordStream, `(${after}`, '+', 'COUNT', String(BATCH));
      return entries.map(toEntry);
    },
    close: () => {
      if (redis.isOpen) redis.destroy();
    },
  };
}

/** An entry with other fields than a record has is not one, and is kept as it stands. */
function toEntry([id, fields]: Entry): StreamEntry {
  if (fields === null) return { id, text: undefined };
  const [name, text] = fields;
  return { id, text: fields.length === 2 && name === 'event' ? text : JSON.stringify(fields) };
}

/** @throws CommandFailure when the client is not installed: nothing else needs it */
async function client() {
  try {
    return await import('@redis/client');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new CommandFailure('the client of Redis is not installed: npm install @redis/client@6', 2);
  }
}
