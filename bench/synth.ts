/**
 * Synthesis of a fleet: the Terraform app's own command over fleets of generated cells, each run in a process of its own.
 * Cells have two trunks and ten tenants, so that the rules between cells have something to read.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRow } from './row.ts';

export const about =
  'To build one cell out of 1,000 reads the others by three short cuts, each of which is needed for the goal: an index of what cells share, tenants of others blanked, plain YAML read without the parser.' +
  ' CPU time as times that of one cell out of 1 (medians of three runs, without one of them each): 1.07 with all; 1.24 with every cell checked wholly; 1.11 without blanking, 1.25 by the parser alone.' +
  ' With 500 tenants a cell: 1.30 with all, 3.18 without blanking, 2.31 by the parser alone.';

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

/** Says at the end what the whole process took, all its threads included. */
const probe = `data:text/javascript,${encodeURIComponent(
  "import { isMainThread } from 'node:worker_threads';" +
    "if (isMainThread) process.on('exit', () => console.log(JSON.stringify(process.resourceUsage())));",
)}`;

function synth(cells: string, out: string, only?: string): Run {
  rmSync(out, { recursive: true, force: true });
  const started = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--import', probe, 'stacks/main.ts'],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: {
        ...process.env,
        CDKTF_OUTDIR: out,
        CELLSTAMP_CELLS: cells,
        ...(only === undefined ? {} : { CELLSTAMP_CELL: only }),
      },
    },
  );
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (status !== 0) throw new Error(`synthesis ended with ${status}: ${stderr.slice(-2000)}`);
  const usage = JSON.parse(stdout.trim().split('\n').at(-1)!) as NodeJS.ResourceUsage;
  return {
    seconds,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    megabytes: (usage.maxRSS * 1024) / 1e6,
  };
}

function cellFile(number: number): string {
  const name = `c${String(number).padStart(4, '0')}`;
  const tenants = Array.from({ length: 10 }, (_, n) => {
    const tenant = `${name}-t${n}`;
    const did = `+49301${String(number).padStart(4, '0')}${n}`;
    return `  - name: ${tenant}\n    domain: ${tenant}.example.com\n    dids:\n      '${did}': reception\n`;
  });
  return [
    `name: ${name}\nregion: eu-west-1\naws: {}\nnetwork: 10.${Math.floor(number / 16)}.${(number % 16) * 16}.0/20\n`,
    'trunks:\n  - name: carrier-a\n    address: 192.0.2.10\n  - name: carrier-b\n    address: 192.0.2.20\n',
    `tenants:\n${tenants.join('')}`,
  ].join('');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

export function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-bench-'));
  try {
    const fleet = (size: number) => {
      const cells = join(folder, `fleet-${size}`);
      mkdirSync(cells);
      for (let number = 0; number < size; number++) {
        writeFileSync(join(cells, `c${String(number).padStart(4, '0')}.yaml`), cellFile(number));
      }
      return cells;
    };
    const out = join(folder, 'out');
    const rows: BenchRow[] = [];
    const fleets = new Map([1, 10, 100, 1000].map((size) => [size, fleet(size)]));
    for (const [size, cells] of fleets) {
      const { seconds, cpuSeconds, megabytes } = synth(cells, out);
      const what = `synthesis of ${size} ${size === 1 ? 'cell' : 'cells'}`;
      const goals = size === 1000;
      rows.push(
        { what, figure: seconds, unit: 's', ...(goals ? { goal: { atMost: 60 } } : {}) },
        { what: `${what}: CPU time`, figure: cpuSeconds, unit: 's' },
        { what: `${what}: memory at most`, figure: megabytes, unit: 'MB', ...(goals ? { goal: { atMost: 500 } } : {}) },
      );
    }

    // In turn, so that what else the machine does falls on both. CPU time is steadier than the clock on a shared machine.
    const pairs = Array.from({ length: 7 }, () => ({
      alone: synth(fleets.get(1)!, out, 'c0000'),
      among: synth(fleets.get(1000)!, out, 'c0000'),
    }));
    const alone = median(pairs.map((pair) => pair.alone.seconds));
    const among = median(pairs.map((pair) => pair.among.seconds));
    rows.push(
      { what: 'one cell out of 1', figure: alone, unit: 's' },
      { what: 'one cell out of 1,000, checked against all', figure: among, unit: 's', baseline: 'one cell out of 1' },
      {
        what: 'one cell out of 1,000: times the time of one out of 1',
        figure: median(pairs.map((pair) => pair.among.seconds / pair.alone.seconds)),
        unit: 'x',
        baseline: 'one cell out of 1, in turn',
        goal: { atMost: 1.1 },
      },
      {
        what: 'one cell out of 1,000: times the CPU time of one out of 1',
        figure: median(pairs.map((pair) => pair.among.cpuSeconds / pair.alone.cpuSeconds)),
        unit: 'x',
        baseline: 'one cell out of 1, in turn',
      },
    );
    return Promise.resolve(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
