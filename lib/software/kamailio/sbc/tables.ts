import type { Cell } from '../../../fleet/derive/cell.ts';
import { databaseNames } from '../../postgresql/names.ts';
import { paths } from './paths.ts';
import { calledSeconds, callFields, ringingSeconds, sideFields } from './call-entry.ts';
import { failedLogIns } from './screen.ts';
import { accountRow, fieldsOf, formRow, forwardRow, outboundRow, tenantRow, trunkRow } from './table-rows.ts';
import { withEmergency } from './with-emergency.ts';
import { streamSeconds } from '../common/connections.ts';
import type { Section } from '../common/section.ts';

/**
 * Slots of a table as a power of two. A slot takes 32 bytes of shared memory, so that a table of what every tenant has takes
 * 2 MiB; 50,000 tenants are then one a slot, and a look-up takes the same time as with 500. Kamailio's hash of a text
 * clusters keys that are alike, so that there is no use in many more.
 */
const perTenant = 16;
const large = 14;
const small = 8;

/** The database as Kamailio's modules see it. Where it is, libpq takes from the service's environment. */
export const databaseUrl = `postgres://${databaseNames.sbcUser}@/${databaseNames.database}`;

/** A table that is loaded from a view of the database at boot, and again by `htable.reload`. */
interface LoadedTable {
  readonly name: string;
  readonly size: number;
  /** One line for operators: the key, and the fields of the value. */
  readonly contents: string;
  /** Size in a cell that does not use it. Default: the same. */
  readonly unusedSize?: number;
  /** What a key that is not there is taken for. */
  readonly absent?: 0;
}

export const tenantFields = fieldsOf(tenantRow);
export const forwardFields = fieldsOf(forwardRow);
export const trunkFields = fieldsOf(trunkRow);
export const outboundFields = fieldsOf(outboundRow);
export const formFields = fieldsOf(formRow);
export const accountFields = fieldsOf(accountRow);

export const loadedTables: readonly LoadedTable[] = [
  { name: 'tenants', size: perTenant, contents: `domain => ${tenantFields.join('|')}` },
  {
    name: 'guarantees',
    size: perTenant,
    contents: 'name of a tenant => calls that it is guaranteed; "*" => the sum of all',
    absent: 0,
  },
  {
    name: 'codecs',
    size: perTenant,
    contents: 'name of a tenant => what its offers are cut down to, as flags for rtpengine',
  },
  { name: 'dids', size: perTenant, contents: '+number => domain|user, feature code or @exchange' },
  { name: 'forwards', size: perTenant, contents: `user@domain => ${forwardFields.join('|')}` },
  {
    name: 'sources',
    size: perTenant,
    contents:
      'address, or its first 1 to 3 octets => trunk|name or tenant|domain; "wide" => 1 if there are such octets',
  },
  { name: 'trunks', size: small, contents: `name => ${trunkFields.join('|')}; "*" => all names in order` },
  {
    name: 'places',
    size: large,
    contents:
      'domain|site, domain| without a site => country|number to call back|location; user@domain => site, where it has one',
  },
  {
    name: 'outbound',
    size: large,
    contents: `name of a tenant with limits of its own => ${outboundFields.join('|')}; name|+prefix => 1`,
  },
  {
    name: 'accounts',
    size: small,
    contents: `name of a trunk that has an account with its carrier => ${accountFields.join('|')}`,
  },
  {
    name: 'routes',
    size: perTenant,
    unusedSize: 4,
    contents:
      'prefix of a number => trunks, the cheapest first, with colons between them; "lengths" => lengths of prefixes, the longest first',
  },
  {
    name: 'forms',
    size: small,
    contents: `name of a trunk with a form of its own => ${formFields.join('|')}`,
  },
  { name: 'passwords', size: small, contents: 'name of a trunk => password of its account' },
  { name: 'users', size: perTenant, contents: 'user@domain => HA1 (RFC 2617)' },
  { name: 'callers', size: perTenant, contents: 'user@domain => number that carriers are shown' },
];

/** A transformation that takes one field out of a variable: `field('tenant', tenantFields, 'rate')`. */
export function field<F extends string>(variable: string, fields: readonly F[], name: F): string {
  return `$(vn(${variable}){s.select,${fields.indexOf(name)},|})`;
}

/** The same as an integer. */
export function number<F extends string>(variable: string, fields: readonly F[], name: F): string {
  return field(variable, fields, name).replace(/\)$/, '{s.int})');
}

/** The tables in shared memory: what is loaded from the database, and what this SBC knows of the moment. */
export function tables(cell: Cell): Section {
  const { spec } = cell;
  const table = (name: string, ...parameters: readonly string[]) =>
    `modparam("htable", "htable", "${name}=>${parameters.join(';')};")`;
  return {
    title: 'Tables in shared memory',
    text: `
# --- Loaded from PostgreSQL at boot; nothing else asks the database but LOOK_UP_USERS, for a registration whose user is not here.
# By the pool of connections on this host, whose socket the service's environment names. Where the database does not answer, from this
# host's copy of the tables, a file each, which the service cellstamp-tables keeps young.
modparam("pv", "shvset", "tables_fetched=i:0")
include_file "${paths.tablesSource}"
# All rows of a fetch are in a process's own memory at once, which is 32 MiB.
modparam("htable", "fetch_rows", 1000)
# The last of four time-outs, for when the pool itself hangs: see the database's role and the pool. No second attempt, which would
# wait as long again.
modparam("db_postgres", "timeout", 5)
modparam("db_postgres", "retries", 0)
${loadedTables
  .map(({ name, size, unusedSize = size, contents, absent }) => {
    const parameters = [
      `size=${spec.routing === undefined ? unusedSize : size}`,
      `dbtable=${name}`,
      ...(absent === undefined ? [] : [`initval=${absent}`]),
    ];
    return `# ${contents}\n${table(name, ...parameters)}`;
  })
  .join('\n')}

# --- Known to both SBCs.
modparam("htable", "enable_dmq", 1)
# Used by JOIN.
modparam("htable", "dmq_init_sync", 0)
# address => 1: somebody has logged in from there within a day
${table('known', `size=${large}`, 'autoexpire=86400', 'dmqreplicate=1')}
# address|day since 1970 => users that have logged in from there
${table('good_users', `size=${large}`, 'autoexpire=172800', 'initval=0', 'dmqreplicate=1')}

# --- Known to both SBCs by their own messages, see "Replication".
# number of a media host => 1 while it is drained: kamcmd htable.seti drains s:2 1, kamcmd htable.delete drains s:2
${table('drains', `size=${small}`)}
# number of a media host => what both know of it, and until when to tell it again
${table('drained', `size=${small}`, 'initval=0')}
${table('telling', `size=${small}`, 'initval=0')}

# Call-ID of a question of the other SBC for all that this one has => 1
${table('asked', `size=${small}`, 'autoexpire=60')}

# --- Known to this SBC. Calls are handed to the other one in batches, see "Replication".
# name of a call => ${callFields.join('|')}
${table('calls', `size=${large}`)}
# name of a call (its caller), NAME:TAG (a callee) => ${sideFields.join('|')}; for longer than any call may last
${table('sides', `size=${large}`, `autoexpire=${calledSeconds}`)}
# name of a call that is not answered => of each INVITE of it that went out, what a CANCEL would say: Via|peer|URI|
${table('sent', `size=${large}`, `autoexpire=${ringingSeconds}`)}
# name of a call that rings => tags of the phones: TAG|
${table('rang', `size=${large}`, `autoexpire=${ringingSeconds}`)}
# name of a call => 1: was admitted by the other SBC
${table('foreign', `size=${large}`, `autoexpire=${ringingSeconds}`)}
# name of a call => TAG|leg of a second phone that answered it
${table('rivals', `size=${small}`, 'autoexpire=60')}
# name of a call => when it ended, see "Replication"
${table('ended', `size=${large}`)}
# name of a call whose phones may suppress silence => 1; for as long as its sides
${table('suppressing', `size=${large}`, `autoexpire=${calledSeconds}`)}
# name of a call that is to end => why
${table('ending', `size=${small}`, 'autoexpire=60')}
# NAME:start, NAME:end, NAME:refused => record that is not delivered: of this SBC's calls, and of the other one's
${table('own_records', `size=${large}`)}
${table('others_records', `size=${large}`)}
# The same, of the other SBC's => 1: delivered a moment ago
${table('delivered', `size=${large}`, 'autoexpire=60')}
# number of a media host:name of a call there => tag of a side: it ended, and the relay gave no answer
${table('unreleased', `size=${small}`, 'autoexpire=900')}
# t:tenant, k:trunk, m:media host => calls now; shared => places of the shared part that are taken
${table('load', `size=${perTenant}`, 'initval=0')}
# t:tenant, k:trunk, cell => what is in the token bucket, and when that was true
${table('tokens', `size=${perTenant}`)}
${table('refilled', `size=${perTenant}`)}
# address, or address|user@domain => 1. Spec: sbc.flood.banSeconds
${table('banned', `size=${large}`, `autoexpire=${spec.sbc.flood.banSeconds}`)}
# address => requests of this second over UDP
${table('requests', `size=${large}`, 'autoexpire=10')}
# address:moment => requests over TCP and TLS within ${streamSeconds} s
${table('streams', `size=${large}`, `autoexpire=${streamSeconds + 2}`, 'initval=0')}
# address|user@domain => day since 1970 on which it last logged in
${table('log_ins', `size=${large}`, 'autoexpire=86400')}
# address|user@domain => log-ins that failed, in a window that begins with the first one: no failure prolongs it
${table('failures', `size=${large}`, `autoexpire=${failedLogIns.userSeconds}`, 'updateexpire=0', 'initval=0')}
# The same => 1, and address => number of them: users whose log-in failed, in a longer window
${table('failing', `size=${large}`, `autoexpire=${failedLogIns.usersSeconds}`)}
${table('failing_users', `size=${large}`, `autoexpire=${failedLogIns.usersSeconds}`, 'updateexpire=0', 'initval=0')}
# user@domain => registrations that wait for the database
${table('waiting', `size=${small}`, 'autoexpire=10', 'initval=0')}
# user@domain => 1: not in the database a moment ago
${table('strangers', `size=${large}`, 'autoexpire=30')}
# number of a media host => its private address; numbers => all of them, each with a colon behind it; tier:NAME => those that serve the
# tier; serves:NUMBER => 1 if it serves any; moving:NUMBER => 1 while its address changes; reload => 1 while the list of relays waits
# to be read again. See "Media"
${table('media', `size=${small}`)}
# number of a media host => 1 while its relay answers
${table('alive', `size=${small}`, 'initval=0')}
# number of a media host => since when it does not answer
${table('away', `size=${small}`, 'initval=0')}
# number of a media host => 1 while another host has its relay: it takes no new calls
${table('guests', `size=${small}`)}
# number of a media host => 1 while calls of the probe through it have no audio; the probe says so again and again
${table('silent_media', `size=${small}`, 'autoexpire=30')}
# number of a media host => when its relay went to another host or came back, in seconds since 1970
${table('moved', `size=${small}`, 'initval=0')}
# tier => numbers of the media hosts that take calls now, each with a colon behind it
${table('pools', `size=${small}`)}
# trunk => addresses that its domain name resolved to, with colons between them; address => trunk|name. For a day: carriers move seldom,
# and they must stay reachable while DNS is down
${table('resolved', `size=${small}`, 'autoexpire=86400')}
# address of a carrier => 1: did not answer a moment ago
${table('silent', `size=${small}`, 'autoexpire=30')}
modparam("htable", "timer_interval", 5)
modparam("htable", "timer_procs", 1)

event_route[htable:mod-init] {
    route(TAKE_MEDIA_TABLE);${withEmergency(cell, '\n    route(TAKE_EMERGENCY_TABLE);')}
}
`,
  };
}
