/** What the arithmetic of availability rests on: each figure with what it is, its range and where it is from. */

export interface Assumption {
  readonly value: number;
  /** With its unit. */
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly source: string;
}

const share = { least: 0, most: 1 } as const;
const aYear = { least: 0, most: 10_000 } as const;
const minutes = { least: 0, most: 525_600 } as const;

export const assumptions = {
  'host-failures': {
    value: 2.8,
    ...aYear,
    what: 'failures a year of one host',
    source:
      'a server fails every 4.3 months: Ford et al., Availability in Globally Distributed Storage Systems, OSDI 2010',
  },
  'host-outage': {
    value: 15,
    ...minutes,
    what: 'minutes until a failed host is back',
    source: 'nine in ten outages of a server are shorter: the same, section 3.1',
  },
  'shared-cause': {
    value: 0.05,
    ...share,
    what: 'share of failures that take all hosts of a kind at once',
    source: 'IEC 61508-6, annex D, has 1 to 10 % for redundant parts that are alike',
  },
  'fail-over': {
    value: 10,
    least: 0,
    most: 86_400,
    what: 'seconds without new calls when the active SBC dies',
    source:
      'assumed. On this machine no new call failed (docs/faults.md); how long AWS takes to move an address is not measured',
  },
  site: {
    value: 0.9999,
    ...share,
    what: 'availability of a region with its power and networks',
    source: 'Amazon Compute Service Level Agreement of May 2022, region level. Elsewhere, that of your site',
  },
  entry: {
    value: 0.9999,
    ...share,
    what: 'availability of the anycast entry',
    source: 'AWS Global Accelerator Service Level Agreement of May 2022. Elsewhere, that of your routers',
  },
  releases: { value: 26, ...aYear, what: 'releases a year', source: 'assumed: one every second week' },
  'bad-releases': {
    value: 0.05,
    ...share,
    what: 'share of releases that are bad',
    source: 'the best teams have up to 5 %: DORA, Accelerate State of DevOps 2024',
  },
  'bad-release': {
    value: 15,
    ...minutes,
    what: 'minutes until a bad release is taken back',
    source: 'assumed: deploy, proof, and the way back',
  },
} as const satisfies Readonly<Record<string, Assumption>>;

export type AssumptionName = keyof typeof assumptions;
export type Assumed = Readonly<Record<AssumptionName, number>>;

/** The figures above, or others in their place. */
export function assumedWith(others: Partial<Assumed> = {}): Assumed {
  const own = Object.entries(assumptions).map(([name, { value }]) => [name, value] as const);
  return { ...(Object.fromEntries(own) as Assumed), ...others };
}
