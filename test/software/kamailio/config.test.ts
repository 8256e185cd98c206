import { expect, it, describe } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../../lib/fleet/derive/front.ts';
import { lateNames } from '../../../lib/fleet/late-bound.ts';
import { customersScriptPath } from '../../../lib/software/kamailio/sbc/customers-script.ts';
import { edgeConfig } from '../../../lib/software/kamailio/edge/config.ts';
import { kamailioConfig } from '../../../lib/software/kamailio/sbc/config.ts';
import { mediaTable } from '../../../lib/software/media-hosts/index.ts';
import { kamailio } from '../../../lib/software/kamailio/sbc/index.ts';
import { refusalReasons } from '../../../lib/software/kamailio/sbc/refusals.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';

const cellOf = (input: Partial<CellInput> = {}) =>
  deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, size: 'test', ...input }));
const textOf = (input: Partial<CellInput> = {}) => kamailioConfig(cellOf(input), cellOf(input).sbcs[0]);

const front = deriveFront(
  parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }], aws: {} }),
);

/** Lines that one text has and the other has not. */
function differing(one: string, other: string): readonly string[] {
  const [ones, others] = [one.split('\n'), other.split('\n')];
  return [...ones.filter((line) => !others.includes(line)), ...others.filter((line) => !ones.includes(line))];
}

describe('a value of the spec decides its own lines of the configuration and no other', () => {
  it.each<[string, Partial<CellInput>, RegExp]>([
    ['sbc.workers', { sbc: { workers: 7 } }, /^(tcp_)?children=/],
    ['sbc.setupsPerSecond', { sbc: { setupsPerSecond: 77 } }, /^ {4}\$var\((rate|burst)\) = /],
    ['sbc.flood.requestsPerSecond', { sbc: { flood: { requestsPerSecond: 77 } } }, /\$var\(most\) = /],
    ['sbc.flood.banSeconds', { sbc: { flood: { banSeconds: 77 } } }, /banned|Retry-After/],
    ['sbc.connections.total', { sbc: { connections: { total: 7777 } } }, /connections=|connections\.total/],
    ['media.relay.calls', { media: { relay: { calls: 77 } } }, /\$var\(least\) = |\$var\(place\) > /],
    ['media.rtcpMux', { media: { rtcpMux: true } }, /replace-origin/],
    ['retention.recordDays', { retention: { recordDays: 7 } }, /\$var\(oldest\) = /],
    ['sbc.transports.udp', { sbc: { transports: { udp: 5062 } } }, /udp:10\.16\.0\.21:506|"Route: </],
    ['sbc.transports.tcp', { sbc: { transports: { tcp: 5062 } } }, /^listen=tcp:10\.16\.0\.21:506/],
    ['sbc.transports.tls', { sbc: { transports: { tls: 5062 } } }, /^listen=tls:10\.16\.0\.21:506/],
  ])('%s', (_, input, own) => {
    const lines = differing(textOf(), textOf(input));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter((line) => !own.test(line))).toEqual([]);
  });
});

it('holds nothing of any tenant or trunk: they are data, and change no file', () => {
  const limits = { calls: 7, callsPerSecond: 3.5, burst: 11 };
  const guaranteed = { ...limits, guaranteedCalls: 5 };
  const full = cellOf({
    trunks: [{ name: 'carrier-a', address: '192.0.2.10', transport: 'tls', limits }],
    tenants: [
      {
        name: 'acme',
        domain: 'acme.example.com',
        dids: { '+4930123456': 'alice' },
        limits: guaranteed,
        codecs: ['PCMA'],
      },
    ],
  });
  expect(kamailio(full, full.sbcs[0])).toEqual(kamailio(cellOf(), cellOf().sbcs[0]));
});

it('asks routes about accounts with carriers, and has them, only where a trunk has one', () => {
  const credentials = { user: 'acme', passwordVariable: 'CARRIER_PASSWORD' };
  const carrier = { name: 'carrier-a', address: '192.0.2.10' };
  const routes = ['CHALLENGE_OF_CALL', 'COUNT_AS_CALLER', 'ASK_AS_ACCOUNT', 'NAME_CHALLENGED_CALL', 'REGISTER_TRUNKS'];
  const found = (text: string) => routes.filter((route) => text.includes(route));
  expect(found(textOf({ trunks: [carrier] }))).toEqual([]);
  expect(found(textOf({ trunks: [{ ...carrier, credentials }] }))).toEqual(routes.slice(0, 4));
  const registering = textOf({ trunks: [{ ...carrier, credentials, register: {} }] });
  expect(found(registering)).toEqual(routes);
  expect(registering).toContain('@@@public_address@@:5060>\\r\\nExpires: ');
  const modules = (text: string) => text.split('\n').filter((line) => line.startsWith('loadmodule'));
  expect(modules(registering)).toEqual(modules(textOf()));
});

it('writes for carriers in the usual form what it always did, and for others in a branch route', () => {
  const carrier = { name: 'carrier-a', address: '192.0.2.10' };
  const plain = textOf({ trunks: [carrier] });
  expect(plain).toBe(textOf({ trunks: [{ ...carrier, numbers: {}, identity: 'p-asserted-identity' }] }));
  expect(plain).not.toMatch(/FORM_CALLED|TELL_CARRIER|NUMBER_OF_CARRIER/);
  for (const own of [{ numbers: { form: 'digits' } }, { identity: 'from' }, { diversion: 'none' }] as const) {
    expect(textOf({ trunks: [carrier, { ...carrier, name: 'b', address: '192.0.2.11', ...own }] })).toMatch(
      /route\(FORM_CALLED\)[^]*branch_route\[TELL_CARRIER\]/,
    );
  }
});

it('asks carriers whether they are there only where a trunk says so', () => {
  const carrier = { name: 'carrier-a', address: '192.0.2.10' };
  expect(textOf({ trunks: [carrier] })).not.toMatch(/PROBE_CARRIER|uac:reply/);
  const probing = textOf({ trunks: [{ ...carrier, probeSeconds: 30 }] });
  expect(probing).toMatch(/route\[PROBE_CARRIERS\][^]*event_route\[uac:reply\]/);
  expect(probing).not.toContain('REGISTER_ANSWERED');
});

it('looks up prefixes only where the cell has prices', () => {
  const own = differing(textOf(), textOf({ routing: { prices: 'prices.csv' } }));
  expect(own.join('\n')).toContain('route(CHEAPEST_FIRST);');
  expect(textOf()).not.toContain('CHEAPEST_FIRST');
  expect(textOf()).toContain('"routes=>size=4;');
});

it('lets root and its own group alone at its control sockets, and opens none on the network', () => {
  const sockets = [...textOf().matchAll(/^modparam\("(ctl|jsonrpcs)", "(.*?)", "?(.*?)"?\)$/gm)].map((parts) =>
    parts.slice(1),
  );
  expect(sockets).toEqual([
    ['ctl', 'binrpc', 'unix:/run/kamailio/control.sock'],
    ['ctl', 'user', 'kamailio'],
    ['ctl', 'mode', '0660'],
    ['jsonrpcs', 'transport', '4'],
    ['jsonrpcs', 'dgram_socket', '/run/kamailio/json-rpc.sock'],
    ['jsonrpcs', 'dgram_mode', '0660'],
  ]);
});

it('says which late-bound values its files contain', () => {
  for (const input of [{}, { sbc: { transports: { tls: 'off' } } }] satisfies Partial<CellInput>[]) {
    const config = kamailio(cellOf(input), cellOf(input).sbcs[0]);
    const contained = [...new Set(config.files.flatMap(({ text }) => lateNames(text)))].sort();
    expect(config.values.map(({ name }) => name).sort()).toEqual(contained);
  }
});

it('leaves nothing of TLS where the spec has it off', () => {
  const cell = cellOf({ sbc: { transports: { tls: 'off' } } });
  const { files, packages, ports, services } = kamailio(cell, cell.sbcs[0]);
  expect(files.map(({ path }) => path)).toEqual([
    '/etc/kamailio/kamailio.cfg',
    '/etc/cellstamp/media-hosts',
    '/etc/cellstamp/media-hosts.json',
    '/usr/local/lib/cellstamp/media-hosts',
    '/usr/local/lib/cellstamp/kamailio-answers',
    '/usr/local/lib/cellstamp/tables',
    '/etc/cellstamp/tables.json',
    customersScriptPath,
    '/etc/cellstamp/flood-guard.nft',
  ]);
  expect(files[0]!.text).not.toMatch(/tls\.so|enable_tls|listen=tls/);
  expect(packages).not.toContain('kamailio-tls-modules');
  expect(ports.map(({ name }) => name)).not.toContain('sip-tls');
  expect(services.find(({ name }) => name === 'kamailio')!.reload).toBeUndefined();
});

it('makes the two SBCs alike but for their own and each other’s names and addresses', () => {
  const cell = cellOf();
  const [first, second] = cell.sbcs;
  const anonymous = (text: string, own: typeof first, other: typeof first) =>
    text
      .replaceAll(own.address, 'OWN')
      .replaceAll(other.address, 'OTHER')
      .replaceAll(own.floatingSide, 'FLOATING')
      .replaceAll(own.name, 'own')
      .replaceAll(other.name, 'other');
  const one = anonymous(kamailioConfig(cell, first), first, second);
  const two = anonymous(kamailioConfig(cell, second), second, first);
  // The list of both addresses, from which replication is taken, is in the same order on both.
  const sorted = (text: string) => text.replace('"OTHER" || $si == "OWN"', '"OWN" || $si == "OTHER"');
  expect(sorted(two)).toBe(sorted(one));
});

it('has every media host in its table, with the tiers that it serves', () => {
  const table = mediaTable(cellOf({ media: { hosts: 4, pools: { standard: [1, 3], 'high-volume': [2, 3] } } }));
  expect(table.split('\n').filter((line) => /^\d/.test(line))).toEqual([
    '1 10.16.0.33 standard',
    '2 10.16.2.34 high-volume',
    '3 10.16.4.35 standard,high-volume',
    '4 10.16.0.36 -',
  ]);
});

it('asks for the right to open a low port only where the spec has one', () => {
  const capabilities = (input: Partial<CellInput>) =>
    kamailio(cellOf(input), cellOf(input).sbcs[0]).services.find(({ name }) => name === 'kamailio')!.capabilities;
  expect(capabilities({})).toEqual([]);
  expect(capabilities({ sbc: { transports: { tls: 443 } } })).toEqual(['CAP_NET_BIND_SERVICE']);
});

it.each([
  ['an SBC', textOf()],
  ['an edge', edgeConfig(front, front.edges[0]!)],
])('reads no variable in the script of %s that nothing writes', (_, text) => {
  const script = text.replace(/^\s*#(?!!).*$/gm, '');
  const names = (pattern: RegExp) => [...script.matchAll(pattern)].map((match) => match[1]!);
  const written = new Set([
    // By an assignment, as a function's or a parameter's last word, as a variable that is set at the start.
    ...names(/\$((?:var|vn|avp|xavp|shv)\(\w+\)) *=[^=~]/g),
    ...names(/["|,;=]\$((?:var|vn|avp|xavp|shv)\(\w+\))(?=")/g),
    ...names(/modparam\("pv", "\w+set", "(\w+)=/g).map((name) => `shv(${name})`),
  ]);
  const read = names(/\$\(?((?:var|vn|avp|xavp|shv)\(\w+\))/g);
  expect(read.length).toBeGreaterThan(100);
  expect([...new Set(read)].filter((name) => !written.has(name))).toEqual([]);
});

describe('the script avoids what Kamailio 5.6 takes and does not do', () => {
  const text = textOf();
  const code = text.split('\n').filter((line) => !/^\s*#(?!!)/.test(line));
  const offending = (pattern: RegExp) => code.filter((line) => pattern.test(line));

  it('never compares $var with $null: a $var is never null', () => {
    expect(offending(/\$var\([a-z_]+\) *[!=]= *\$null/)).toEqual([]);
  });

  it('puts no variable into a text outside a function’s arguments: it would stay as it is written', () => {
    expect(
      offending(/(=~|[^=!<>]=|[=!]=|\+) *"[^"]*\$[a-z(][^"]*"/).filter(
        (line) => !/modparam|\w+\(.*".*\$|" \+ \$\(/.test(line),
      ),
    ).toEqual([]);
  });

  it('names every route that it runs, and runs every route that it has', () => {
    const defined = [...text.matchAll(/^(?:onreply_|failure_|branch_)?route\[([A-Z_]+)\]/gm)].map((match) => match[1]!);
    const used = [
      ...text.matchAll(/\broute\(([A-Z_]+)\)/g),
      ...text.matchAll(/\b(?:route_if_exists|async_ms_route)\("([A-Z_]+)"/g),
      ...text.matchAll(/t_on_(?:reply|failure|branch)\("([A-Z_]+)"\)/g),
      ...text.matchAll(/(?:;route=|t_continue\(.*")([A-Z_]+)/g),
    ].map((match) => match[1]!);
    expect(new Set(defined).size).toBe(defined.length);
    expect([...new Set(used)].sort()).toEqual([...defined].sort());
  });

  it('checks what every function of a module came to, but for those after which nothing could be done', () => {
    const unchecked = new Set([
      // Answers, and what is written about it: nobody is left to be told.
      ...[
        'send_reply',
        'sl_send_reply',
        'sl_reply_error',
        't_reply',
        'xhttp_reply',
        'auth_challenge',
        'append_to_reply',
      ],
      ...['xlog', 'prom_counter_inc', 'prom_gauge_set', 'prom_histogram_observe', 'prom_dispatch'],
      // False says that there was nothing to take away, or that it is known already.
      ...[
        'remove_hf',
        'keep_hf',
        'reg_free_contacts',
        'remove_hf_re',
        'remove_body',
        'redis_free',
        'sql_result_free',
        'handle_ruri_alias',
        'set_contact_alias',
        't_check_trans',
      ],
      // They take constants, memory of the process, or a full queue's oldest entry.
      ...['t_on_reply', 't_on_failure', 't_on_branch', 't_set_fr', 'setbflag', 'force_rport', 'fix_nated_register'],
      ...['set_forward_no_connect', 'append_hf', 'mq_add', 'sht_lock', 'sht_unlock'],
      ...['sht_iterator_start', 'sht_iterator_end'],
      // The route is there, see above.
      'route_if_exists',
      // A connection that is gone by now, or a datagram that only the host's own kernel sees.
      ...['tcp_set_connection_lifetime', 'tcp_close_connection', 'sendx'],
      // The transaction is over already, or the answer goes without one.
      ...['t_newtran', 't_continue'],
      // What the other SBC misses it asks for.
      ...['dmq_send_message', 'dmq_handle_message'],
    ]);
    const bare = code.flatMap((line) => /^\s*(?:if \([^{]*\)|else)?\s*([a-z_]\w*)\(.*\);$/.exec(line)?.[1] ?? []);
    const functions = bare.filter((name) => !['route', 'if', 'while', 'modparam', 'loadmodule'].includes(name));
    expect(functions.length).toBeGreaterThan(100);
    expect([...new Set(functions)].filter((name) => !unchecked.has(name))).toEqual([]);
  });

  it('checks what every offer and answer to a relay came to', () => {
    const calls = offending(/rtpengine_(offer|answer|query|delete|info)\(|set_rtpengine_set\(/);
    expect(calls.length).toBeGreaterThan(8);
    expect(calls.filter((line) => !/if \(/.test(line))).toEqual([]);
  });

  it('asks the database in one place only, in a process of its own and with no transaction’s lock held', () => {
    expect(offending(/sql_query/)).toHaveLength(1);
    const routes = text.split(/^(?=\w*route\[|request_route|reply_route|event_route)/m);
    const naming = (pattern: RegExp) =>
      routes.filter((route) => pattern.test(route)).map((route) => /\[(\w+)/.exec(route)![1]);
    expect(naming(/sql_query\(/)).toEqual(['ASK_DATABASE']);
    expect(naming(/route\(ASK_DATABASE\)/)).toEqual(['LOOK_UP_USERS']);
    expect(text).toMatch(/modparam\("rtimer", "exec", "timer=look_ups;route=LOOK_UP_USERS"\)/);
    expect(naming(/async_task|async_route/)).toEqual([]);
  });

  it('speaks to Redis from the records’ own process only', () => {
    const routes = text.split(/^(?=\w*route\[|request_route|reply_route|event_route)/m);
    const speaking = routes
      .filter((route) => /redis_(pipe_)?cmd\(/.test(route))
      .map((route) => /\[(\w+)/.exec(route)![1]);
    expect(speaking).toEqual(['SEND_BATCH', 'TRIM_RECORDS']);
  });

  it('knows every reason for which it refuses a call, and no other', () => {
    const reasons = [...text.matchAll(/\$var\(reason\) = "(\w+)"/g)].map((match) => match[1]!);
    const ofRegistrations = ['look_up_late', 'look_up_rate', 'look_up_failed'];
    // The call goes on, or nobody has proved whose it is: no record.
    const unrecorded = ['call_in_use', 'credentials', 'banned_user'];
    const others = [...new Set(reasons)].filter((reason) => ![...ofRegistrations, ...unrecorded].includes(reason));
    expect(others.sort()).toEqual([...refusalReasons].sort());
  });

  it('labels no metric with what a tenant brings', () => {
    const labels = [...text.matchAll(/prom_\w+\("\w+", "[^"]*"((?:, "[^"]*")*)\)/g)].flatMap((match) =>
      match[1]!.split(', ').slice(1),
    );
    const open = labels.filter((label) => label.includes('$')).map((label) => label.slice(1, -1));
    expect([...new Set(open)].sort()).toEqual([
      '$shtitkey(probed)',
      '$var(kind)',
      // A trunk of the cell's file, or none.
      '$var(leaves_by)',
      '$var(old)',
      '$var(outcome)',
      '$var(reason)',
      '$var(trunk)',
      '$var(why)',
      'media-$var(m)',
    ]);
  });
});
