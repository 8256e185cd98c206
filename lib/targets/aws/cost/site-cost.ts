/** What a cell or the front costs a month: arithmetic over its synthesised stack, its use and the table of prices. */
import { counted } from '../../../config-file/counted.ts';
import type { CostItem, SiteCost } from './schema.ts';
import { instanceHour, prices as allPrices, trafficOutMonth, units, type RegionPrices } from './prices.ts';
import { free, logs, monthHours, priced, type Resource, type Resources, type Usage } from './resources.ts';
import {
  callMinutes,
  databaseGB,
  databaseRequests,
  gigabytes,
  hostLogGB,
  logBytes,
  signallingBytes,
  type Use,
} from './use.ts';

/** What costs something, as it is deployed. */
export interface Billed {
  readonly kind: 'cell' | 'front';
  readonly name: string;
  /** Where a resource is that names no provider. */
  readonly region: string;
  readonly resources: Resources;
  readonly hosts: readonly {
    readonly region: string;
    /** Metrics that it publishes. */
    readonly metrics: number;
  }[];
  readonly use: Use;
  /** Bytes of audio that leave to the internet in a minute of a call; 0 where only signalling passes. */
  readonly audioBytesPerMinute: number;
  /** Among whom the sum is divided. Undefined for a front. */
  readonly tenants?: number;
  /** Seconds between two looks of an edge into the tenant directory. Undefined for a cell. */
  readonly pollSeconds?: number;
}

interface Counted extends Usage {
  readonly region: string;
  readonly byCalls: boolean;
}

/** @returns the cost, or what has no price although the sum would mean nothing without it */
export function siteCost(
  site: Billed,
  prices = allPrices,
): { readonly cost: SiteCost } | { readonly unpriced: readonly string[] } {
  const counted = [...standing(site), ...ofCalls(site)];
  const unpriced = [...new Set(counted.flatMap((usage) => lacking(usage, prices)))];
  if (unpriced.length > 0) return { unpriced: unpriced.map((what) => `${site.kind} ${site.name}: ${what}`) };

  const items = [...added(counted).map((usage) => item(usage, prices)), ...traffic(site, prices)];
  const sum = (wanted: boolean) =>
    items.filter(({ byCalls }) => byCalls === wanted).reduce((total, { month }) => total + (month ?? 0), 0);
  const total = sum(false) + sum(true);
  const { use, tenants } = site;
  return {
    cost: {
      kind: site.kind,
      name: site.name,
      ...use,
      tenants: tenants ?? null,
      items,
      standing: sum(false),
      byCalls: sum(true),
      total,
      perTenant: tenants === undefined ? null : total / tenants,
      perThousandCalls: use.busyHourCalls === 0 ? null : (1000 * total) / use.busyHourCalls,
      assumptions: [...assumptions(site)],
    },
  };
}

/** Without a call. */
function standing(site: Billed): readonly Counted[] {
  const { hosts, pollSeconds } = site;
  const used = (region: string, usages: readonly Usage[]) =>
    usages.map((usage) => ({ ...usage, region: usage.region ?? region, byCalls: false }));
  const ofResources = Object.entries(site.resources).flatMap(([type, named]) => {
    if (free[type] !== undefined) return [];
    const cost = priced[type];
    if (!cost) throw new Error(`${type} is neither priced nor free`);
    return Object.values(named).flatMap((resource) => used(regionOf(site, resource), cost(resource)));
  });
  const ofHosts = hosts.flatMap(({ region, metrics }) =>
    used(region, [
      { item: 'metrics of the hosts', quantity: metrics, sold: { by: 'metric' } },
      { item: 'metrics, sent each minute', quantity: (60 * monthHours) / 1000, sold: { by: 'metricRequests' } },
      ...logs('logs of the hosts', hostLogGB, retention(site, region)),
      ...(pollSeconds === undefined
        ? []
        : [
            {
              item: 'reads of the directory',
              quantity: (3600 * monthHours) / pollSeconds / 100_000,
              sold: { by: 'streamReads' } as const,
            },
          ]),
    ]),
  );
  return [...ofResources, ...ofHosts];
}

const regionsOf = ({ hosts }: Billed): readonly string[] => [...new Set(hosts.map(({ region }) => region))];
const callsOf = ({ use }: Billed): number => use.minutes / callMinutes;

/** All but traffic, whose price falls with its amount. The regions of a front have an equal share. */
function ofCalls(site: Billed): readonly Counted[] {
  const regions = regionsOf(site);
  const calls = callsOf(site) / regions.length;
  if (calls === 0) return [];
  return regions.flatMap((region) =>
    [
      ...logs('logs of calls', (calls * logBytes) / 1e9, retention(site, region)),
      site.kind === 'cell'
        ? ({
            item: 'database requests',
            quantity: (calls * databaseRequests) / 1e6,
            sold: { by: 'databaseRequests' },
          } as const)
        : ({
            item: 'through the accelerator',
            quantity: gigabytes((calls * signallingBytes) / 2),
            sold: { by: 'accelerated' },
          } as const),
    ].map((usage) => ({ ...usage, region, byCalls: true })),
  );
}

function traffic(site: Billed, prices: Readonly<Record<string, RegionPrices>>): readonly CostItem[] {
  const regions = regionsOf(site);
  const bytes = site.use.minutes * site.audioBytesPerMinute + callsOf(site) * signallingBytes;
  const quantity = gigabytes(bytes / regions.length);
  if (quantity === 0) return [];
  return regions.map((region) => {
    const month = trafficOutMonth(prices[region]!.trafficOut, quantity);
    return {
      region,
      item: 'traffic to the internet',
      quantity,
      unit: 'GB',
      price: month / quantity,
      month,
      byCalls: true,
    };
  });
}

/** The providers of a front's other regions are named after them. */
function regionOf({ region }: Billed, { provider }: Resource): string {
  return typeof provider === 'string' && provider.includes('.') ? provider.slice(provider.indexOf('.') + 1) : region;
}

/** Days that the hosts' logs of a region are kept. */
function retention(site: Billed, region: string): number {
  const groups = Object.values(site.resources['aws_cloudwatch_log_group'] ?? {});
  const group = groups.find((one) => regionOf(site, one) === region && String(one['name']).endsWith('/hosts'));
  return Number(group?.['retention_in_days']);
}

/** What makes the whole sum worthless: a region, a machine, a database or a Redis without a price. */
function lacking({ region, sold }: Counted, prices: Readonly<Record<string, RegionPrices>>): readonly string[] {
  const of = prices[region];
  if (!of) return [`there are no prices for ${region}; there are prices for ${Object.keys(prices).join(', ')}`];
  if (!('type' in sold) || hour(of, sold) !== undefined) return [];
  const { what, known } = {
    instance: { what: 'EC2 type', known: Object.keys(of.largeInstance).map((family) => `${family}.*`) },
    databaseClass: { what: 'database class', known: Object.keys(of.databaseClass) },
    redisNode: { what: 'Redis node type', known: Object.keys(of.redisNode) },
  }[sold.by];
  return [`there is no price of ${what} ${sold.type} in ${region}; there are prices of ${known.join(', ')}`];
}

function hour(of: RegionPrices, sold: Extract<Usage['sold'], { type: string }>): number | undefined {
  return sold.by === 'instance' ? instanceHour(of, sold.type) : of[sold.by][sold.type];
}

/** The same things together, in the order in which they first come. */
function added(counted: readonly Counted[]): readonly Counted[] {
  const sums = new Map<string, Counted>();
  for (const usage of counted) {
    const key = `${usage.region} ${usage.item} ${usage.byCalls}`;
    sums.set(key, { ...usage, quantity: (sums.get(key)?.quantity ?? 0) + usage.quantity });
  }
  return [...sums.values()];
}

function item(
  { region, item: what, quantity, sold, byCalls }: Counted,
  prices: Readonly<Record<string, RegionPrices>>,
): CostItem {
  const of = prices[region]!;
  const price = ('type' in sold ? hour(of, sold) : of.pieces[sold.by]) ?? null;
  return {
    region,
    item: what,
    quantity,
    unit: 'type' in sold ? 'hour' : units[sold.by],
    price,
    month: price === null ? null : price * quantity,
    byCalls,
  };
}

function assumptions({ kind, use, audioBytesPerMinute }: Billed): readonly string[] {
  const number = (value: number) => Math.round(value).toLocaleString('en');
  const calls = number(use.minutes / callMinutes);
  return [
    `${counted(number(use.busyHourCalls), 'call')} at once in the busy hour, ${counted(number(use.minutes), 'minute')} a month, ${counted(calls, 'call')} of ${counted(callMinutes, 'minute')}`,
    ...(kind === 'cell'
      ? [
          `audio leaves towards both ends by the internet, ${(audioBytesPerMinute / 1e6).toFixed(2)} MB a minute of a call; what comes in is free`,
          `${databaseGB} GB in the database, ${databaseRequests} requests to its storage a call`,
        ]
      : ['audio goes past the front; calls are spread evenly over its regions']),
    `${signallingBytes / 1000} kB of signalling and ${logBytes / 1000} kB of logs a call; ${hostLogGB} GB of logs a host and month beside them`,
    `left out: ${kind === 'cell' ? 'traffic between zones, ' : 'DNS queries, '}backups, phones’ keep-alives, free allowances, support, taxes`,
  ];
}
