/**
 * What the rules between cells compare, straight from the files' values: so a cell with a wrong value elsewhere is compared
 * too, and the other 999 cells of a fleet need not be checked wholly to build one.
 */
import { parseCell } from './schema/cell.ts';
import type { Path } from '../config-file/finding.ts';
import { parseFront } from './schema/front.ts';
import { parseRange, type Range } from './range.ts';
import type { Source } from '../config-file/source.ts';

export interface Placed<T> {
  readonly value: T;
  readonly path: Path;
  readonly source: Source;
}

export interface IndexedFile {
  readonly source: Source;
  readonly kind: 'cell' | 'front';
  readonly name: Placed<string> | undefined;
  /** Of a cell. */
  readonly region: string | undefined;
  readonly state: string;
  readonly networks: readonly Placed<Range>[];
  readonly tenants: readonly Placed<string>[];
  readonly domains: readonly Placed<string>[];
  /** Of the front: the domain that the edges' own names are under. */
  readonly edgeDomain: Placed<string> | undefined;
  readonly dids: readonly Placed<string>[];
}

const defaults = parseCell({ name: 'defaults', region: 'eu-west-1', aws: {} });
const defaultFront = parseFront({
  domain: 'defaults.example.com',
  regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }],
  aws: {},
});

/** None of a file that can't be read. */
export function indexCell(source: Source): readonly IndexedFile[] {
  if (!isRecord(source.value)) return [];
  const cell = source.value;
  const tenants = list(cell['tenants']).map(record);
  const placed = <T>(value: T, path: Path): Placed<T> => ({ value, path, source });
  const texts = (key: string) =>
    tenants.flatMap(({ [key]: value }, index) =>
      typeof value === 'string' ? [placed(value, ['tenants', index, key])] : [],
    );
  const entry: IndexedFile = {
    source,
    kind: 'cell',
    name: typeof cell['name'] === 'string' ? placed(cell['name'], ['name']) : undefined,
    region: typeof cell['region'] === 'string' ? cell['region'] : undefined,
    state: typeof cell['state'] === 'string' ? cell['state'] : defaults.state,
    networks: ranges(cell['network'] ?? defaults.network).map((range) => placed(range, ['network'])),
    tenants: texts('name'),
    domains: texts('domain'),
    edgeDomain: undefined,
    dids: tenants.flatMap(({ dids }, index) =>
      Object.keys(record(dids)).map((did) => placed(did, ['tenants', index, 'dids', did])),
    ),
  };
  return [entry];
}

/** The front's name, networks and domain are compared with those of the cells. */
export function indexFront(source: Source): IndexedFile {
  const front = record(source.value);
  const regions = list(front['regions']).map(record);
  const { name = defaultFront.name, domain } = front;
  return {
    source,
    kind: 'front',
    name: typeof name === 'string' ? { value: name, path: ['name'], source } : undefined,
    region: undefined,
    state: 'active',
    networks: regions.flatMap(({ network }, index) =>
      ranges(network).map((value): Placed<Range> => ({ value, path: ['regions', index, 'network'], source })),
    ),
    tenants: [],
    domains: [],
    edgeDomain: typeof domain === 'string' ? { value: domain, path: ['domain'], source } : undefined,
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
