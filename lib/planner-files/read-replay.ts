/** Reads measured use of tenants to be put through a simulation. */
import { basename } from 'node:path';
import { counted } from '../config-file/counted.ts';
import type { Resource } from '../planner/resources.ts';
import { replayTraffic, type Replay } from '../planner/simulation/replay.ts';
import { parseScenario, type Scenario } from '../planner/simulation/scenario-schema.ts';
import type { Traffic } from '../planner/simulation/traffic.ts';
import { PLACES } from '../planner/tenant-generator.ts';
import type { Finding } from '../config-file/finding.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import { FileReading, readTime } from './history/file-reading.ts';
import { FormProblem } from './history/row.ts';
import { readRows } from './history/rows.ts';
import { DAY_MS, MINUTE_MS } from '../planner/time.ts';

/** A file may be wrong in every line; this many are reported. */
const MOST_PROBLEMS = 10;
/** A year of history and a year that is replayed, and some more. */
const MOST_DAYS = 1000;
const STEPS = [5, 10, 15, 20, 30, 60];

export interface ReplayOptions {
  /** Whose cells, circumstances and days count. Default: standard cells in one region, and the second half of the days. */
  readonly scenario?: Scenario;
  /** Days at the end of the file that are replayed. */
  readonly days?: number;
  readonly seed?: number;
}

export interface ReadReplay {
  readonly scenario: Scenario;
  readonly traffic: Traffic;
  /** What was left out, in words for a person. */
  readonly notes: readonly string[];
}

/**
 * @throws InvalidFiles with all that is wrong in the file
 * @throws RangeError where it does not go with the days
 */
export async function readReplay(path: string, options: ReplayOptions): Promise<ReadReplay> {
  const finding = (line: number, message: string, given: string, allowed: string): Finding => ({
    severity: 'error',
    file: path,
    line,
    column: 1,
    path: '',
    message,
    given,
    allowed,
  });
  const fail = (...findings: Finding[]): never => {
    throw new InvalidFiles(findings);
  };
  try {
    const { start, stepMinutes, steps } = await extentOf(path);
    const days = (steps * stepMinutes) / 1440;
    if (days > MOST_DAYS) {
      fail(
        finding(
          1,
          `the file's times are ${counted(days, 'day')} apart`,
          counted(days, 'day'),
          `at most ${MOST_DAYS} days`,
        ),
      );
    }
    if (!STEPS.includes(stepMinutes)) {
      fail(
        finding(1, `the file has a line every ${counted(stepMinutes, 'minute')}`, `${stepMinutes}`, STEPS.join(', ')),
      );
    }
    const reading = new FileReading(
      { start, stepMinutes, length: steps },
      (subject) => subject === 'tenant',
      MOST_PROBLEMS,
      'unknown',
    );
    await readRows(path, (row, line) => reading.add(row, line));
    const { problems, problemCount } = reading;
    const more = problemCount - problems.length;
    const found = problems.map(({ line, message, given, allowed }) => finding(line, message, given, allowed));
    if (more > 0)
      found.push(
        finding(
          problems.at(-1)!.line,
          `${counted(more, 'more line is', 'more lines are')} wrong`,
          `${more}`,
          'no wrong line',
        ),
      );
    if (found.length > 0) fail(...found);
    const tenants = new Map<string, Partial<Record<Resource, ArrayLike<number>>>>();
    for (const { name, resource, values } of reading.series()) {
      tenants.set(name, { ...tenants.get(name), [resource]: values });
    }
    if (tenants.size === 0)
      fail(finding(1, 'no line is about a tenant', 'none', 'lines with a tenant, a resource and a value'));
    const replay: Replay = { start, stepMinutes, steps, tenants };
    const scenario = scenarioOf(path, replay, options);
    const strangers = reading.strangers.size;
    const notes =
      strangers === 0 ? [] : [`${path}: lines of ${counted(strangers, 'cell')} are left out; tenants are replayed`];
    return { scenario, traffic: replayTraffic(replay, scenario), notes };
  } catch (error) {
    if (error instanceof FormProblem) fail(finding(error.line, error.message, path, error.allowed));
    throw error;
  }
}

function scenarioOf(path: string, { steps, stepMinutes }: Replay, { scenario, days, seed }: ReplayOptions): Scenario {
  if (scenario !== undefined) return { ...scenario, stepMinutes: stepMinutes as Scenario['stepMinutes'] };
  const all = Math.floor((steps * stepMinutes) / 1440);
  return parseScenario({
    name: basename(path).slice(0, 64),
    days: days ?? Math.max(1, Math.floor(all / 2)),
    tenants: 0,
    stepMinutes: stepMinutes as Scenario['stepMinutes'],
    places: [PLACES[0]!],
    ...(seed !== undefined && { seed }),
  });
}

/** From which day to which, and at what distance, a file has lines. What is wrong with them is reported when they are read. */
async function extentOf(path: string): Promise<{ start: number; stepMinutes: number; steps: number }> {
  const times = new Set<number>();
  await readRows(path, ({ time }) => {
    const at = readTime(time);
    if (typeof at === 'number') times.add(at);
  });
  const sorted = Float64Array.from(times).sort();
  if (sorted.length < 2) throw new FormProblem(1, 'the file has no two times', 'lines of several days');
  const counts = new Map<number, number>();
  for (let i = 1; i < sorted.length; i++) {
    const minutes = (sorted[i]! - sorted[i - 1]!) / MINUTE_MS;
    counts.set(minutes, (counts.get(minutes) ?? 0) + 1);
  }
  const [stepMinutes] = [...counts].sort(([a, m], [b, n]) => n - m || a - b)[0]!;
  const start = Math.floor(sorted[0]! / DAY_MS) * DAY_MS;
  const end = sorted.at(-1)! + stepMinutes * MINUTE_MS;
  // Whole days, so that the days of a scenario begin with one.
  return { start, stepMinutes, steps: (Math.ceil((end - start) / DAY_MS) * 1440) / stepMinutes };
}
