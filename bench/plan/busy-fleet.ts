/**
 * A fleet as an operator has it, in files: cells, `planning.yaml`, histories, and what the plan before left. It is busy: a
 * region outgrows its cells, one cell elsewhere is too full beside others with room, one measures nothing any more, and
 * tenants wait.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanMemory } from '../../lib/planner/plan/schema.ts';
import { HOURS_PER_WEEK, RESOURCES, weeklyPeak } from '../../lib/planner/resources.ts';
import { generateTenants, PLACES, type GeneratedTenant } from '../../lib/planner/tenant-generator.ts';
import { tenantHistory } from '../../lib/planner/tenant-history.ts';
import { linesForErlangB } from '../../lib/planner/teletraffic/erlang.ts';
import { block, formatRange, parseRange } from '../../lib/fleet/range.ts';

const TENANTS = 50_000;
const WAITING = 500;
const CELLS = 200;
const WEEKS = 8;
const HOUR = 3_600_000;
/** Monday 2025-03-03, 06:20 UTC; the last hour that is measured ended at 06:00. */
export const NOW = Date.UTC(2025, 2, 3, 6, 20);
const END = Math.floor(NOW / HOUR) * HOUR;
const HOURS = WEEKS * HOURS_PER_WEEK;

/** Times what the generated tenants use, which fills most cells to some three fifths. */
const LOAD = 1.3;
/** A week. */
const GROWTH = 0.005;
/** Its tenants use more and grow quickly, so that the region has no room left for those of its fullest cells. */
const OUTGROWN = { region: 'us-west-2', load: 1.45, growth: 0.02 };
/** The first cell of this region is too full, the others are not; the plan of this number of hours ago has seen it. */
const CROWDED = { region: 'eu-central-1', load: 2, hours: 3 };
/** The first cell of this region was last measured this number of hours before the others. */
const SILENT = { region: 'eu-west-2', hours: 3 };
/** Whoever needs more concurrent calls than this has several tenants: a pool of a cell carries 2,500. */
const LARGEST = 800;

/** What was written. */
export interface BusyFleet {
  readonly tenants: number;
  readonly waiting: number;
  readonly cells: number;
  readonly weeks: number;
  /** Rows of the histories of cells, all resources, and of tenants, their calls. */
  readonly rows: { readonly cells: number; readonly tenants: number };
  readonly bytes: number;
}

interface Cell {
  readonly name: string;
  readonly region: string;
  readonly tenants: GeneratedTenant[];
  readonly load: number;
  readonly growth: number;
  readonly hours: number;
}

/** Writes `cells/`, `planning.yaml`, `history/` and `planning-state.json` into a folder. */
export function writeBusyFleet(folder: string): BusyFleet {
  const generated = generateTenants({ count: TENANTS + WAITING + 500, seed: 1 })
    .filter(({ contract }) => contract.relayedCalls <= LARGEST)
    .slice(0, TENANTS + WAITING);
  const settled = generated.slice(0, TENANTS);
  const cells = cellsOf(settled);
  mkdirSync(join(folder, 'cells'));
  mkdirSync(join(folder, 'history'));
  for (const [n, cell] of cells.entries()) writeFileSync(join(folder, 'cells', `${cell.name}.yaml`), cellFile(cell, n));
  writeFileSync(join(folder, 'planning.yaml'), planningFile(generated.slice(TENANTS)));
  writeFileSync(join(folder, 'planning-state.json'), stateFile());
  const rows = { cells: 0, tenants: 0 };
  let bytes = 0;
  const all = new CsvFile(join(folder, 'history', 'cells.csv'), 'time,cell,resource,value');
  for (const cell of cells) {
    const file = new CsvFile(join(folder, 'history', `tenants-${cell.name}.csv`), 'time,tenant,resource,value');
    writeHistories(cell, all, file);
    rows.tenants += file.rows;
    bytes += file.close();
  }
  rows.cells = all.rows;
  bytes += all.close();
  return { tenants: TENANTS, waiting: WAITING, cells: CELLS, weeks: WEEKS, rows, bytes };
}

/** 200 cells over the regions of the tenants, by the tenants there; one enterprise is in a cell once, where that can be. */
function cellsOf(tenants: readonly GeneratedTenant[]): Cell[] {
  const counts = PLACES.map(({ region }) => tenants.filter((tenant) => tenant.region === region).length);
  const numbers = counts.map((count) => Math.floor((CELLS * count) / tenants.length));
  for (let n = numbers.reduce((a, b) => a + b); n < CELLS; n++) numbers[n % numbers.length]!++;
  return PLACES.flatMap(({ region }, place) => {
    const cells = Array.from({ length: numbers[place]! }, (_, n): Cell => {
      const first = n === 0;
      return {
        name: `${region}-${letters(n)}`,
        region,
        tenants: [],
        load:
          LOAD * (region === OUTGROWN.region ? OUTGROWN.load : first && region === CROWDED.region ? CROWDED.load : 1),
        growth: region === OUTGROWN.region ? OUTGROWN.growth : GROWTH,
        hours: first && region === SILENT.region ? HOURS - SILENT.hours : HOURS,
      };
    });
    for (const [i, tenant] of tenants.filter((one) => one.region === region).entries()) {
      const turn = [...cells.slice(i % cells.length), ...cells.slice(0, i % cells.length)];
      const holds = (cell: Cell) =>
        tenant.enterprise !== undefined && cell.tenants.some(({ enterprise }) => enterprise === tenant.enterprise);
      (turn.find((cell) => !holds(cell)) ?? turn[0]!).tenants.push(tenant);
    }
    return cells;
  });
}

const letters = (n: number): string =>
  `${n < 26 ? '' : String.fromCharCode(96 + Math.floor(n / 26))}${String.fromCharCode(97 + (n % 26))}`;

const NETWORKS = parseRange('10.0.0.0/8');

function cellFile({ name, region, tenants, load }: Cell, n: number): string {
  const network = formatRange(block(NETWORKS, 20, n));
  return `name: ${name}\nregion: ${region}\nnetwork: ${network}\ntenants:\n${tenants.map((tenant) => tenantEntry(tenant, load)).join('')}`;
}

/** As in a file of a cell, and as in `waiting`. */
function tenantEntry({ name, tier, enterprise, contract }: GeneratedTenant, load: number, region?: string): string {
  const calls = linesForErlangB(contract.relayedCalls * load, 0.01);
  const perSecond = Math.max(1, Math.ceil(4 * contract.setups * load));
  const group = enterprise === undefined ? '' : `, enterprise: ${enterprise}`;
  const regions = region === undefined ? '' : `, regions: [${region}]`;
  return `  - { name: ${name}, domain: ${name}.example.com, tier: ${tier}${group}${regions}, limits: { calls: ${calls}, callsPerSecond: ${perSecond} } }\n`;
}

function planningFile(waiting: readonly GeneratedTenant[]): string {
  const kinds = PLACES.map(({ region }) => `  - { region: ${region}, prefix: ${region}-, costPerHour: 4 }\n`);
  const entries = waiting.map((tenant) => tenantEntry(tenant, LOAD, tenant.region));
  return `kinds:\n${kinds.join('')}history: { files: [history/*.csv] }\nwaiting:\n${entries.join('')}`;
}

function stateFile(): string {
  const iso = new Date(NOW - CROWDED.hours * HOUR).toISOString();
  const memory: PlanMemory = { cells: { [`${CROWDED.region}-${letters(0)}`]: { overSince: iso } }, done: [] };
  return JSON.stringify({ version: 1, now: iso, plan: 'the one before', memory });
}

/** Every hour of the cell and of its tenants, as what counts them adds it to a file once an hour. */
function writeHistories({ name, tenants, load, growth, hours }: Cell, cellRows: CsvFile, tenantRows: CsvFile): void {
  const options = { start: END - HOURS * HOUR, days: WEEKS * 7, stepMinutes: 60, growthPerWeek: growth };
  const sums = RESOURCES.map(() => new Float64Array(HOURS));
  const calls = tenants.map((tenant) => {
    const { values } = tenantHistory(tenant, 'relayedCalls', options);
    const peak = weeklyPeak(tenant.week);
    for (const [r, resource] of RESOURCES.entries()) {
      // All resources of a generated tenant follow its calls, so one history makes the others.
      const ratio = (load * peak[resource]) / peak.relayedCalls;
      for (let hour = 0; hour < HOURS; hour++) sums[r]![hour]! += values[hour]! * ratio;
    }
    return values;
  });
  for (let hour = 0; hour < hours; hour++) {
    const time = new Date(options.start + hour * HOUR).toISOString().replace('.000', '');
    for (const [r, resource] of RESOURCES.entries()) {
      cellRows.add(`${time},${name},${resource},${rounded(sums[r]![hour]!)}\n`);
    }
    for (const [t, tenant] of tenants.entries()) {
      tenantRows.add(`${time},${tenant.name},relayedCalls,${rounded(calls[t]![hour]! * load)}\n`);
    }
  }
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** A file that is written in parts. */
class CsvFile {
  rows = 0;
  readonly #file: number;
  #text: string;
  #bytes = 0;

  constructor(path: string, header: string) {
    this.#file = openSync(path, 'w');
    this.#text = `${header}\n`;
  }

  add(row: string): void {
    this.rows++;
    this.#text += row;
    if (this.#text.length > 1 << 20) this.#write();
  }

  /** @returns the size of the file */
  close(): number {
    this.#write();
    closeSync(this.#file);
    return this.#bytes;
  }

  #write(): void {
    this.#bytes += writeSync(this.#file, this.#text);
    this.#text = '';
  }
}
