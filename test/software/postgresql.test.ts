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

  it('makes users and the database on the primary alone', () => {
    expect(configs.map((config) => config.services.map((service) => service.name))).toEqual([
      ['postgresql', 'postgresql-roles'],
      ['postgresql'],
      ['postgresql'],
    ]);
  });

  it('makes replicas from a copy of the primary, whose certificate they verify', () => {
    expect(text(0, 'postgresql-prepare')).toContain('initdb');
    for (const index of [1, 2]) {
      expect(text(index, 'postgresql-prepare')).toContain('pg_basebackup');
      expect(text(index, 'postgresql-prepare')).toContain('host=@@database_host@@');
      expect(text(index, 'postgresql-prepare')).toContain('sslmode=verify-full');
    }
  });

  it('keeps secrets in files that only PostgreSQL reads', () => {
    for (const config of configs) {
      const secret = config.files.filter((file) => /@@(data_key|\w+_password)@@/.test(file.text));
      expect(secret.map(({ mode, owner }) => [mode, owner])).toEqual(secret.map(() => ['0600', 'postgres']));
      expect(secret).toHaveLength(2);
    }
  });

  it('is reached by SBCs and databases, not by media hosts', () => {
    expect(configs[0]!.ports.map((port) => port.peers)).toEqual([[{ role: 'sbc' }, { role: 'database' }]]);
  });
});
