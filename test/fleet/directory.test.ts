import { describe, expect, it } from 'vitest';
import { tenantKeys } from '../../lib/fleet/directory.ts';

const acme = { domain: 'acme.example.com', dids: {}, sources: [] };

describe('a tenant is found', () => {
  it('by its domain and its numbers', () => {
    expect(tenantKeys({ ...acme, dids: { '+4930123456': 'alice', '+4930123457': 'bob' } })).toEqual([
      'd:acme.example.com',
      'n:+4930123456',
      'n:+4930123457',
    ]);
  });

  it('by the address of its exchange', () => {
    expect(tenantKeys({ ...acme, sources: ['192.0.2.7/32', '198.51.100.9/32'] })).toEqual([
      'd:acme.example.com',
      's:192.0.2.7',
      's:198.51.100.9',
    ]);
  });

  it('by each address of a range, the first and the last too', () => {
    expect(tenantKeys({ ...acme, sources: ['192.0.2.252/30'] }).slice(1)).toEqual([
      's:192.0.2.252',
      's:192.0.2.253',
      's:192.0.2.254',
      's:192.0.2.255',
    ]);
    expect(tenantKeys({ ...acme, sources: ['192.0.2.0/24'] })).toHaveLength(1 + 256);
  });

  it('by no range that is wider, and nothing hides that', () => {
    expect(() => tenantKeys({ ...acme, sources: ['198.18.0.0/23'] })).toThrow(
      'source 198.18.0.0/23 is too wide for the front, which lists single addresses; allowed: /24 to /32',
    );
  });
});
