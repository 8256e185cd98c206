import type { Cell } from '../../../cell/cell.ts';
import { paths } from './paths.ts';
import type { Section } from '../common/section.ts';

/** Modules in the order in which they must be loaded, with what each is here for. */
const modules: readonly (readonly [name: string, purpose: string])[] = [
  ['ctl', 'kamcmd'],
  ['jsonrpcs', 'JSON-RPC on a local socket'],
  ['kex', ''],
  ['corex', ''],
  ['pv', ''],
  ['xlog', ''],
  ['tm', 'transactions'],
  ['tmx', ''],
  ['sl', 'answers without a transaction'],
  ['rr', 'Record-Route'],
  ['maxfwd', ''],
  ['textops', ''],
  ['textopsx', ''],
  ['siputils', ''],
  ['ipops', ''],
  ['db_postgres', ''],
  ['dmq', 'replication; before the modules that use it'],
  ['htable', 'tables in shared memory'],
  ['usrloc', 'registrations'],
  ['registrar', ''],
  ['nathelper', ''],
  ['dmq_usrloc', ''],
  ['auth', 'digest authentication'],
  ['sqlops', 'look-ups of users that are not in memory'],
  ['rtpengine', 'media relays'],
  ['dispatcher', 'FreeSWITCH hosts'],
  ['uac', ''],
  ['mqueue', 'events on their way to Redis and to the other SBC'],
  ['rtimer', ''],
  ['ndb_redis', ''],
  ['topoh', 'hides the topology from carriers'],
  ['xhttp', ''],
  ['xhttp_prom', 'metrics'],
];

export function loadedModules(cell: Cell): Section {
  const tls = cell.spec.sbc.transports.tls !== 'off';
  const lines = [...(tls ? [['tls', 'SIP over TLS'] as const] : []), ...modules].map(
    ([name, purpose]) => `loadmodule "${name}.so"${purpose === '' ? '' : `  # ${purpose}`}`,
  );
  return {
    title: 'Modules',
    text: `
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${lines.join('\n')}

modparam("ctl", "binrpc", "unix:${paths.control}")
modparam("ctl", "user", "kamailio")
modparam("ctl", "mode", 0660)
# Only datagrams (4) on a local socket.
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "${paths.jsonRpc}")
modparam("jsonrpcs", "dgram_mode", 0660)
`,
  };
}
