import type { Resource } from './resources.ts';

/** One thing that limits a resource on one host or in one part of the cell. */
export interface Constraint {
  readonly resource: Resource;
  /** What is counted: `one SBC`, `a media host`, `Redis`, `the database`. */
  readonly of: string;
  /** What ends first, for example `packets per second`. */
  readonly because: string;
  /** In the unit of the resource, on this one part. */
  readonly limit: number;
  /** How the limit comes about, with the numbers: `275000 packets/s / 200 packets/s a call`. */
  readonly arithmetic: string;
  readonly source: string;
}
