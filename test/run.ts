/**
 * `npm test`: every check of the project, the quick ones first. Stops at nothing: all failures are shown in one run. Ends
 * with a line that counts, and exits 1 when anything failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

const scratch = mkdtempSync(join(tmpdir(), 'cellstamp-test-'));

/** Colours only on a terminal; no notices of npm's own. */
const env = { ...process.env, npm_config_loglevel: 'error', ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }) };

/** A tool that says yes or no by its exit status: one check. */
function tool(...command: readonly [string, ...string[]]): () => Count {
  return () => {
    const { status } = spawnSync('npx', ['--no-install', ...command], { stdio: 'inherit', env });
    return status === 0 ? { passed: 1, failed: 0, skipped: [] } : { passed: 0, failed: 1, skipped: [] };
  };
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** One lane of vitest.config.ts. */
function lane(project: string): () => Count {
  return () => {
    const file = join(scratch, `${project}.json`);
    const { status } = spawnSync(
      'npx',
      [
        '--no-install',
        'vitest',
        'run',
        '--project',
        project,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
      { stdio: 'inherit', env },
    );
    try {
      const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
      const broken = report.testResults.filter(
        (result) => result.status === 'failed' && result.assertionResults.length === 0,
      );
      const skipped = report.testResults.flatMap((result) =>
        result.assertionResults
          .filter((test) => test.status === 'skipped' || test.status === 'pending')
          .map((test) => test.fullName),
      );
      const failed = report.numFailedTests + broken.length;
      return { passed: report.numPassedTests, failed: status !== 0 ? Math.max(1, failed) : failed, skipped };
    } catch {
      return { passed: 0, failed: 1, skipped: [] };
    }
  };
}

const steps: readonly (readonly [name: string, run: () => Count])[] = [
  ['format', tool('prettier', '--check', '--log-level=warn', '.')],
  ['lint', tool('eslint', '.')],
  ['types', tool('tsc', '--noEmit', '-p', '.')],
  ['unused code', tool('knip')],
  ['unit and property tests', lane('unit')],
  ['generated files boot and pass their checkers', lane('boot')],
  ['package', tool('tsx', 'test/package.ts')],
  ['Terraform', lane('terraform')],
  ['cells with real calls', lane('cell')],
  ['the front with real calls', lane('front')],
];

const results: (Count & { readonly name: string; readonly seconds: number })[] = [];
try {
  for (const [name, run] of steps) {
    console.log(`\n== ${name}`);
    const start = process.hrtime.bigint();
    results.push({ name, ...run(), seconds: Number(process.hrtime.bigint() - start) / 1e9 });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const skipped = results.flatMap((result) => result.skipped);
console.log('');
for (const result of results) {
  console.log(
    `${result.failed === 0 ? 'ok    ' : 'FAILED'} ${result.name.padEnd(46)} ${String(result.passed).padStart(5)} passed ${String(result.failed).padStart(3)} failed ${result.seconds.toFixed(0).padStart(4)} s`,
  );
}
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((name) => `  ${name}`).join('\n')}`);
const sum = (key: 'passed' | 'failed') => results.reduce((total, result) => total + result[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${skipped.length} skipped`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
