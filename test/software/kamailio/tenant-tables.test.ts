import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  customersSql,
  ha1,
  quote,
  tableCalls,
  tableRows,
  usersSql,
  type Customers,
} from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

const customers = (input: Pick<CellInput, 'tenants' | 'trunks'>): Customers =>
  parseCell({ name: 'x', region: 'eu-west-1', aws: {}, ...input });

/** What PostgreSQL reads in a literal with standard_conforming_strings. */
function readLiteral(sql: string): { value: string; rest: string } {
  const match = /^'((?:[^']|'')*)'/.exec(sql)!;
  return { value: match[1]!.replaceAll("''", "'"), rest: sql.slice(match[0].length) };
}

const numbers = fc.integer({ min: 1_000_000, max: 9_999_999 }).map((number) => `+49${number}`);
const label = fc.stringMatching(/^[a-z]{1,8}$/);
const range = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.integer({ min: 0, max: 2 ** 24 - 1 }), fc.integer({ min: 8, max: 32 }))
  .map(([top, low, prefix]) => {
    const address = top * 2 ** 24 + low;
    const first = Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
    return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${prefix}`;
  });
const someCustomers = fc
  .record({
    tenants: fc.uniqueArray(
      fc.record({
        name: label,
        dids: fc.dictionary(numbers, fc.constantFrom('alice', 'bob', '*43'), { maxKeys: 3 }),
        sources: fc.array(range, { maxLength: 1 }),
        codecs: fc.uniqueArray(fc.constantFrom('PCMA' as const, 'G722' as const)),
        rate: fc.integer({ min: 1, max: 1_000_000 }),
        guaranteedCalls: fc.nat(5),
      }),
      { selector: ({ name }) => name, maxLength: 4 },
    ),
    trunks: fc.uniqueArray(label, { maxLength: 3 }),
  })
  .map(({ tenants, trunks }) =>
    customers({
      tenants: tenants.map(({ name, dids, sources, codecs, rate, guaranteedCalls }) => ({
        name,
        domain: `${name}.example.com`,
        dids,
        sources,
        codecs,
        limits: { callsPerSecond: Math.max(rate / 100, 0.1), guaranteedCalls },
      })),
      trunks: trunks.map((name, index) => ({ name, address: `192.0.2.${index + 1}` })),
    }),
  );

describe('SQL', () => {
  it('quotes whatever a text holds so that PostgreSQL reads the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, after) => {
        fc.pre(!text.includes('\0') && !after.startsWith("'"));
        expect(readLiteral(quote(text) + after)).toEqual({ value: text, rest: after });
      }),
    );
  });

  it('refuses a zero byte, which PostgreSQL cannot hold', () => {
    expect(() => quote('a\0b')).toThrow('PostgreSQL takes no text with a zero byte');
  });

  it('keeps a password to itself: only HA1 is written', () => {
    const user = { tenant: 'acme', domain: 'acme.example.com', name: 'alice', password: "it's secret" };
    const sql = usersSql([user]);
    expect(sql).not.toContain('secret');
    expect(sql).toContain(`'${ha1('alice', 'acme.example.com', "it's secret")}'`);
  });

  it('keeps the passwords of trunks that it does not have, and forgets them with their accounts', () => {
    const credentials = { user: 'acme', passwordVariable: 'CARRIER_PASSWORD' };
    const some = customers({ trunks: [{ name: 'a', address: '192.0.2.1', credentials }], tenants: [] });
    expect(customersSql(some)).not.toContain('INSERT INTO cellstamp.passwords');
    expect(customersSql(some, new Map([['a', "it's"]]))).toContain("('a', 'it''s')");
    expect(customersSql(some)).toContain("WHERE account_user = ''");
    expect(tableRows(some).accounts).toEqual(new Map([['a', 'acme|||192.0.2.1']]));
  });

  it('computes HA1 as RFC 2617 does', () => {
    // The example of RFC 2617, section 3.5.
    expect(ha1('Mufasa', 'testrealm@host.com', 'Circle Of Life')).toBe('939e7578ed9e3c518a452acee763bce9');
  });

  it('is one transaction', () => {
    fc.assert(
      fc.property(someCustomers, (some) => {
        const sql = customersSql(some);
        expect(sql.startsWith('BEGIN;\n') && sql.endsWith('COMMIT;\n')).toBe(true);
        expect(sql.match(/BEGIN;|COMMIT;/g)).toHaveLength(2);
      }),
    );
  });
});

describe('tables', () => {
  it('have one compact row for a tenant: name, tier, calls per 100 s, burst, calls, number, trunks, limits of a call', () => {
    const { tenants, codecs } = tableRows(
      customers({
        trunks: [{ name: 'a', address: '192.0.2.1' }],
        tenants: [
          {
            name: 'acme',
            domain: 'acme.example.com',
            dids: { '+4930222222': 'bob', '+4930111111': 'alice' },
            limits: { calls: 5, callsPerSecond: 0.25, burst: 7 },
            codecs: ['PCMA', 'PCMU'],
            trunks: ['a'],
          },
        ],
      }),
    );
    expect(tenants.get('acme.example.com')).toBe('acme|standard|25|7|5|+4930111111|a|||');
    expect([...codecs]).toEqual([
      ['acme', 'codec-strip-all codec-offer-PCMA codec-offer-PCMU codec-offer-telephone-event'],
    ]);
  });

  it('have the guaranteed calls of a tenant that has some, and their sum; nothing where nobody has', () => {
    const guaranteesOf = (...all: readonly number[]) =>
      tableRows(
        customers({
          tenants: all.map((guaranteedCalls, index) => ({
            name: `t${index}`,
            domain: `t${index}.example.com`,
            limits: { guaranteedCalls },
          })),
        }),
      ).guarantees;
    expect([...guaranteesOf(4, 0, 3)]).toEqual([
      ['t0', 4],
      ['t2', 3],
      ['*', 7],
    ]);
    expect([...guaranteesOf(0, 0)]).toEqual([]);
  });

  it('find every address of a source range by its whole octets, and no other address', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.boolean(), (network, any, inside) => {
        const { sources } = tableRows(
          customers({ tenants: [{ name: 'acme', domain: 'acme.example.com', sources: [network] }] }),
        );
        const [first, prefix] = network.split('/') as [string, string];
        const start = first.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
        const size = 2 ** (32 - Number(prefix));
        const address = inside ? start + (any % size) : any;
        const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
        const found = [4, 3, 2, 1].some((count) => sources.has(octets.slice(0, count).join('.')));
        expect(found).toBe(address >= start && address < start + size);
        expect(sources.has('wide')).toBe(Number(prefix) <= 24);
      }),
    );
  });

  it('take a carrier’s own address as its source, unless it lies in a range that is listed', () => {
    const { sources } = tableRows(
      customers({
        trunks: [
          { name: 'a', address: '192.0.2.1' },
          { name: 'b', address: '198.51.100.1', sources: ['198.51.100.0/24'] },
          { name: 'c', address: 'sip.carrier.example' },
        ],
      }),
    );
    expect([...sources]).toEqual([
      ['198.51.100', 'trunk|b'],
      ['192.0.2.1', 'trunk|a'],
      ['wide', 1],
    ]);
  });
});

describe('calls to a running SBC', () => {
  it('turn the tables of any customers into those of any others', () => {
    fc.assert(
      fc.property(someCustomers, someCustomers, (before, after) => {
        const tables = new Map(Object.entries(tableRows(before)).map(([name, rows]) => [name, new Map(rows)]));
        for (const { method, params } of tableCalls(before, after)) {
          const [table, key, value] = params as [string, string, string | number];
          if (method === 'htable.delete') tables.get(table)!.delete(key);
          else tables.get(table)!.set(key, value);
        }
        expect(Object.fromEntries(tables)).toEqual(tableRows(after));
      }),
    );
  });

  it('are none when nothing has changed', () => {
    fc.assert(
      fc.property(someCustomers, (some) => {
        expect(tableCalls(some, some)).toEqual([]);
      }),
    );
  });

  it('add before they remove, and a number last: no call meets half a tenant', () => {
    const one = { name: 'one', domain: 'one.example.com', dids: { '+4930111111': 'alice' } };
    const other = { name: 'other', domain: 'other.example.com', dids: { '+4930222222': 'bob' } };
    const calls = tableCalls(customers({ tenants: [one] }), customers({ tenants: [other] }));
    expect(calls.map(({ method, params }) => [method, params[0]])).toEqual([
      ['htable.sets', 'tenants'],
      ['htable.sets', 'callers'],
      ['htable.sets', 'dids'],
      ['htable.delete', 'dids'],
      ['htable.delete', 'callers'],
      ['htable.delete', 'tenants'],
    ]);
  });

  it('are JSON-RPC requests with a number each', () => {
    const after = customers({ trunks: [{ name: 'a', address: '192.0.2.1' }] });
    expect(tableCalls(customers({}), after)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'htable.sets',
        params: ['trunks', 'a', 'address|192.0.2.1|5060|udp|2000|40|200|403:404:408:500:502:503:504|'],
        id: 1,
      },
      { jsonrpc: '2.0', method: 'htable.sets', params: ['trunks', '*', 'a'], id: 2 },
      { jsonrpc: '2.0', method: 'htable.sets', params: ['sources', '192.0.2.1', 'trunk|a'], id: 3 },
    ]);
  });
});
