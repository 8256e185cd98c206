/**
 * `npm test`: every check of the project, the quick ones first. Stops at nothing: all failures are shown in one run. Ends
 * with a line that counts, and exits 1 when anything failed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { reportVariable, type FileReport } from './lane-report.ts';

const [unknown] = process.argv.slice(2);
if (unknown !== undefined) {
  console.error(`npm test runs everything and takes no ${JSON.stringify(unknown)}; one file: npx vitest run FILE`);
  process.exit(2);
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  /** Tests that failed at first, and whose files were run once more. */
  readonly secondTries: readonly string[];
}

/** Runs a program of the project's packages under a title. @returns its exit status */
type Run = (title: string, command: readonly string[], variables?: NodeJS.ProcessEnv) => Promise<number | null>;

interface Step {
  readonly name: string;
  readonly check: (run: Run) => Promise<Count>;
}

const scratch = mkdtempSync(join(tmpdir(), 'cellstamp-test-'));

/** Colours only on a terminal; no notices of npm's own. */
const env = { ...process.env, npm_config_loglevel: 'error', ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }) };

const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.on('close', resolve));

const foreground: Run = (title, command, variables) => {
  console.log(`\n== ${title}`);
  const npx = ['--no-install', ...command];
  return ended(spawn('npx', npx, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, ...variables } }));
};

/** Takes what processor time the foreground leaves, because audio is real time. What it prints is shown at its end. */
const background: Run = async (title, command, variables) => {
  const lowest = ['-n', '19', 'npx', '--no-install', ...command];
  const child = spawn('nice', lowest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, ...variables } });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const status = await ended(child);
  console.log(`\n== ${title}\n${(await output).join('')}`);
  return status;
};

/** A tool that says yes or no by its exit status: one check. */
function tool(name: string, ...command: readonly string[]): Step {
  return {
    name,
    check: async (run) => {
      const passed = (await run(name, command)) === 0;
      return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: [], secondTries: [] };
    },
  };
}

/** Runs one project of vitest.config.ts, or files of it. Undefined when it did not get to its end. */
async function vitest(
  run: Run,
  title: string,
  project: string,
  files: readonly string[] = [],
): Promise<readonly FileReport[] | undefined> {
  const file = join(scratch, `${project}-${files.length}.json`);
  const reporters = ['--reporter=default', '--reporter=./test/lane-report.ts'];
  const status = await run(title, ['vitest', 'run', '--project', project, ...reporters, ...files], {
    [reportVariable]: file,
  });
  try {
    const reports = JSON.parse(readFileSync(file, 'utf8')) as FileReport[];
    if (status === 0 || reports.some(({ failed }) => failed.length > 0)) return reports;
    return [
      ...reports,
      { file: undefined, passed: [], failed: [`vitest --project ${project}: status ${status}`], skipped: [] },
    ];
  } catch {
    return undefined;
  }
}

/**
 * One project of vitest.config.ts. A file that fails gets a second try, from nothing: calls and daemons may have failed for want
 * of a processor. What needed one is told in the end.
 */
function lane(name: string, project: string): Step {
  return {
    name,
    check: async (run) => {
      const first = await vitest(run, name, project);
      if (!first) return { passed: 0, failed: 1, skipped: [], secondTries: [] };
      const secondTries = first.flatMap(({ failed }) => failed);
      const files = new Set(
        first.flatMap(({ file, failed }) => (file !== undefined && failed.length > 0 ? [file] : [])),
      );
      if (files.size === 0) return { ...count(first), secondTries };
      const second = await vitest(run, `${name}, a second try`, project, [...files]);
      const isAgain = ({ file }: FileReport) => file !== undefined && files.has(file);
      const again = second ?? first.filter(isAgain);
      return { ...count([...first.filter((report) => !isAgain(report)), ...again]), secondTries };
    },
  };
}

function count(reports: readonly FileReport[]): Omit<Count, 'secondTries'> {
  return {
    passed: reports.flatMap(({ passed }) => passed).length,
    failed: reports.flatMap(({ failed }) => failed).length,
    skipped: reports.flatMap(({ skipped }) => skipped),
  };
}

/** One stage after the other: the steps of its first row in the foreground, beside them those of its second row. */
const stages: readonly (readonly [foreground: readonly Step[], background: readonly Step[]])[] = [
  [
    [tool('format', 'prettier', '--check', '--log-level=warn', '.'), tool('lint', 'eslint', '.')],
    [tool('types', 'tsc', '--noEmit', '-p', '.'), tool('unused code', 'knip')],
  ],
  [
    [
      lane('unit and property tests', 'unit'),
      lane('generated files boot and pass their checkers', 'boot'),
      lane('the package in projects of others', 'package'),
      lane('a cell on this machine', 'local'),
      lane('cells with real calls', 'cell'),
      lane('the front with real calls', 'front'),
      lane('a cell on Kubernetes with real calls', 'kubernetes'),
    ],
    [lane('Terraform', 'terraform')],
  ],
];

interface Result extends Count {
  readonly name: string;
  readonly seconds: number;
}

async function inTurn(steps: readonly Step[], run: Run): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, check } of steps) {
    const started = process.hrtime.bigint();
    results.push({ name, ...(await check(run)), seconds: Number(process.hrtime.bigint() - started) / 1e9 });
  }
  return results;
}

const results: Result[] = [];
try {
  for (const [before, beside] of stages) {
    results.push(...(await Promise.all([inTurn(before, foreground), inTurn(beside, background)])).flat());
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const list = (title: string, names: readonly string[]) => {
  if (names.length > 0) console.log(`\n${title}:\n${names.map((name) => `  ${name}`).join('\n')}`);
};
console.log('');
for (const result of results) {
  console.log(
    `${result.failed === 0 ? 'ok    ' : 'FAILED'} ${result.name.padEnd(46)} ${String(result.passed).padStart(5)} passed ${String(result.failed).padStart(3)} failed ${result.seconds.toFixed(0).padStart(4)} s`,
  );
}
const skipped = results.flatMap((result) => result.skipped);
list('Skipped', skipped);
list(
  'Failed once, and got a second try from nothing',
  results.flatMap((result) => result.secondTries),
);
const sum = (key: 'passed' | 'failed') => results.reduce((total, result) => total + result[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${skipped.length} skipped`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
