import type { CellSpec } from '../fleet/schema/cell.ts';
import type { ComponentFigures } from './component-figures.ts';
import type { Constraint } from './constraint.ts';

/**
 * Part of each core that a type with processor credits has for good, by its size. T3 and T4g alike:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
 */
const BASELINE: Readonly<Record<string, number>> = {
  micro: 0.1,
  small: 0.2,
  medium: 0.2,
  large: 0.3,
  xlarge: 0.4,
  '2xlarge': 0.4,
};

/** Cores by size: all families of EC2, ElastiCache and RDS since 2018 have two up to `large`, and twice as many a step. */
const CORES: Readonly<Record<string, number>> = { micro: 2, small: 2, medium: 2, large: 2, xlarge: 4 };

/** What a node has for good; undefined for a name that is not read. */
interface NodeCores {
  readonly cores: number;
  /** Part of each that it has for good. */
  readonly baseline: number;
}

/** @example nodeCores('cache.t4g.micro') // 2 cores, of each 10 % for good */
export function nodeCores(type: string): NodeCores | undefined {
  const match = /^(?:cache|db)\.([a-z]\d[a-z]*)\.(micro|small|medium|x?large|(\d+)xlarge)$/.exec(type);
  if (!match) return undefined;
  const [, family, size, times] = match;
  const burstable = family!.startsWith('t');
  const baseline = burstable ? BASELINE[size!] : 1;
  if (baseline === undefined) return undefined;
  return { cores: times === undefined ? CORES[size!]! : 4 * Number(times), baseline };
}

const ofType = (type: string | undefined): string => (type === undefined ? '' : ` of ${type}`);
const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Redis runs all commands on one core, so a larger node takes no additional ones; one with credits has only part of a core. */
export function redisConstraint({ aws }: CellSpec, figures: ComponentFigures): Constraint {
  const about = { resource: 'recordEvents', of: 'Redis', because: 'operations of the primary' } as const;
  const own = figures.redisOperations;
  if (own.value !== undefined) {
    return { ...about, limit: own.value, arithmetic: `${own.value} ${own.unit}`, source: own.source };
  }
  const { value, unit, source } = figures.redisOperationsPerCore;
  const type = aws?.redis.nodeType;
  const node = type === undefined ? undefined : nodeCores(type);
  // Credits of all its cores may be spent on the one that Redis runs on.
  const share = node === undefined ? 1 : Math.min(1, node.cores * node.baseline);
  const arithmetic = `${value} ${unit} x ${percent(share)} of a core${ofType(type)}`;
  return { ...about, limit: value! * share, arithmetic, source };
}

/** The writer; what more than two cores are worth nobody published, so they count as two. */
export function databaseConstraint({ aws }: CellSpec, figures: ComponentFigures): Constraint {
  const about = { resource: 'databaseWrites', of: 'the database', because: 'writes of the writer' } as const;
  const own = figures.databaseWrites;
  if (own.value !== undefined) {
    return { ...about, limit: own.value, arithmetic: `${own.value} ${own.unit}`, source: own.source };
  }
  const { value, unit, source } = figures.databaseWritesOfTwoCores;
  const type = aws?.database.instanceClass;
  const node = type === undefined ? undefined : nodeCores(type);
  const share = node === undefined ? 1 : Math.min(1, (node.cores * node.baseline) / 2);
  const arithmetic = `${value} ${unit} x ${percent(share)} of two cores${ofType(type)}`;
  return { ...about, limit: value! * share, arithmetic, source };
}

/** What the limits above leave out. */
export function storeUnknowns({ aws }: CellSpec, figures: ComponentFigures): string[] {
  const found: string[] = [];
  const { redis, database } = aws ?? {};
  if (figures.redisOperations.value === undefined) {
    if (redis === undefined) {
      found.push('processor of Redis: the cell names no machine, taken as a whole core');
    } else if (nodeCores(redis.nodeType) === undefined) {
      found.push(`processor of ${redis.nodeType}: not a node type that is known, taken as a whole core`);
    }
  }
  if (figures.databaseWrites.value !== undefined) return found;
  if (database === undefined) {
    found.push('processor of the database: the cell names no machine, taken as two cores');
    return found;
  }
  const writer = nodeCores(database.instanceClass);
  if (writer === undefined) {
    found.push(`processor of ${database.instanceClass}: not a class that is known, taken as two cores`);
  } else if (writer.cores * writer.baseline > 2) {
    found.push(`writes of ${database.instanceClass} beyond those of two cores: no figures are published; measure it`);
  }
  return found;
}
