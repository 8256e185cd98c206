/** Reads the history files that `planning.yaml` names. */
import { readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { counted } from '../../config-file/counted.ts';
import type { TimeZone } from '../../planner/forecast/time-zone.ts';
import { printable, type Finding } from '../../config-file/finding.ts';
import { reasonOf } from '../../config-file/read-text.ts';
import { errorAt } from '../../config-file/checked-file.ts';
import type { PlanningFile } from '../read-planning.ts';
import { FileReading } from './file-reading.ts';
import type { Grid, Values } from './grid.ts';
import type { Measured, Subject } from './measured.ts';
import { FormProblem } from './row.ts';
import { readRows } from './rows.ts';
import { MINUTE_MS } from '../../planner/time.ts';

/** A file may be wrong in every line; this many are reported. */
const MOST_PROBLEMS = 10;

export interface FileOptions {
  readonly grid: Grid;
  /** Whether a cell or tenant is of the fleet. */
  readonly wants: (subject: Subject, name: string) => boolean;
  /** Zones that callers live by: their changes of the clock are looked at. */
  readonly zones: readonly TimeZone[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

export interface FilesRead {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/** Adds what the files say to `measured`. With findings, nobody should plan on it. */
export async function readHistoryFiles(
  { value, source, path }: PlanningFile,
  measured: Measured,
  options: FileOptions,
): Promise<FilesRead> {
  const findings: Finding[] = [];
  const strangers = new Set<string>();
  for (const [at, named] of value.history.files.entries()) {
    const files = filesNamed(isAbsolute(named) ? named : join(dirname(path), named));
    if (typeof files === 'string') {
      findings.push(
        errorAt(source, ['history', 'files', at], `${dirname(named)}: ${files}`, 'a folder that can be read'),
      );
      continue;
    }
    if (files.length === 0) {
      const [message, allowed] = named.includes('*')
        ? [`no file matches ${named}`, globAllowed]
        : [`there is no file ${named}`, 'a file that is there'];
      findings.push(errorAt(source, ['history', 'files', at], message, allowed));
    }
    for (const file of files) {
      options.onProgress?.(`reading ${file}`);
      const reading = new FileReading(options.grid, options.wants, MOST_PROBLEMS, value.history.missingRows);
      findings.push(...(await readFile(file, reading, measured, options)));
      for (const name of reading.strangers) strangers.add(name);
    }
  }
  if (value.history.missingRows === 'zero') for (const values of measured.all()) forgetLeadingZeros(values);
  return { findings, notes: strangers.size === 0 ? [] : [strangersNote([...strangers])] };
}

/** Before its first call nobody knows whether a tenant was there. */
function forgetLeadingZeros(values: Values): void {
  for (let i = 0; i < values.length && !(values[i]! > 0); i++) values[i] = NaN;
}

async function readFile(
  file: string,
  reading: FileReading,
  measured: Measured,
  { grid, zones, signal }: FileOptions,
): Promise<Finding[]> {
  const finding = (line: number, message: string, given: string, allowed: string): Finding => ({
    severity: 'error',
    file,
    line,
    column: 1,
    path: '',
    message,
    given,
    allowed,
  });
  const found: Finding[] = [];
  try {
    await readRows(file, (row, line) => reading.add(row, line), signal);
  } catch (error) {
    if (!(error instanceof FormProblem)) throw error;
    found.push(finding(error.line, error.message, file, error.allowed));
  }
  found.push(...reading.problems.map(({ line, message, given, allowed }) => finding(line, message, given, allowed)));
  const more = reading.problemCount - reading.problems.length;
  const lastLine = reading.problems.at(-1)?.line ?? 1;
  if (more > 0) {
    found.push(
      finding(
        lastLine,
        `${counted(more, 'more line of the file is', 'more lines of the file are')} wrong`,
        counted(more, 'line'),
        'no wrong line',
      ),
    );
  }
  const step = reading.stepMinutes();
  if (step > grid.stepMinutes) {
    const allowed = `history.stepMinutes of ${step} or more in planning.yaml, or finer measurements`;
    found.push(
      finding(
        1,
        `the file has a line every ${counted(step, 'minute')}, the plan counts in ${grid.stepMinutes}`,
        `${step}`,
        allowed,
      ),
    );
  }
  for (const { zone, at } of reading.clockJumps(zones)) {
    const when = new Date(at).toISOString();
    const message = `the hour from ${when} on is missing, which the clocks of ${zone.name} skip: local time under another name`;
    found.push(finding(1, message, when, 'times in UTC, or with the offset of the season'));
  }
  if (found.length > 0) return found;
  for (const subject of ['cell', 'tenant'] as const) {
    const known = measured.earlier[subject];
    for (const [name, at] of reading.earlier[subject]) known.set(name, Math.max(at, known.get(name) ?? at));
  }
  const contradictions: Finding[] = [];
  for (const { subject, name, resource, values } of reading.series()) {
    const contradiction = measured.add(subject, name, resource, values);
    if (contradiction === undefined) continue;
    const when = new Date(grid.start + contradiction * grid.stepMinutes * MINUTE_MS).toISOString();
    const message = `${resource} of ${subject} ${name} at ${when} is another than in the file before`;
    contradictions.push(finding(1, message, name, 'files that agree where they overlap'));
  }
  return contradictions.slice(0, MOST_PROBLEMS);
}

const globAllowed = 'a pattern that matches a file; * stands for any part of the name, and in no folder’s name';

/** A `*` in the last part of a path stands for any part of a name. @returns the files, or why the folder can't be read */
function filesNamed(path: string): string[] | string {
  const pattern = basename(path);
  const matches = new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
  try {
    return readdirSync(dirname(path))
      .filter((name) => matches.test(name))
      .sort()
      .map((name) => join(dirname(path), name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    return reasonOf(dirname(path), error);
  }
}

function strangersNote(names: readonly string[]): string {
  const first = printable(names.slice(0, 5).join(', '));
  const rest = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `left out of the history, because not of the fleet: ${first}${rest}`;
}
