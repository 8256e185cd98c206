import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import {
  floatingAddress,
  gatewayAddress,
  outsideRanges,
  publicAddress,
  publicNetworks,
} from '../../../lib/targets/local/addresses.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

const cellOf = (input: Partial<CellInput> = {}) =>
  deriveCell(parseCell({ name: 'lab-a', region: 'eu-west-1', local: {}, ...input }));

/** A private range of the usual size. */
const network = fc.tuple(fc.nat(255), fc.nat(15)).map(([b, c]) => `10.${b}.${c * 16}.0/20`);

describe('public addresses on this machine', () => {
  it('lie in the half of the range for benchmarks that the front leaves, and every network of it can be taken', () => {
    fc.assert(
      fc.property(network, (range) => {
        const networks = publicNetworks(range);
        expect(new Set(networks).size).toBe(256);
        expect(networks.every((text) => /^198\.18\.\d{1,3}\.0\/24$/.test(text))).toBe(true);
      }),
    );
  });

  it('differ for cells whose ranges lie side by side', () => {
    const first = (range: string) => publicNetworks(range)[0];
    expect(first('10.64.0.0/20')).not.toBe(first('10.64.16.0/20'));
    expect(first('10.64.16.0/20')).not.toBe(first('10.64.32.0/20'));
  });

  it('are one for both SBCs and one for each media host, and none for data hosts', () => {
    const cell = cellOf({ media: { hosts: 32 } });
    const addresses = cell.hosts.map((host) => publicAddress('198.18.7.0/24', host));
    expect(cell.sbcs.map((host) => publicAddress('198.18.7.0/24', host))).toEqual([
      floatingAddress('198.18.7.0/24'),
      floatingAddress('198.18.7.0/24'),
    ]);
    expect(new Set(addresses.filter((address) => address !== undefined)).size).toBe(33);
    expect([...cell.databases, ...cell.redis].every((host) => publicAddress('198.18.7.0/24', host) === undefined)).toBe(
      true,
    );
  });

  it('leave the router an address that no host has', () => {
    const cell = cellOf();
    const taken = cell.hosts.flatMap((host) =>
      host.role === 'sbc' ? [host.address, host.floatingSide] : [host.address],
    );
    expect(gatewayAddress(cell)).toBe('10.16.0.1');
    expect(taken).not.toContain(gatewayAddress(cell));
  });
});

describe('outsideRanges', () => {
  it('has the documentation ranges and every source that the spec names', () => {
    const cell = cellOf({
      trunks: [
        { name: 'carrier-a', address: '192.0.2.10', sources: ['100.127.0.0/24'] },
        { name: 'carrier-b', address: 'sip.carrier.example' },
      ],
      tenants: [{ name: 'acme', domain: 'acme.example.com', sources: ['100.126.4.0/28'] }],
    });
    expect(outsideRanges(cell)).toEqual([
      '192.0.2.0/24',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '192.0.2.10/32',
      '100.127.0.0/24',
      '100.126.4.0/28',
    ]);
  });
});
