/**
 * What the rules between cells compare, straight from the files' values: so a cell with a wrong value elsewhere is compared
 * too, and the other 999 cells of a fleet need not be checked wholly to build one.
 */
import { parseCell } from './cell.ts';
import type { Path } from './finding.ts';
import { parseRange, type Range } from './range.ts';
import type { Source } from './source.ts';

export interface Placed<T> {
  readonly value: T;
  readonly path: Path;
  readonly source: Source;
}

export interface Outline {
  readonly source: Source;
  readonly name: Placed<string> | undefined;
  readonly region: string | undefined;
  readonly state: string;
  readonly networks: readonly Placed<Range>[];
  /** Elastic IPs of a cell: the SBC pair's floating one, and one a media host. */
  readonly elasticIps: number;
  readonly tenants: readonly Placed<string>[];
  readonly domains: readonly Placed<string>[];
  readonly dids: readonly Placed<string>[];
}

const defaults = parseCell({ name: 'defaults', region: 'eu-west-1' });

/** None of a file that can't be read. */
export function outlineCell(source: Source): readonly Outline[] {
  if (!isRecord(source.value)) return [];
  const cell = record(source.value);
  const { hosts } = record(cell['media']);
  const tenants = list(cell['tenants']).map(record);
  const placed = <T>(value: T, path: Path): Placed<T> => ({ value, path, source });
  const texts = (key: string) =>
    tenants.flatMap(({ [key]: value }, index) =>
      typeof value === 'string' ? [placed(value, ['tenants', index, key])] : [],
    );
  const outline: Outline = {
    source,
    name: typeof cell['name'] === 'string' ? placed(cell['name'], ['name']) : undefined,
    region: typeof cell['region'] === 'string' ? cell['region'] : undefined,
    state: typeof cell['state'] === 'string' ? cell['state'] : defaults.state,
    networks: ranges(cell['network'] ?? defaults.network).map((range) => placed(range, ['network'])),
    elasticIps: 1 + (typeof hosts === 'number' && hosts >= 1 && hosts <= 32 ? hosts : defaults.media.hosts),
    tenants: texts('name'),
    domains: texts('domain'),
    dids: tenants.flatMap(({ dids }, index) =>
      Object.keys(record(dids)).map((did) => placed(did, ['tenants', index, 'dids', did])),
    ),
  };
  return [outline];
}

/** The front takes part in the rules over networks alone. */
export function outlineFront(source: Source): Outline {
  const regions = list(record(source.value)['regions']).map(record);
  return {
    source,
    name: undefined,
    region: undefined,
    state: 'active',
    networks: regions.flatMap(({ network }, index) =>
      ranges(network).map((value): Placed<Range> => ({ value, path: ['regions', index, 'network'], source })),
    ),
    elasticIps: 0,
    tenants: [],
    domains: [],
    dids: [],
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function ranges(value: unknown): readonly Range[] {
  return typeof value === 'string' && /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(value) ? [parseRange(value)] : [];
}
