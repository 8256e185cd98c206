import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { capacityLines, cellCapacity, relayArithmetic } from '../../lib/planner/cell-capacity.ts';
import {
  COMPONENT_FIGURES,
  figuresWith,
  measurementsSchema,
  type FigureName,
} from '../../lib/planner/component-figures.ts';
import { RESOURCES } from '../../lib/planner/resources.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';

const standard = parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} });
const limitOf = (
  sharedLimits: ReturnType<typeof cellCapacity>['limits']['sharedLimits'],
  resource: string,
  pools: string[],
) =>
  sharedLimits.find((sharedLimit) => sharedLimit.resource === resource && String(sharedLimit.pools) === String(pools))
    ?.limit;

describe('cellCapacity', () => {
  it('10,000 relayed calls are 2.0 million packets/s, 1.74 Gb/s each way and 40,000 ports, 20,000 with rtcp-mux', () => {
    const needed = relayArithmetic(10_000, false);
    expect(needed.packetsPerSecond).toBe(2_000_000);
    expect(needed.gbpsEachWay).toBeCloseTo(1.744, 9);
    expect(needed.ports).toBe(40_000);
    expect(relayArithmetic(10_000, true).ports).toBe(20_000);
  });

  it('a standard cell carries with one of four media hosts lost what three admit, and one SBC’s set-ups', () => {
    const { resources } = cellCapacity(standard);
    expect(resources.relayedCalls).toMatchObject({ limit: 7500, hosts: 3, binding: { because: 'admitted calls' } });
    expect(resources.mediaSessions.limit).toBe(2700);
    expect(resources.setups.limit).toBe(200);
    expect(resources.registrations.limit).toBeCloseTo(60_000, 6);
  });

  it('names what ends first on a media host: ports, packets, bandwidth or processor', () => {
    const bound = (media: object, aws = {}) =>
      cellCapacity(parseCell({ name: 'x', region: 'eu-west-1', aws, media })).resources.relayedCalls.binding;
    expect(bound({ relay: { calls: 20000 } })).toMatchObject({ because: 'ports', limit: 3750 });
    expect(bound({ relay: { calls: 20000 }, rtcpMux: true })).toMatchObject({
      because: 'packets per second',
      limit: 5500,
      arithmetic: '12.5 Gb/s of c6in.2xlarge x 88000 packets/s / 200 packets/s a call',
    });
    expect(bound({ kernelForwarding: 'off', relay: { calls: 20000 } })).toMatchObject({
      because: 'processor (user space)',
      limit: 2320,
    });
    expect(
      bound(
        { relay: { calls: 20000, ports: '16000-65000' }, freeswitch: { sessions: 1 } },
        { media: { instanceType: 't3.medium' } },
      ).because,
    ).toBe('packets per second');
  });

  it('pools that share hosts have a shared limit of their own and one together, after the loss of a host of each', () => {
    const { sharedLimits } = cellCapacity(standard).limits;
    expect(limitOf(sharedLimits, 'relayedCalls', ['high-volume', 'standard'])).toBe(7500);
    expect(limitOf(sharedLimits, 'relayedCalls', ['high-volume'])).toBe(2500);
    // All hosts serve standard, so its own shared limit says nothing that the common one does not.
    expect(limitOf(sharedLimits, 'relayedCalls', ['standard'])).toBeUndefined();
  });

  it('pools without a host in common have only shared limits of their own', () => {
    const spec = parseCell({
      name: 'x',
      region: 'eu-west-1',
      aws: {},
      media: { pools: { standard: [1, 2], 'high-volume': [3, 4] } },
    });
    const calls = cellCapacity(spec).limits.sharedLimits.filter(
      (sharedLimit) => sharedLimit.resource === 'relayedCalls',
    );
    expect(calls).toEqual([
      { resource: 'relayedCalls', pools: ['high-volume'], limit: 2500 },
      { resource: 'relayedCalls', pools: ['standard'], limit: 2500 },
    ]);
  });

  it('a cell with one media host carries no call once that is lost', () => {
    const spec = parseCell({ name: 'x', region: 'eu-west-1', aws: {}, media: { hosts: 1 } });
    expect(cellCapacity(spec).resources.relayedCalls.limit).toBe(0);
    expect(cellCapacity(spec, { lostMediaHosts: 0 }).resources.relayedCalls.limit).toBe(2500);
    expect(() => cellCapacity(spec, { lostMediaHosts: -1 })).toThrow('got -1');
  });

  it('an operator’s measurements replace figures, name their source, and can only be of known figures', () => {
    const measurements = measurementsSchema.parse({
      sbcSetups: { value: 90, source: 'load test of 2026-02-03 on c6i.xlarge' },
      transcodedSessionsPerCore: { value: 20, source: 'opus to G.711' },
      mediaHostPackets: { value: 300_000, source: 'load test' },
    });
    const { resources, unknown } = cellCapacity(standard, { figures: figuresWith(measurements) });
    expect(resources.setups.limit).toBeCloseTo(60, 9);
    expect(resources.setups.binding.source).toContain('2026-02-03');
    expect(resources.mediaSessions.binding.because).toBe('processor, every session transcoded');
    expect(resources.mediaSessions.binding.limit).toBe(140);
    expect(resources.relayedCalls.binding).toMatchObject({ because: 'packets per second', limit: 1500 });
    expect(unknown).toEqual([]);
    expect(measurementsSchema.safeParse({ nonsense: { value: 1, source: 'x' } }).success).toBe(false);
    expect(measurementsSchema.safeParse({ sbcSetups: { value: 0, source: 'x' } }).success).toBe(false);
  });

  it('has finite limits for every figure within its bounds, and every figure of its own is within them', () => {
    const properties = z.toJSONSchema(measurementsSchema).properties as Record<
      FigureName,
      { readonly properties: { readonly value: { readonly minimum: number; readonly maximum: number } } }
    >;
    const names = Object.keys(COMPONENT_FIGURES) as FigureName[];
    expect(Object.keys(properties)).toEqual(names);
    const boundsOf = (name: FigureName) => properties[name].properties.value;
    for (const name of names) {
      const { value = boundsOf(name).minimum } = COMPONENT_FIGURES[name];
      expect(value, name).toBeGreaterThanOrEqual(boundsOf(name).minimum);
      expect(value, name).toBeLessThanOrEqual(boundsOf(name).maximum);
    }
    const figure = (name: FigureName) => {
      const { minimum, maximum } = boundsOf(name);
      const value = fc.oneof(fc.constantFrom(minimum, maximum), fc.double({ min: minimum, max: maximum, noNaN: true }));
      return fc.record({ value, source: fc.constant('here') });
    };
    const figures = fc.record(
      Object.fromEntries(names.map((name) => [name, figure(name)])) as Record<FigureName, ReturnType<typeof figure>>,
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(figures, (own) => {
        const measurements = measurementsSchema.parse(own);
        const { resources } = cellCapacity(standard, { figures: figuresWith(measurements) });
        for (const { limit } of Object.values(resources)) expect(limit).toSatisfy(Number.isFinite);
      }),
    );
  });

  it('says what it does not know: transcoding that nobody measured, an instance type that is not in the table', () => {
    const spec = parseCell({ name: 'x', region: 'eu-west-1', aws: { media: { instanceType: 'm7a.large' } } });
    const { unknown } = cellCapacity(spec);
    expect(unknown.join('\n')).toMatch(/m7a\.large[^]*transcoded/);
  });

  it('says what it does not know of a cell that names no machine, and plans on what the spec admits', () => {
    const { unknown, resources } = cellCapacity(parseCell({ name: 'lab', region: 'cellar', local: {} }));
    expect(resources.relayedCalls).toMatchObject({ limit: 7500, binding: { because: 'admitted calls' } });
    expect(unknown.filter((line) => line.includes('names no machine'))).toEqual([
      'processor of Redis: the cell names no machine, taken as a whole core',
      'processor of the database: the cell names no machine, taken as two cores',
      'bandwidth, packets and processor of a media host: the cell names no machine; measure them',
    ]);
  });

  it('prints every limit with its arithmetic and source, the deciding one first', () => {
    const lines = capacityLines(cellCapacity(standard));
    expect(lines).toContain('relayedCalls: 7500 (3 hosts left x 2500), bound by admitted calls of a media host');
    expect(lines).toContain('    ports, a media host: 3750 = 15000 ports / 4 ports a call [the spec of the cell]');
    for (const resource of RESOURCES) expect(lines.some((line) => line.startsWith(`${resource}: `))).toBe(true);
    expect(lines).toContain('tenants: 500');
  });
});
