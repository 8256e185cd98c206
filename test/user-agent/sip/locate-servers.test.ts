import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../lib/user-agent/sip/locate-servers.ts';

const target = fc.record({
  name: fc.string(),
  port: fc.constant(5060),
  priority: fc.nat(3),
  weight: fc.nat(100),
});
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('servers of SRV records', () => {
  it('are all tried, once each, the lowest priority number first', () => {
    fc.assert(
      fc.property(fc.array(target), fc.infiniteStream(share), (targets, shares) => {
        const ordered = inOrder(targets, () => shares.next().value);
        expect(ordered).toHaveLength(targets.length);
        expect(new Set(ordered)).toEqual(new Set(targets));
        const priorities = ordered.map(({ priority }) => priority);
        expect(priorities).toEqual([...priorities].sort((one, other) => one - other));
      }),
    );
  });

  it('of one priority come first as often as they weigh', () => {
    const [light, heavy] = [10, 30].map((weight) => ({ name: String(weight), port: 5060, priority: 1, weight }));
    const first = (random: number) => inOrder([heavy!, light!], () => random)[0];
    expect(first(0.2)).toBe(light);
    expect(first(0.3)).toBe(heavy);
    expect(first(0.99)).toBe(heavy);
  });
});
