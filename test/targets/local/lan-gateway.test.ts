import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { lanAddress } from '../../../lib/targets/local/lan-gateway.ts';

const has = (address: string, more: Partial<NetworkInterfaceInfo> = {}) =>
  ({ address, family: 'IPv4', internal: false, ...more }) as NetworkInterfaceInfo;

describe('the address of this machine in a local network', () => {
  const interfaces = {
    lo: [has('127.0.0.1', { internal: true })],
    wlan0: [has('fd00::2', { family: 'IPv6' }), has('192.168.1.20')],
    eth0: [has('203.0.113.9')],
  };

  it('is named by itself, or by its interface', () => {
    expect(lanAddress('192.168.1.20', interfaces)).toBe('192.168.1.20');
    expect(lanAddress('wlan0', interfaces)).toBe('192.168.1.20');
  });

  it.each([
    ['192.168.1.21', 'this machine has no such address or interface'],
    ['eth0', '203.0.113.9 is not an address of a local network (RFC 1918, RFC 6598)'],
    ['203.0.113.9', '203.0.113.9 is not an address of a local network (RFC 1918, RFC 6598)'],
    ['fd00::2', 'this machine has no such address or interface'],
  ])('is not %s', (named, problem) => {
    const message = `--expose is ${named}: ${problem}; allowed: 192.168.1.20 (wlan0)`;
    expect(() => lanAddress(named, interfaces)).toThrow(expect.objectContaining({ message, status: 2 }) as Error);
  });

  it('may not exist', () => {
    expect(() => lanAddress('eth0', { eth0: interfaces.eth0 })).toThrow(
      'allowed: nothing, since this machine has no address in a local network',
    );
  });
});
