/** Edges of the front: they hand clients' requests on, and say whose they are. */
import { quote, type RpcCall } from './tenant-tables.ts';
import type { Section } from '../common/section.ts';

/** Header in which an edge says from where a client sent its request: `udp:198.51.100.7:5060`. */
export const sourceHeader = 'X-Cellstamp-Source';

export function edges(): Section {
  return {
    title: 'Edges of the front',
    text: `
# public address of an edge => 1
modparam("htable", "htable", "edges=>size=8;dbtable=edges;")

# Where a request really comes from. Out: $var(source), the client's address; $var(edge), 1 if an edge handed it on; $var(stream), 1
# if the client sent it over TCP or TLS. Nobody but an edge may say so. (Plain variables: an AVP costs shared memory for every
# request.)
route[FIND_SOURCE] {
    $var(edge) = 0;
    $var(source) = $si;
    $var(stream) = 0;
    if (proto != UDP) $var(stream) = 1;
    if ($sht(edges=>$si) == $null) {
        # A path is an edge's too: calls to a registered user would follow it.
        if (is_method("REGISTER")) remove_hf("Path");
        return;
    }
    $var(edge) = 1;
    if ($hdr(${sourceHeader}) =~ "^(udp|tcp|tls):[0-9.]+:[0-9]+$") {
        $var(source) = $(hdr(${sourceHeader}){s.select,1,:});
        if ($(hdr(${sourceHeader}){s.select,0,:}) != "udp") $var(stream) = 1;
    }
    remove_hf("${sourceHeader}");
}
`,
  };
}

/** SQL that makes the database hold exactly these edges. Repeatable. */
export function edgesSql(addresses: readonly string[]): string {
  const rows = addresses.map((address) => `INSERT INTO cellstamp.edges VALUES (${quote(address)});\n`).join('');
  return `BEGIN;\nDELETE FROM cellstamp.edges;\n${rows}COMMIT;\n`;
}

/** Calls that bring the table of a running SBC from the edges before to those after. */
export function edgeCalls(before: readonly string[], after: readonly string[]): readonly RpcCall[] {
  const call = (method: RpcCall['method'], params: RpcCall['params'], index: number): RpcCall => ({
    jsonrpc: '2.0',
    method,
    params,
    id: index + 1,
  });
  return [
    ...before.filter((address) => !after.includes(address)).map((address) => ['edges', address] as const),
    ...after.map((address) => ['edges', address, 1] as const),
  ].map((params, index) => call(params.length === 2 ? 'htable.delete' : 'htable.seti', params, index));
}
