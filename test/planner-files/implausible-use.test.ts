import { describe, expect, it } from 'vitest';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { gridBefore } from '../../lib/planner-files/history/grid.ts';
import { Measured } from '../../lib/planner-files/history/measured.ts';
import { forgetImplausibleUse } from '../../lib/planner-files/implausible-use.ts';

const now = Date.UTC(2026, 2, 2, 9);
const grid = gridBefore(now, 60, 2);
/** The media hosts let in 400 calls. */
const spec = parseCell({
  name: 'euw1-a',
  region: 'eu-west-1',
  media: { hosts: 4, relay: { calls: 100 } },
  tenants: [
    { name: 'acme', domain: 'acme.example.com', limits: { calls: 500 } },
    { name: 'small', domain: 'small.example.com', limits: { calls: 20 } },
  ],
});

function foundIn(tenant: string, use: (interval: number) => number) {
  const measured = new Measured();
  const values = Float32Array.from({ length: grid.length }, (_, i) => use(i));
  measured.add('tenant', tenant, 'relayedCalls', values);
  return { found: forgetImplausibleUse(spec, measured, grid), values };
}

describe('what a tenant cannot have used', () => {
  it('is forgotten and told with its name', () => {
    const { found, values } = foundIn('small', (i) => (i === grid.length - 2 ? 1e9 : 10));
    expect(found).toEqual([
      {
        from: now - 2 * 3_600_000,
        until: now - 3_600_000,
        text: '1000000000 relayedCalls of tenant small 2026-03-02 07:00 UTC, at most 400 can be',
      },
    ]);
    expect(values.at(-2)).toBeNaN();
    expect([...values].filter((value) => value !== 10)).toHaveLength(1);
  });

  it('is what is beyond both its limit and what the hosts let in', () => {
    expect(foundIn('small', () => 300).found).toEqual([]);
    expect(foundIn('acme', () => 450).found).toEqual([]);
    expect(foundIn('acme', () => 501).found[0]!.text).toBe(
      '501 relayedCalls of tenant acme 336 times from 2026-02-16 09:00 UTC on, at most 500 can be',
    );
  });

  it('does not know of silences: a tenant may be closed', () => {
    expect(foundIn('acme', (i) => (i > 200 ? 0 : 300)).found).toEqual([]);
  });
});
