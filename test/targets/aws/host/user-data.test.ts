import { describe, expect, it } from 'vitest';
import { checkUserData, userData } from '../../../../lib/targets/aws/host/user-data.ts';

const longest = { site: 'a-cell-of-20-letters', host: 'media-32', region: 'ap-southeast-2' };

describe('userData', () => {
  it('fits into what EC2 takes, with room for growth', () => {
    expect(Buffer.byteLength(userData(longest))).toBeLessThan(16384 / 2);
  });

  it('shuts SSH and starts the boot script without waiting for it', () => {
    expect(userData(longest)).toContain('    - ssh.service\n');
    expect(userData(longest)).toMatch(
      /- systemctl\n {4}- enable\n {4}- --now\n {4}- --no-block\n {4}- cellstamp-boot\.service\n/,
    );
  });

  it('names no resource, hash or address: it never changes with the configuration', () => {
    expect(userData(longest)).not.toMatch(/arn:|eipalloc|[0-9a-f]{40}|\b10\.\d+\.\d+\.\d+/);
  });
});

describe('checkUserData', () => {
  it('counts bytes, not characters', () => {
    expect(checkUserData('x'.repeat(16384))).toHaveLength(16384);
    expect(() => checkUserData('ü'.repeat(8193))).toThrow('user data has 16386 bytes, EC2 takes at most 16384');
  });
});
