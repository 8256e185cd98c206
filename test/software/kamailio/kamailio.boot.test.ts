import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { callsProgram } from '../../../lib/software/call-watch/paths.ts';
import { callFields } from '../../../lib/software/kamailio/sbc/call-entry.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { customersSql, tableCalls, tableRows, usersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { describeWith } from '../../requirements.ts';
import { randomCustomers } from './random-customers.ts';
import { SbcLab } from './sbc-lab.ts';
import { everySection } from './every-section.ts';

/** Lines of a log that say that something is wrong, but for the parts of a cell that are not here. */
function complaints(log: string): readonly string[] {
  return log
    .split('\n')
    .filter((line) => /ERROR|CRITICAL|ALERT|BUG/.test(line))
    .filter((line) => !/rtpengine|dmq|ndb_redis/.test(line));
}

const customers = parseCell({
  name: 'x',
  region: 'eu-west-1',
  aws: {},
  trunks: [
    { name: 'carrier-a', address: '192.0.2.10', limits: { calls: 10, callsPerSecond: 0.5, burst: 3 } },
    { name: 'carrier-b', address: 'sip.carrier.example', transport: 'tls', port: 5061, sources: ['198.18.0.0/15'] },
    { name: 'carrier-c', address: '192.0.2.130', sources: ['192.0.2.128/28'] },
  ],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930222222': 'alice', '+4930111111': 'alice', '+4930333333': '*43', '+4930000001': '@exchange' },
      exchange: { address: '203.0.113.7', transport: 'tcp' },
      forwards: {
        alice: { busy: '+4930999999', noAnswer: 'voicemail' },
        bob: { always: 'alice', noAnswerSeconds: 30 },
      },
      sources: ['198.51.100.0/26', '203.0.113.7/32'],
      codecs: ['PCMA', 'opus'],
      trunks: ['carrier-b', 'carrier-a'],
      limits: { guaranteedCalls: 20 },
    },
    { name: 'globex', domain: 'globex.example.com', tier: 'high-volume' },
    { name: 'hooli', domain: 'hooli.example.com', limits: { guaranteedCalls: 5 } },
  ],
});

describeWith(['root', 'debian-packages'], 'Kamailio with its generated configuration', () => {
  let lab: SbcLab;
  beforeAll(async () => {
    lab = await SbcLab.open();
  });
  afterEach(async () => {
    await lab.stop();
    // What the next one finds in its tables, it has put there.
    lab.sql(customersSql({ tenants: [], trunks: [] }));
  });
  afterAll(() => lab.close());

  const control = (...words: readonly string[]) => lab.run(['kamcmd', '-s', `unix:${paths.control}`, ...words]);

  it.each<[string, Partial<CellInput>]>([
    ['as it comes', {}],
    ['without TLS', { sbc: { transports: { tls: 'off' } } }],
    ['without TCP', { sbc: { transports: { tcp: 'off' } } }],
    ['without UDP', { sbc: { transports: { udp: 'off' } } }],
    ['with every section that it can have', everySection],
    ['with one media host', { media: { hosts: 1 } }],
    [
      'with eight media hosts in three pools',
      { media: { hosts: 8, pools: { standard: [1, 2, 3], 'high-volume': [4, 5, 6, 7, 8], gold: [8] } } },
    ],
    ['with 32 media hosts and 16 workers', { media: { hosts: 32 }, sbc: { workers: 16, sharedMemoryMiB: 256 } }],
  ])('boots %s and answers core.uptime', async (_, input) => {
    await lab.start(input);
    expect(control('core.uptime')).toContain('uptime');
    expect(complaints(lab.log())).toEqual([]);
  });

  it('exposes its counters of calls before there is one: a rate over them misses no call', async () => {
    const cell = await lab.start({});
    const page = lab.run(['curl', '-s', `http://${cell.sbcs[0].address}:${internalPorts.sbcMetrics}/metrics`]);
    for (const kind of ['user', 'in', 'out', 'feature']) {
      expect(page).toMatch(new RegExp(`^cellstamp_sbc_setups_total{kind="${kind}"} 0\\b`, 'm'));
    }
    expect(page).toMatch(/^cellstamp_sbc_answered_total 0\b/m);
    expect(page).toMatch(/^cellstamp_sbc_seizures_total{outcome="network", trunk="-"} 0\b/m);
    expect(page).toMatch(/^cellstamp_sbc_media_samples_total{media="media-1"} 0\b/m);
  });

  it('exposes them for each of as many trunks as a cell may have', async () => {
    const cell = await lab.start({});
    const trunks = Array.from({ length: 100 }, (_, n) => ({
      name: `a-carrier-with-a-long-name-${n}`,
      address: `192.0.2.${n + 1}`,
    }));
    lab.sql(customersSql(parseCell({ name: 'x', region: 'eu-west-1', aws: {}, trunks })));
    control('htable.reload', 'trunks');
    const page = lab.run(['curl', '-s', `http://${cell.sbcs[0].address}:${internalPorts.sbcMetrics}/metrics`]);
    for (const { name } of trunks) {
      expect(page).toMatch(new RegExp(`^cellstamp_sbc_seizures_total{outcome="answered", trunk="${name}"} 0\\b`, 'm'));
    }
    expect(complaints(lab.log())).toEqual([]);
  });

  it('exposes how many contacts are registered', async () => {
    const cell = await lab.start({});
    for (const user of ['alice', 'bob']) {
      control(
        'ul.add',
        'location',
        `${user}@acme.example.com`,
        `sip:${user}@198.51.100.2`,
        '3600',
        '1.0',
        '.',
        '0',
        '0',
        '0',
      );
    }
    const page = lab.run(['curl', '-s', `http://${cell.sbcs[0].address}:${internalPorts.sbcMetrics}/metrics`]);
    expect(page).toMatch(/^cellstamp_sbc_contacts 2\b/m);
  });

  it('reads from the database what the tables are said to hold', async () => {
    await lab.start({});
    lab.sql(customersSql(customers));
    const rows = tableRows(customers);
    for (const [table, expected] of Object.entries(rows)) {
      const found = lab.sql(`SELECT key_name, key_value FROM sbc.${table}`).map((line) => line.split('\t'));
      expect(Object.fromEntries(found), table).toEqual(texts(expected));
      control('htable.reload', table);
      for (const [key, value] of expected)
        expect(control('htable.get', table, `s:${key}`)).toContain(`value: ${value}`);
    }
  });

  it('reads as many tenants as a hundred cells have', async () => {
    await lab.start({ sbc: { sharedMemoryMiB: 512 } });
    const row = "'tenant-' || i, 'tenant-' || i || '.example.com', 'standard', 100, 10, 10";
    lab.sql(
      `INSERT INTO cellstamp.tenants (name, domain, tier, calls, calls_per_second, burst) SELECT ${row} FROM generate_series(1, 50000) i`,
    );
    control('htable.reload', 'tenants');
    expect(control('htable.stats')).toMatch(/name: tenants\s+slots: \d+\s+all: 50000\b/);
    expect(complaints(lab.log())).toEqual([]);
  });

  it('reads what changes tell it, whatever trunks and tenants a cell has', async () => {
    await lab.start({});
    const none = parseCell({ name: 'x', region: 'eu-west-1', aws: {} });
    fc.assert(
      // Several in one connection: each is there when the next one comes.
      fc.property(fc.array(randomCustomers, { minLength: 10, maxLength: 10 }), (fleets) => {
        const views = Object.keys(tableRows(none)).map(
          (table) => `SELECT '${table}', key_name, key_value FROM sbc.${table};\n`,
        );
        const end = "SELECT '#';\n";
        const sql = fleets.map((some) => customersSql(some) + views.join('') + end).join('');
        const read = lab
          .sql(sql)
          .join('\n')
          .split(/^#$/m)
          .map((rows) => rows.split('\n').filter(Boolean).sort());
        const told = fleets.map((some) => tableCalls(none, some).map(({ params }) => params.join('\t')));
        expect(read.slice(0, -1)).toEqual(told.map((rows) => rows.sort()));
      }),
      { numRuns: 10 },
    );
  });

  it('takes the same tables over JSON-RPC, without the database', async () => {
    await lab.start({});
    const none = parseCell({ name: 'x', region: 'eu-west-1', aws: {} });
    const calls = tableCalls(none, customers);
    const answers = ask(
      lab,
      calls.map((call) => JSON.stringify(call)),
    );
    expect(answers.map((answer) => JSON.parse(answer) as unknown)).toEqual(
      calls.map(({ id }) => expect.objectContaining({ jsonrpc: '2.0', id, result: expect.anything() as unknown })),
    );
    for (const [table, expected] of Object.entries(tableRows(customers))) {
      expect(shown(control('htable.dump', table)), table).toEqual(texts(expected));
    }
  });

  it('reads guarantees again when asked over JSON-RPC: those that went leave nothing behind', async () => {
    await lab.start({});
    for (const now of [customers, { ...customers, tenants: customers.tenants.slice(1) }, { tenants: [], trunks: [] }]) {
      lab.sql(customersSql(now));
      const [answer] = ask(lab, [
        JSON.stringify({ jsonrpc: '2.0', method: 'htable.reload', params: ['guarantees'], id: 1 }),
      ]);
      expect(JSON.parse(answer!)).not.toHaveProperty('error');
      expect(shown(control('htable.dump', 'guarantees'))).toEqual(texts(tableRows(now).guarantees));
    }
  });

  it('applies the schema again without a change, and gives the SBC’s user its views and nothing else', async () => {
    await lab.start({});
    lab.sql(customersSql(customers));
    lab.sql(usersSql([{ tenant: 'acme', domain: 'acme.example.com', name: 'alice', password: 'x' }]));
    const tenants = lab.sql('TABLE sbc.tenants');
    await lab.stop();
    await lab.start({});
    expect(lab.sql('TABLE sbc.tenants')).toEqual(tenants);
    expect(lab.sql('SET ROLE cellstamp_sbc; SELECT count(*) FROM sbc.users')).toEqual(['1']);
    for (const forbidden of [
      'TABLE cellstamp.users',
      'DELETE FROM sbc.tenants',
      'CREATE TABLE sbc.mine ()',
      'CREATE TABLE public.mine ()',
    ]) {
      expect(() => lab.sql(`SET ROLE cellstamp_sbc; ${forbidden}`), forbidden).toThrow(/permission denied|cannot/);
    }
  });

  it('brings a database from before there were guarantees up to date, and keeps its tenants', async () => {
    await lab.start({});
    lab.sql(customersSql(customers));
    const tenants = lab.sql('TABLE sbc.tenants');
    lab.sql('DROP VIEW sbc.guarantees; ALTER TABLE cellstamp.tenants DROP COLUMN guaranteed_calls');
    await lab.stop();
    await lab.start({});
    expect(lab.sql('TABLE sbc.tenants')).toEqual(tenants);
    expect(lab.sql('TABLE sbc.guarantees')).toEqual([]);
    expect(() => lab.sql('UPDATE cellstamp.tenants SET guaranteed_calls = calls + 1')).toThrow(/check constraint/);
  });

  it('refuses two owners of one source address', async () => {
    await lab.start({});
    lab.sql(customersSql(customers));
    expect(() => lab.sql(`INSERT INTO cellstamp.sources VALUES ('198.51.100.8/32', 'carrier-a', NULL)`)).toThrow(
      /exclusion/,
    );
  });
});

describeWith(['root', 'debian-packages'], 'the list of calls', () => {
  let lab: SbcLab;
  beforeAll(async () => {
    lab = await SbcLab.open();
    await lab.start({});
  });
  afterAll(async () => {
    await lab.stop();
    lab.close();
  });

  const entryOf = (index: number): string => {
    const fields: Readonly<Record<(typeof callFields)[number], string>> = {
      tenant: index % 5 === 0 ? 'acme' : 'globex',
      trunk: 'carrier-a',
      media: String((index % 4) + 1),
      kind: 'out',
      from: `user-${index}@globex.example.com`,
      to: `+4989700${index}`,
      invited: `${1_800_000_000 + index}.250000`,
      callId: `${String(index).padStart(32, '0')}@203.0.113.${index % 250}`,
      cseq: '4711',
      longest: '14400',
      oneSided: '300',
      leg: '',
      answeredBy: 'as7c1b62ff',
      answered: `${1_800_000_010 + index}.500000`,
    };
    return callFields.map((name) => fields[name]).join('|');
  };
  const set = (indices: readonly number[]) => {
    const requests = indices.map((index) =>
      JSON.stringify({
        jsonrpc: '2.0',
        method: 'htable.sets',
        params: ['calls', index.toString(16).padStart(20, '0'), entryOf(index)],
        id: 1,
      }),
    );
    for (const answer of ask(lab, requests)) expect(answer).toContain('Ok');
  };
  const list = (...words: readonly string[]) => {
    lab.run(['bash', '-c', `${callsProgram} list ${words.join(' ')} >/tmp/listed`]);
    return Number(lab.run(['bash', '-c', 'wc -l </tmp/listed']));
  };

  it('is empty where there is none', () => {
    expect(list()).toBe(0);
  });

  it('is whole with 5,000 of them, the oldest first, and those of one tenant', () => {
    set(Array.from({ length: 5000 }, (_, index) => 4999 - index));
    const started = performance.now();
    expect(list()).toBe(5000);
    console.log(`5,000 calls listed in ${(performance.now() - started).toFixed(0)} ms`);
    const first = JSON.parse(lab.run(['head', '-n1', '/tmp/listed'])) as unknown;
    expect(first).toEqual({
      call: `${'0'.repeat(32)}@203.0.113.0`,
      id: '0'.repeat(20),
      tenant: 'acme',
      kind: 'out',
      from: 'user-0@globex.example.com',
      to: '+49897000',
      trunk: 'carrier-a',
      media: 'media-1',
      invited: 1_800_000_000.25,
      answered: 1_800_000_010.5,
    });
    expect(lab.run(['bash', '-c', `grep -o '"id": "[0-9a-f]*"' /tmp/listed | sort -u | wc -l`])).toBe('5000\n');
    expect(list('--tenant', 'acme')).toBe(1000);
  });

  it('is whole every time', () => {
    for (let attempt = 0; attempt < 10; attempt++) expect(list()).toBe(5000);
  });
});

/** Keys and values in what `htable.dump` prints. */
function shown(dump: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...dump.matchAll(/name: (.*)\n\s*value: (.*)/g)].map(([, key, value]) => [key!, value!]));
}

function texts(rows: ReadonlyMap<string, string | number>): Readonly<Record<string, string>> {
  return Object.fromEntries([...rows].map(([key, value]) => [key, String(value)]));
}

/** Requests one after the other on the JSON-RPC socket, and their answers. (Perl because Node.js has no datagrams on Unix sockets.) */
function ask(lab: SbcLab, requests: readonly string[]): readonly string[] {
  const script = `use IO::Socket::UNIX; use Socket;
my $own = "/run/kamailio/ask.$$";
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $own, Peer => $ARGV[0]) or die $!;
chmod 0666, $own;
while (my $request = <STDIN>) {
    $socket->send($request);
    $socket->recv(my $answer, 65536);
    $answer =~ s/\\s+/ /g;
    print "$answer\\n";
}
unlink $own;`;
  return lab
    .run(['perl', '-e', script, paths.jsonRpc], requests.map((request) => `${request}\n`).join(''))
    .trim()
    .split('\n');
}
