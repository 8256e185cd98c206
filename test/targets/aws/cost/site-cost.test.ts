import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../../../lib/fleet/derive/front.ts';
import { parseCell, type CellInput } from '../../../../lib/fleet/schema/cell.ts';
import { parseFront, type FrontInput } from '../../../../lib/fleet/schema/front.ts';
import { billedCell, billedFront } from '../../../../lib/targets/aws/cost/billed.ts';
import { instanceHour, prices, trafficOutMonth } from '../../../../lib/targets/aws/cost/prices.ts';
import { free, priced } from '../../../../lib/targets/aws/cost/resources.ts';
import { siteCost, type Billed } from '../../../../lib/targets/aws/cost/site-cost.ts';
import type { SiteCost } from '../../../../lib/targets/aws/cost/schema.ts';
import { minutesOf, relayedBytesPerMinute } from '../../../../lib/targets/aws/cost/use.ts';
import type { Bundle } from '../../../../lib/targets/aws/host/bundle.ts';
import { cellBundle } from '../../../../lib/targets/aws/host/cell-bundle.ts';
import { edgeBundle } from '../../../../lib/targets/aws/host/edge-bundle.ts';
import { maximal, maximalFront, minimal, minimalFront } from '../synth.ts';

const use = { busyHourCalls: 1000, minutes: minutesOf(1000) };
const twoRegions: FrontInput = {
  ...minimalFront,
  regions: [...minimalFront.regions, { region: 'us-east-1', network: '10.15.1.0/24' }],
};
const cell = (input: CellInput, more: { use?: typeof use; front?: FrontInput } = {}): Billed =>
  billedCell({
    spec: parseCell(input),
    use: more.use ?? use,
    tenants: 500,
    ...(more.front && { front: parseFront(more.front) }),
  });
const front = (input: FrontInput): Billed => billedFront({ spec: parseFront(input), use });

function cost(site: Billed): SiteCost {
  const result = siteCost(site);
  if ('unpriced' in result) throw new Error(result.unpriced.join('\n'));
  return result.cost;
}
const quantity = ({ items }: SiteCost, name: string, region = 'eu-west-1') =>
  items.find((one) => one.item === name && one.region === region)?.quantity;
const count = ({ resources }: Billed, type: string) => Object.keys(resources[type] ?? {}).length;

const stacks: readonly (readonly [string, Billed])[] = [
  ['the smallest cell', cell(minimal)],
  ['the smallest cell behind a front', cell(minimal, { front: minimalFront })],
  ['a cell with all settings', cell(maximal)],
  ['the smallest front', front(minimalFront)],
  ['a front with all settings', front(maximalFront)],
];

describe('the table of what a resource costs', () => {
  it.each(stacks)('has every type of %s once: priced, or named as free', (_, { resources }) => {
    const types = Object.keys(resources);
    expect(types.filter((type) => (priced[type] === undefined) === (free[type] === undefined))).toEqual([]);
  });

  it('has no type that no stack has', () => {
    const known = new Set(stacks.flatMap(([, { resources }]) => Object.keys(resources)));
    expect([...Object.keys(priced), ...Object.keys(free)].filter((type) => !known.has(type))).toEqual([]);
  });

  it.each(stacks)('takes for free of %s what is: gateway endpoints and standard parameters', (_, { resources }) => {
    const all = (type: string) => Object.values(resources[type] ?? {});
    expect(new Set(all('aws_vpc_endpoint').map((one) => one['vpc_endpoint_type']))).toEqual(new Set(['Gateway']));
    expect(all('aws_ssm_parameter').filter(({ tier }) => tier !== undefined && tier !== 'Standard')).toEqual([]);
  });

  it('refuses a type that it does not know', () => {
    const site = cell(minimal);
    const resources = { ...site.resources, aws_nat_gateway: { one: {} } };
    expect(() => siteCost({ ...site, resources })).toThrow('aws_nat_gateway is neither priced nor free');
  });
});

describe('the cost of a cell', () => {
  const site = cell(minimal, { front: minimalFront });
  const found = cost(site);

  it('counts what its stack has', () => {
    expect(quantity(found, 'c6i.xlarge')).toBe(2 * 730);
    expect(quantity(found, 'c6in.2xlarge')).toBe(4 * 730);
    expect(count(site, 'aws_launch_template')).toBe(count(site, 'aws_instance'));
    expect(quantity(found, 'public IPv4 addresses')).toBe(count(site, 'aws_eip') * 730);
    expect(quantity(found, 'db.r6g.large')).toBe(count(site, 'aws_rds_cluster_instance') * 730);
    expect(quantity(found, 'cache.m6g.large')).toBe(2 * 730);
    expect(quantity(found, 'volumes gp3')).toBe(count(site, 'aws_instance') * 30);
    expect(quantity(found, 'keys')).toBe(count(site, 'aws_kms_key'));
    // And the one that RDS keeps for the owner's password.
    expect(quantity(found, 'secrets')).toBe(count(site, 'aws_secretsmanager_secret') + 1);
  });

  it('counts the metrics that its hosts publish', () => {
    const derived = deriveCell(parseCell(minimal));
    const names = [...derived.sbcs, ...derived.media].map(
      (host) => metricsIn(cellBundle(derived, host, undefined)).size,
    );
    expect(quantity(found, 'metrics of the hosts')).toBe(names.reduce((sum, many) => sum + many));
  });

  it('pays an alarm by the metrics that it looks at', () => {
    const alarms = Object.values(site.resources['aws_cloudwatch_metric_alarm']!);
    expect(quantity(found, 'alarms, each metric')).toBeGreaterThan(alarms.length);
  });

  it('is the sum of its items, and a tenant and a thousand calls have their share', () => {
    const sum = found.items.reduce((total, { month }) => total + (month ?? 0), 0);
    expect(found.total).toBeCloseTo(sum, 6);
    expect(found.standing + found.byCalls).toBeCloseTo(sum, 6);
    expect(found.perTenant).toBeCloseTo(sum / 500, 6);
    expect(found.perThousandCalls).toBeCloseTo(sum, 6);
  });

  it('without calls is what stands, to whose thousand calls nothing can be said', () => {
    const idle = cost(cell(minimal, { use: { busyHourCalls: 0, minutes: 0 } }));
    expect(idle).toMatchObject({ byCalls: 0, total: idle.standing, perThousandCalls: null });
    expect(idle.items.some(({ byCalls }) => byCalls)).toBe(false);
  });

  it('has no price for what the table lacks, and says so', () => {
    const east = cost(cell({ ...minimal, region: 'us-east-1' }));
    expect(east.items.filter(({ price }) => price === null)).toEqual([]);
    expect(found.items.filter(({ price }) => price === null).map(({ item, month }) => [item, month])).toEqual([
      ['database storage', null],
      ['database requests', null],
    ]);
  });

  it('of a region, a machine and a database without a price is not told, all at once', () => {
    const aws = { sbc: { instanceType: 'x9.large' }, media: { instanceType: 'c6in.metal' } };
    expect(siteCost(cell({ ...minimal, aws: { ...aws, database: { instanceClass: 'db.x9.large' } } }))).toEqual({
      unpriced: [
        'cell euw1-a: there is no price of database class db.x9.large in eu-west-1; there are prices of db.r6g.large',
        'cell euw1-a: there is no price of EC2 type x9.large in eu-west-1; there are prices of c6i.*, c6in.*, c7i.*',
        'cell euw1-a: there is no price of EC2 type c6in.metal in eu-west-1; there are prices of c6i.*, c6in.*, c7i.*',
      ],
    });
    expect(siteCost(cell({ ...minimal, region: 'ap-south-1' }))).toEqual({
      unpriced: ['cell euw1-a: there are no prices for ap-south-1; there are prices for eu-west-1, us-east-1'],
    });
  });
});

describe('the cost of a front', () => {
  const site = front(twoRegions);
  const found = cost(site);

  it('is paid in the region in which each thing is', () => {
    for (const region of ['eu-west-1', 'us-east-1']) {
      expect(quantity(found, 'c6i.large', region)).toBe(2 * 730);
      expect(quantity(found, 'public IPv4 addresses', region)).toBe(4 * 730);
      // The certificate and the edges' keys, with a copy in the second region.
      expect(quantity(found, 'secrets', region)).toBe(2);
    }
    expect(quantity(found, 'accelerator')).toBe(730);
    expect(quantity(found, 'accelerator', 'us-east-1')).toBeUndefined();
    expect(found.perTenant).toBeNull();
  });

  it('counts the metrics that its edges publish', () => {
    const derived = deriveFront(parseFront(twoRegions));
    const [region] = derived.regions;
    const bundle = edgeBundle(derived, region!.edges[0]!);
    expect(quantity(found, 'metrics of the hosts')).toBe(2 * metricsIn(bundle).size);
  });
});

describe('what follows from calls', () => {
  it('is minutes by E.506: an erlang in the busy hour of an office is 8,800 minutes a month', () => {
    expect(minutesOf(1)).toBeCloseTo(8800, 6);
  });

  it('is audio by the tenants’ first codecs, weighted by the calls that they may have', () => {
    const bytes = (tenants: CellInput['tenants']) =>
      relayedBytesPerMinute(parseCell({ ...minimal, tenants: tenants! }));
    const tenant = (name: string, calls: number, codecs: readonly ('PCMA' | 'G729')[] = []) => ({
      name,
      domain: `${name}.example.com`,
      limits: { calls },
      codecs: [...codecs],
    });
    expect(bytes([])).toBe(2 * 3000 * 200);
    expect(bytes([tenant('a', 10)])).toBe(2 * 3000 * 200);
    expect(bytes([tenant('a', 10, ['G729', 'PCMA'])])).toBe(2 * 3000 * 60);
    expect(bytes([tenant('a', 30, ['G729']), tenant('b', 10)])).toBe(2 * 3000 * 95);
  });

  it('is traffic by tiers', () => {
    const { trafficOut } = prices['eu-west-1']!;
    expect(trafficOutMonth(trafficOut, 100)).toBeCloseTo(9, 6);
    expect(trafficOutMonth(trafficOut, 51_200)).toBeCloseTo(10_240 * 0.09 + 40_960 * 0.085, 6);
    expect(trafficOutMonth(trafficOut, 200_000)).toBeCloseTo(921.6 + 3481.6 + 102_400 * 0.07 + 46_400 * 0.05, 6);
  });
});

it('sizes of a family cost in proportion, as AWS lists them', () => {
  const of = prices['us-east-1']!;
  // From the price list of 2026-07-20.
  const listed = {
    't3.medium': 0.0416,
    'c6in.2xlarge': 0.4536,
    'c6i.24xlarge': 4.08,
    'c5.9xlarge': 1.53,
    'm7i.4xlarge': 0.8064,
  };
  for (const [type, price] of Object.entries(listed)) expect(instanceHour(of, type)).toBeCloseTo(price, 6);
  expect(instanceHour(of, 'c6in.metal')).toBeUndefined();
});

/** Names of the metrics that a host's scripts publish. */
function metricsIn({ gzip }: Bundle): ReadonlySet<string> {
  const text = gunzipSync(gzip).toString('latin1');
  return new Set([...text.matchAll(/^[^#\n]*?\b(?:gauge|counter) ([A-Z][A-Za-z]+) /gm)].map(([, name]) => name!));
}
