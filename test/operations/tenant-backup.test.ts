import { describe, expect, it } from 'vitest';
import { tenantsInBackup } from '../../lib/operations/tenant-backup.ts';

const dump = `--
-- PostgreSQL database dump
--

CREATE TABLE cellstamp.users (
    tenant text NOT NULL
);

COPY cellstamp.trunks (name, "position") FROM stdin;
carrier\t0
\\.

COPY cellstamp.users (tenant, name, ha1) FROM stdin;
acme\talice\t0123
initech\tpeter\t4567
acme\tback\\\\slash\\ttab\t89ab
\\.

COPY cellstamp.sources (network, trunk, tenant) FROM stdin;
192.0.2.0/24\tcarrier\t\\N
198.51.100.0/24\t\\N\tacme
\\.

COPY cellstamp.tenants (name, domain, trunks, exchange_port) FROM stdin;
acme\tacme.example.com\t{carrier}\t\\N
initech\tinitech.example.com\t{}\t5060
\\.

--
-- PostgreSQL database dump complete
--
`;

describe('a backup of a cell’s database', () => {
  it('has the rows of each tenant, whatever characters are in them, and those of no other', () => {
    const tenants = tenantsInBackup('backup.sql', dump);
    expect([...tenants.keys()]).toEqual(['acme', 'initech']);
    expect(tenants.get('acme')).toEqual({
      tenants: [{ name: 'acme', domain: 'acme.example.com', trunks: '{carrier}', exchange_port: null }],
      users: [
        { tenant: 'acme', name: 'alice', ha1: '0123' },
        { tenant: 'acme', name: 'back\\slash\ttab', ha1: '89ab' },
      ],
      sources: [{ network: '198.51.100.0/24', trunk: null, tenant: 'acme' }],
    });
    expect(tenants.get('initech')).toMatchObject({ users: [{ name: 'peter' }], sources: [] });
  });

  it('is the same with the line ends of another system', () => {
    const tenants = tenantsInBackup('backup.sql', dump.replaceAll('\n', '\r\n'));
    expect(tenants).toEqual(tenantsInBackup('backup.sql', dump));
  });

  it('is refused when it is none, or was cut', () => {
    expect(() => tenantsInBackup('cells.yaml', 'name: euw1-a\n')).toThrow(
      /^cells.yaml: there is no table cellstamp.tenants in it; allowed: text of pg_dump, as `pg_dump /,
    );
    const cut = dump.slice(0, dump.indexOf('--\n-- PostgreSQL database dump complete'));
    expect(() => tenantsInBackup('backup.sql', cut)).toThrow('backup.sql: its end is missing; allowed: ');
  });

  it('is refused when a row was damaged, with its line', () => {
    const damaged = (row: string) => () => tenantsInBackup('backup.sql', dump.replace('initech\tpeter\t4567', row));
    expect(damaged('initech\tpeter')).toThrow('backup.sql: line 15 has 2 values for the 3 columns of cellstamp.users;');
    expect(damaged('initech\tpeter\t4567\t8')).toThrow('line 15 has 4 values for the 3 columns of cellstamp.users;');
    expect(() => tenantsInBackup('backup.sql', dump.replace('89ab\n\\.', '89ab'))).toThrow(
      'line 17 has 1 value for the 3 columns of cellstamp.users, line 18 has',
    );
  });

  it('is refused when it is two in one file', () => {
    expect(() => tenantsInBackup('backup.sql', dump + dump)).toThrow(
      'backup.sql: it has cellstamp.trunks twice: in line 9 and in line 40, it has cellstamp.users twice',
    );
  });
});
