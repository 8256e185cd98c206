import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { printable } from '../../config-file/finding.ts';
import { UserError } from '../../config-file/user-error.ts';
import type { Delivered, Delivery } from '../../software/call-records/delivery.ts';
import type { Reconciliation } from '../../software/call-records/reconciliation.ts';
import { asRoot } from '../as-root.ts';
import { CommandFailure, lines } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { instant } from '../option-values.ts';
import { formatTable, printJson } from '../output.ts';
import { accessTo, redisUrl, type RedisUrl } from '../records/redis-access.ts';
import type { RedisAccess } from '../records/redis-stream.ts';
import { runningCell } from '../running-cell.ts';

export function addRecords(program: Command): Command {
  const records = program
    .command('records')
    .description('Delivers the call records of a cell to files, and checks them.')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp records deliver call-records --cell euw1-a --once');
  records
    .command('deliver')
    .description('Adds the call records of a cell to files in a folder: NDJSON, one file for each UTC day.')
    .argument('<folder>', 'where the files go: FOLDER/CELL/2026-11-30.ndjson')
    .option('--cell <cell>', 'name of the cell; the only one that is up on this machine by default', cellName)
    .option(
      '--redis <url>',
      'the Redis of a cell elsewhere, rediss://HOST:PORT; without it the cell is on this machine',
      redisUrl,
    )
    .option('--group <name>', 'consumer group of this folder; another folder needs another one', groupName, 'cellstamp')
    .option('--once', 'end when everything in the stream is delivered')
    .option('--from <time>', 'first add what Redis has taken since then and the files lack', instant)
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp records deliver /var/lib/call-records --cell euw1-a --redis rediss://redis.euw1-a.example:6379

It goes on until it is ended, and may be killed at any time: a record is acknowledged after its line is on the disk, and a file takes each
record once. In the environment: CELLSTAMP_REDIS_USER; CELLSTAMP_REDIS_PASSWORD, or a file's name in CELLSTAMP_REDIS_PASSWORD_FILE; a file's
name in CELLSTAMP_REDIS_CA, for authorities that the system does not know. Needs the package @redis/client. See docs/records.md.`,
    )
    .action(deliverRecords);
  records
    .command('check')
    .description(
      'Looks for calls that the files lack: starts without an end, ends without a start, entries that were lost.',
    )
    .argument('<folder>', 'where the files are')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp records check /var/lib/call-records\n\nExit status: 0 nothing is missing, 1 something is, 2 bad input.',
    )
    .action(check);
  return records;
}

function cellName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,19}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a cell, such as euw1-a.');
}

function groupName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, dots, hyphens and underscores.');
}

interface DeliverOptions {
  readonly cell?: string;
  readonly redis?: RedisUrl;
  readonly group: string;
  readonly once?: true;
  readonly from?: number;
}

/** Milliseconds between two looks at a stream that had nothing else. */
const POLL = 1000;
/** Milliseconds before the next attempt after failures one after the other. */
const backOff = (failures: number): number => Math.min(1000 * 2 ** (failures - 1), 30_000);

async function deliverRecords(folder: string, { cell, redis, group, once, from }: DeliverOptions): Promise<void> {
  if (redis !== undefined && cell === undefined) {
    throw new CommandFailure('--redis needs --cell: the name of the cell, by which its files are named', 2);
  }
  const source =
    redis === undefined ? await localSource(cell) : { cell: cell!, access: accessTo(redis), close: () => {} };
  try {
    const { CellFiles } = await import('../records/cell-files.ts');
    const files = new CellFiles(folder, source.cell);
    try {
      await interruptible(async (signal) => {
        const job = { cell: source.cell, files, signal };
        await (once ? deliverOnce(job, source.access, group, from) : keepDelivering(job, source.access, group, from));
      }, undefined);
    } finally {
      files.close();
    }
  } finally {
    source.close();
  }
}

interface Source {
  readonly cell: string;
  readonly access: RedisAccess;
  close(): void;
}

async function localSource(name: string | undefined): Promise<Source> {
  asRoot();
  const { name: cell } = await runningCell(name);
  const { bridgeToRedis } = await import('../../targets/local/redis-bridge.ts');
  const { path, password, close } = await bridgeToRedis(cell);
  return { cell, access: { address: { path, tls: false }, user: undefined, password }, close };
}

type Job = Omit<Delivery, 'stream'>;

async function deliverOnce(job: Job, access: RedisAccess, group: string, from: number | undefined): Promise<void> {
  const { openStream } = await import('../records/redis-stream.ts');
  const { deliver, replay } = await import('../../software/call-records/delivery.ts');
  const stream = await openStream(access, group).catch((error: unknown) => fail(error, access));
  try {
    if (from !== undefined) report(job.cell, await replay({ ...job, stream }, from));
    report(job.cell, await deliver({ ...job, stream }));
  } catch (error) {
    fail(error, access);
  } finally {
    stream.close();
  }
}

async function keepDelivering(job: Job, access: RedisAccess, group: string, from: number | undefined): Promise<void> {
  const { openStream } = await import('../records/redis-stream.ts');
  const { deliver, replay } = await import('../../software/call-records/delivery.ts');
  let toReplay = from;
  // What the last line said that the operator saw; undefined when all is well.
  let said: string | undefined = '';
  for (let failures = 0; !job.signal.aborted;) {
    let stream: Awaited<ReturnType<typeof openStream>> | undefined;
    try {
      stream = await openStream(access, group);
      if (toReplay !== undefined) report(job.cell, await replay({ ...job, stream }, toReplay));
      toReplay = undefined;
      while (!job.signal.aborted) {
        const delivered = await deliver({ ...job, stream });
        if (delivered.lost > 0 || said !== undefined) report(job.cell, delivered);
        failures = 0;
        said = undefined;
        await pause(POLL, job.signal);
      }
    } catch (error) {
      const text = reason(error, access);
      if (isMisuse(error)) throw error;
      if (text !== said) console.error(lines(`cellstamp: ${text}; the records wait in Redis`));
      said = text;
      failures++;
      await pause(backOff(failures), job.signal);
    } finally {
      stream?.close();
    }
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);

const isMisuse = (error: unknown): boolean => error instanceof UserError && error.status === 2;

function report(cell: string, { added, known, lost }: Delivered): void {
  const missing = lost === 0 ? '' : `; ${lost} left the stream unread`;
  console.log(`cell ${cell}: ${added} records added, ${known} were there${missing}`);
}

/** What is wrong with the files, or what the client of Redis says. */
function reason(error: unknown, { address }: RedisAccess): string {
  const { message, code } = error as NodeJS.ErrnoException;
  if (error instanceof UserError) return message;
  return `Redis at ${'path' in address ? address.path : `${address.host}:${address.port}`}: ${message || code}`;
}

function fail(error: unknown, access: RedisAccess): never {
  throw error instanceof UserError ? error : new CommandFailure(reason(error, access), 1);
}

async function check(folder: string, { json }: { readonly json?: true }): Promise<void> {
  const cells = cellsIn(folder);
  const results: Record<string, Reconciliation> = {};
  for (const cell of cells) results[cell] = await reconcile(join(folder, cell));
  if (json) printJson(results);
  else for (const [cell, result] of Object.entries(results)) print(cell, result);
  if (Object.values(results).some(({ gaps }) => gaps.length > 0)) process.exitCode = 1;
}

/** @throws CommandFailure when there are no records */
function cellsIn(folder: string): readonly string[] {
  const allowed = 'the folder of `npx cellstamp records deliver`';
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandFailure(`${printable(folder)} is not a folder; allowed: ${allowed}`, 2);
  }
  const cells = readdirSync(folder).filter((name) => filesIn(join(folder, name)).length > 0);
  if (cells.length === 0) throw new CommandFailure(`${printable(folder)} has no records; allowed: ${allowed}`, 2);
  return cells.sort();
}

const filesIn = (folder: string): readonly string[] =>
  statSync(folder, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(folder)
        .filter((name) => /^(\d{4}-\d{2}-\d{2}|lost|unreadable)\.ndjson$/.test(name))
        .sort()
    : [];

async function reconcile(folder: string): Promise<Reconciliation> {
  const { Reconciler } = await import('../../software/call-records/reconciliation.ts');
  const { lossFile } = await import('../../software/call-records/record-line.ts');
  const { wholeLines } = await import('../records/lines.ts');
  const reconciler = new Reconciler();
  const files = filesIn(folder);
  for (const file of [lossFile, ...files.filter((name) => name !== lossFile)]) {
    if (!existsSync(join(folder, file))) continue;
    let number = 0;
    for await (const { text } of wholeLines(join(folder, file))) reconciler.add(file, ++number, text);
  }
  return reconciler.result();
}

/** What a terminal has room for; --json has all of them. */
const MOST_GAPS = 20;

function print(cell: string, { days, gaps, until, up, begunBefore }: Reconciliation): void {
  console.log(`cell ${cell}, up to ${until === null ? 'no record' : new Date(until * 1000).toISOString()}`);
  const rows = days.map(({ day, ...counts }) => [day, ...Object.values(counts).map(String)]);
  if (rows.length > 0) console.log(formatTable(['day', 'starts', 'ends', 'unanswered', 'refused'], rows));
  console.log(`up at the end: ${up}; begun before the first record: ${begunBefore}`);
  for (const gap of gaps.slice(0, MOST_GAPS)) console.log(lines(`missing: ${gap}`));
  if (gaps.length > MOST_GAPS) console.log(`and ${gaps.length - MOST_GAPS} others (--json has all)`);
  if (gaps.length === 0) console.log('nothing is missing');
}
