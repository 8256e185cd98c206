import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { postgresql } from '../../lib/software/postgresql/index.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';

const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, database: { readers: 2 } }));
const configs = cell.databases.map((host) => postgresql(cell, host));
const text = (index: number, name: string) =>
  configs[index]!.files.find((file) => file.path.endsWith(`/${name}`))!.text;

describe('postgresql', () => {
  it('lets nobody in over the network without TLS and a password', () => {
    const rows = text(0, 'pg_hba.conf')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(/\s+/));
    const overNetwork = rows.filter(([type]) => type !== 'local');
    expect(overNetwork.length).toBeGreaterThan(0);
    for (const row of overNetwork) {
      expect(row[0]).toBe('hostssl');
      expect(row[3]).toMatch(/\/32$/);
      expect(row[4]).toBe('scram-sha-256');
    }
  });

  it('makes users and the database, but on no replica', () => {
    for (const [index, { services }] of configs.entries()) {
      expect(services.map(({ name }) => name)).toEqual(['postgresql', 'postgresql-roles']);
      expect(text(index, 'roles.sql')).toMatch(/pg_is_in_recovery\(\)[^]*\\quit\n\\endif[^]*CREATE ROLE/);
    }
  });

  it('makes a new cluster on the primary alone, and replicas from a copy of it, whose certificate they verify', () => {
    for (const [index, primary] of ['true', 'false', 'false'].entries()) {
      expect(text(index, 'postgresql-prepare')).toMatch(
        new RegExp(`is_primary\\(\\) \\{ ${primary}; \\}[^]*if is_primary; then[^]*initdb[^]*\nfi\n[^]*pg_basebackup`),
      );
      expect(text(index, 'postgresql-prepare')).toMatch(/host=@@database_host@@ .* sslmode=verify-full/);
    }
  });

  it('is the primary where the primary’s address is, where addresses move: all hosts are equal', () => {
    const hosts = deriveCell(cell.spec, 'movable').databases.map((host) => postgresql(cell, host));
    for (const { services, files, sysctl } of hosts) {
      expect(services.map(({ name }) => name)).toEqual(['postgresql', 'postgresql-roles']);
      const prepare = files.find(({ path }) => path.endsWith('/postgresql-prepare'))!.text;
      expect(prepare).toContain('is_primary() { [[ -n $(ip -oneline address show to 10.16.8.9/32) ]]; }');
      expect(sysctl).toEqual({ 'net.ipv4.ip_nonlocal_bind': '1' });
    }
    const listens = hosts.map(({ files }) => /^listen_addresses = '(.*)'$/m.exec(files[0]!.text)![1]);
    expect(listens).toEqual(['10.16.8.11, 10.16.8.9', '10.16.10.12, 10.16.8.9', '10.16.12.13, 10.16.8.9']);
  });

  it('keeps secrets in files that only PostgreSQL reads', () => {
    for (const config of configs) {
      const secret = config.files.filter((file) => /@@(data_key|\w+_password)@@/.test(file.text));
      expect(secret.map(({ mode, owner }) => [mode, owner])).toEqual(secret.map(() => ['0600', 'postgres']));
      expect(secret).toHaveLength(3);
    }
  });

  it('is reached by SBCs and databases, not by media hosts', () => {
    expect(configs[0]!.ports.map((port) => port.peers)).toEqual([[{ role: 'sbc' }, { role: 'database' }]]);
  });
});
