import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { redis } from '../../lib/software/redis/index.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';

const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }));
const [primary, replica] = cell.redis.map((host) => redis(cell, host)) as [
  ReturnType<typeof redis>,
  ReturnType<typeof redis>,
];
const text = (config: typeof primary, name: string) =>
  config.files.find((file) => file.path.endsWith(`/${name}`))!.text;

describe('redis', () => {
  it('listens with TLS and not without', () => {
    for (const config of [primary, replica]) {
      expect(text(config, 'redis.conf')).toMatch(/^port 0$/m);
      expect(text(config, 'redis.conf')).toMatch(/^tls-port 6379$/m);
    }
  });

  it('never drops records in silence', () => {
    expect(text(primary, 'redis.conf')).toMatch(/^maxmemory-policy noeviction$/m);
    expect(text(primary, 'redis.conf')).toMatch(/^maxmemory \d+mb$/m);
  });

  it('follows the primary on a replica, and nothing on the primary', () => {
    expect(text(replica, 'redis.conf')).toMatch(/^replicaof @@redis_host@@ 6379$/m);
    expect(text(primary, 'redis.conf')).not.toContain('replicaof');
    expect(primary.values.map((value) => value.name)).not.toContain('redis_host');
  });

  it('has one user, with a password and without dangerous commands', () => {
    expect(text(primary, 'users.acl').trim().split('\n')).toHaveLength(1);
    expect(text(primary, 'users.acl')).toMatch(/^user default on >@@redis_password@@ .*-@dangerous -@admin/);
    expect(text(primary, 'users.acl')).not.toContain('nopass');
  });

  it('shows its secrets to nobody else on the host', () => {
    const secret = primary.files.filter((file) => /@@(data_key|redis_password)@@/.test(file.text));
    expect(secret.map((file) => file.mode[3])).toEqual(secret.map(() => '0'));
    expect(secret.length).toBeGreaterThan(0);
  });
});
