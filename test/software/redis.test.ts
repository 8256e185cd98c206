import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('is a replica or the primary by what is written before a start, not by its configuration', () => {
    for (const config of [primary, replica]) {
      expect(text(config, 'redis.conf')).not.toContain('replicaof');
      expect(text(config, 'redis.conf')).toMatch(/^include \/run\/redis\/part.conf$/m);
      expect(config.services[0]!.before).toEqual([['/usr/local/lib/cellstamp/redis-prepare']]);
    }
  });

  it('is the primary on one host for ever where addresses stay, and on the one with the address where they move', () => {
    const rules = (addressing: 'decided' | 'movable') =>
      deriveCell(cell.spec, addressing).redis.map(
        (host) => /is_primary\(\) \{ .* \}/.exec(text(redis(cell, host), 'redis-prepare'))![0],
      );
    expect(rules('decided')).toEqual(['is_primary() { true; }', 'is_primary() { false; }']);
    const moving = 'is_primary() { [[ -n $(ip -oneline address show to 10.16.8.39/32) ]]; }';
    expect(rules('movable')).toEqual([moving, moving]);
  });

  it('says of a replica that its primary does not answer, after the time that whoever asks for its health has', () => {
    const folder = mkdtempSync(join(tmpdir(), 'redis-health-'));
    const health = join(folder, 'health');
    writeFileSync(health, text(replica, 'redis-health'));
    const slow = `#!/bin/bash
if [[ $* == *${cell.redis[1]!.address}* ]]; then printf 'PONG\\nrole:slave\\nmaster_link_status:up\\n'; else sleep 1; echo PONG; fi
`;
    writeFileSync(join(folder, 'redis-cli'), slow, { mode: 0o755 });
    const asked = (own: Readonly<Record<string, string>>) => {
      const env = { ...process.env, ...own, PATH: `${folder}:${process.env['PATH']}` };
      const { status, stdout } = spawnSync('bash', [health], { env, encoding: 'utf8' });
      return { status, stdout };
    };
    expect(asked({})).toEqual({ status: 1, stdout: 'the primary does not answer it\n' });
    expect(asked({ ANSWER_WITHIN: '60' })).toEqual({ status: 0, stdout: '' });
    rmSync(folder, { recursive: true });
  });

  it('lets clients do nothing dangerous, replicas only copy, and whoever changes the primary read nothing', () => {
    const users = Object.fromEntries(
      text(primary, 'users.acl')
        .trim()
        .split('\n')
        .map((line) => [line.split(' ')[1], line.split(' ').slice(2).join(' ')]),
    );
    expect(users).toEqual({
      default: 'on >@@redis_password@@ ~* &* +@all -@dangerous -@admin +info +role',
      replication: 'on >@@redis_replication_password@@ resetchannels -@all +ping +psync +replconf',
      failover: 'on >@@redis_failover_password@@ resetchannels -@all +ping +info +failover +replicaof',
    });
  });

  it('shows its secrets to nobody else on the host', () => {
    const secret = primary.files.filter((file) => /@@(data_key|redis_\w*password)@@/.test(file.text));
    expect(secret.map((file) => file.mode[3])).toEqual(secret.map(() => '0'));
    expect(secret.length).toBeGreaterThan(0);
  });
});
