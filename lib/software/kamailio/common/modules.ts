import { kamailioPaths } from './paths.ts';
import type { Section } from './section.ts';

/** A module and what it is here for; empty where its name says it. */
export type Module = readonly [name: string, purpose: string];

/** In every Kamailio, in the order in which they must be loaded. */
const everywhere: readonly Module[] = [
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
  ['tcpops', 'how long a connection is kept'],
];
const metrics: readonly Module[] = [
  ['xhttp', ''],
  ['xhttp_prom', 'metrics'],
];

/**
 * Modules, and the sockets over which a running Kamailio is asked and told. Without `mpath` they come from where Debian's package
 * has them, on every architecture.
 */
export function loadedModules(own: readonly Module[], tls: boolean): Section {
  const modules = [...(tls ? [['tls', 'SIP over TLS'] as const] : []), ...everywhere, ...own, ...metrics];
  const lines = modules.map(([name, purpose]) => `loadmodule "${name}.so"${purpose === '' ? '' : `  # ${purpose}`}`);
  return {
    title: 'Modules',
    text: `
${tls ? '# Before the module of TLS, which does nothing without.\nenable_tls=yes\n' : ''}${lines.join('\n')}

modparam("ctl", "binrpc", "unix:${kamailioPaths.control}")
modparam("ctl", "user", "kamailio")
modparam("ctl", "mode", 0660)
# Only datagrams (4) on a local socket.
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "${kamailioPaths.jsonRpc}")
modparam("jsonrpcs", "dgram_mode", 0660)
`,
  };
}
