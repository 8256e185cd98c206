/**
 * `npm run bench -- [NAME ...] [--write]`: runs the benchmarks, each in a process of its own, and prints their figures beside
 * their goals. `--write` also puts them into docs/benchmarks.md with the machine and the command; a benchmark that is not
 * named keeps its section there. `npm run bench -- forecast --series FILE` forecasts a series of your own instead.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMet, rowLines, type BenchRow } from './row.ts';

const page = new URL('../docs/benchmarks.md', import.meta.url);
const args = process.argv.slice(2);
const seriesAt = args.indexOf('--series');
const [, series] = seriesAt < 0 ? [] : args.splice(seriesAt, 2);
const available = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts' && file !== 'row.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
const named = args.filter((arg) => !arg.startsWith('-'));
const unknown = [
  ...named.filter((name) => !available.includes(name)),
  ...args.filter((arg) => arg.startsWith('-') && arg !== '--write'),
];
if (seriesAt >= 0 && (series === undefined || named.join() !== 'forecast' || args.includes('--write'))) {
  console.error('--series FILE goes with the benchmark forecast, and its figures into no page');
  process.exit(2);
}
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; allowed: ${available.join(', ')}, --write`);
  process.exit(2);
}

interface Measured {
  /** How it was measured, where the rows don't say it. */
  readonly about?: string;
  readonly rows: readonly BenchRow[];
}

let failed = 0;
const sections = new Map<string, string>();
for (const name of named.length > 0 ? named : available) {
  console.error(`== ${name}`);
  const program = `const { run, about } = await import('./bench/${name}.ts'); console.log(JSON.stringify({ about, rows: await run() }));`;
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--expose-gc', '--input-type=module', '-e', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(series !== undefined && { CELLSTAMP_SERIES: resolve(series) }) },
    maxBuffer: 1 << 28,
  });
  if (child.status !== 0) {
    console.error(`${name} failed with status ${child.status}`);
    failed++;
    continue;
  }
  const { about, rows } = JSON.parse(child.stdout.trim().split('\n').at(-1)!) as Measured;
  console.log(rowLines(rows));
  failed += rows.filter((row) => !isMet(row)).length;
  sections.set(name, section(name, rows, about));
}
if (args.includes('--write')) writePage();
process.exitCode = failed === 0 ? 0 : 1;

function section(name: string, rows: readonly BenchRow[], about?: string): string {
  const goal = (row: BenchRow) =>
    [
      row.goal?.atLeast === undefined ? '' : `at least ${row.goal.atLeast}`,
      row.goal?.atMost === undefined ? '' : `at most ${row.goal.atMost}`,
    ]
      .filter(Boolean)
      .join(', ');
  const lines = rows.map(
    (row) =>
      `| ${row.what} | ${Number(row.figure.toPrecision(4))} ${row.unit} | ${row.baseline ?? ''} | ${goal(row)}${row.goal ? (isMet(row) ? ', met' : ', **not met**') : ''} |`,
  );
  const head = about === undefined ? [] : [about, ''];
  return [
    `## ${name}`,
    '',
    ...head,
    '| what | figure | against | goal |',
    '| --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function writePage(): void {
  let earlier = '';
  try {
    earlier = readFileSync(page, 'utf8');
  } catch {
    // The first run makes the page.
  }
  for (const part of earlier.split(/^(?=## )/m).slice(1)) {
    const name = part.slice(3, part.indexOf('\n'));
    if (!sections.has(name) && available.includes(name)) sections.set(name, `${part.trimEnd()}\n`);
  }
  const head = [
    '# Benchmarks',
    '',
    `Written by \`npm run bench -- --write\` on ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB,`,
    `Linux ${release()}, Node.js ${process.versions.node}. The machine is shared: trust ratios within a run, not absolute figures.`,
    '',
  ].join('\n');
  const body = [...sections.keys()].sort().map((name) => sections.get(name)!);
  writeFileSync(page, [head, ...body].join('\n'));
  spawnSync('npx', ['--no-install', 'prettier', '--write', '--log-level=warn', fileURLToPath(page)], {
    stdio: 'inherit',
  });
}
