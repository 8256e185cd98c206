import { deriveCell } from '../fleet/derive/cell.ts';
import { internalPorts } from '../fleet/schema/fixed.ts';
import { exec, primaryHost } from '../targets/local/index.ts';
import { callRecordStream, type CallEvent } from '../software/kamailio/sbc/records.ts';
import { paths } from '../software/redis/config.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { CommandFailure } from './failure.ts';

/**
 * The call records of a running cell, from its Redis, in the order in which it got them.
 * @param since milliseconds since 1970; this machine's clock is the cell's
 * @throws CommandFailure when Redis does not answer
 */
export async function readCallRecords(spec: CellSpec, since: number): Promise<readonly CallEvent[]> {
  const primary = primaryHost(spec.name, 'redis');
  const host = deriveCell(spec).redis.find(({ name }) => name === primary)!;
  const script = `REDISCLI_AUTH=$(<${paths.password}) exec redis-cli -h ${host.address} -p ${internalPorts.redis} --tls --cacert ${paths.authorities} --json XRANGE ${callRecordStream} ${since} +`;
  const { status, stdout, stderr } = await exec(spec.name, host.name, ['bash', '-c', script]);
  const entries = status === 0 ? parseEntries(stdout) : undefined;
  if (entries === undefined)
    throw new CommandFailure(`no call records from ${host.name}: ${(stderr || stdout).trim()}`, 1);
  return entries.map(([, [, text]]) => JSON.parse(text) as CallEvent);
}

/** A stream entry as redis-cli writes it: its id, then the name of its one field and the value. */
type Entry = readonly [id: string, fields: readonly [name: string, event: string]];

function parseEntries(json: string): readonly Entry[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? (value as readonly Entry[]) : undefined;
  } catch {
    return undefined;
  }
}
