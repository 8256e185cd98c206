/** Edges of the front: they hand clients' requests on, say whose they are, and prove that it is they who say so. */
import type { EdgeKeys } from '../../../fleet/edge-keys.ts';
import { quote, type RpcCall } from './tenant-tables.ts';
import {
  clockHeader,
  keyId,
  macRoute,
  macText,
  proofHeader,
  provedClock,
  provedText,
  proofWindowSeconds,
  sourceHeader,
} from '../common/edge-proof.ts';
import type { Section } from '../common/section.ts';

/** Tables of edges that are loaded from the database. */
export const edgeTables = ['edges', 'edge_keys'] as const;

export function edges(): Section {
  return {
    title: 'Edges of the front',
    text: `
# public address of an edge => 1
modparam("htable", "htable", "edges=>size=8;dbtable=edges;")
# key:ID => a key of the front; current => id of the one with which we prove something
modparam("htable", "htable", "edge_keys=>size=4;dbtable=edge_keys;")
# hash of a proof that was taken => how often it was shown. Kept for as long as its time is good, from one end of the window to the other.
modparam("htable", "htable", "proofs=>size=14;autoexpire=${3 * proofWindowSeconds};initval=0;")
# ahead => seconds by which the clock that edges hear is ahead of this host's: for drills, kamcmd htable.seti clock ahead 600
modparam("htable", "htable", "clock=>size=2;initval=0;")

# Where a request really comes from. Out: $var(source), the client's address; $var(edge), 1 if an edge handed it on; $var(stream), 1
# if the client sent it over TCP or TLS. Only an edge may state it, and an address alone does not make an edge: a request without a proof is dropped without an answer, which would go
# wherever the sender chooses. (Plain variables: an AVP costs shared memory for every request.)
route[FIND_SOURCE] {
    $var(edge) = 0;
    $var(source) = $si;
    $var(stream) = 0;
    if (proto != UDP) $var(stream) = 1;
    if ($sht(edges=>$si) == $null) return;
    $var(edge) = 1;
    # It ends a transaction that was proved when it began, or has no effect.
    if (is_method("CANCEL")) return;
    # The same holds for a repetition, and for the ACK of a refusal: it ends here.
    t_check_trans();
    $vn(proof) = $hdr(${proofHeader});
    if (is_method("OPTIONS") && $vn(proof) == $null) {
        # The health check of an edge's dispatcher.
        route(TELL_CLOCK);
        route(ANSWER_OPTIONS);
    }
    route(CHECK_PROOF);
    if ($hdr(${sourceHeader}) =~ "^(udp|tcp|tls):[0-9.]+:[0-9]+$") {
        $var(source) = $(hdr(${sourceHeader}){s.select,1,:});
        if ($(hdr(${sourceHeader}){s.select,0,:}) != "udp") $var(stream) = 1;
    }
    remove_hf("${sourceHeader}");
    remove_hf("${proofHeader}");
}

# Ends the script if the request is not as an edge has sent it, just now and for the first time. In: $vn(proof).
route[CHECK_PROOF] {
    if ($vn(proof) =~ "^${keyId};[0-9]{1,10};[^;]{1,64};${macText}$") {
        $var(key) = $(vn(proof){s.select,0,;});
        $var(time) = $(vn(proof){s.select,1,;});
        $var(nonce) = $(vn(proof){s.select,2,;});
        $var(text) = ${provedText};
        if (route(MAC) && $var(mac) == $(vn(proof){s.select,3,;})) {
            $var(age) = $TV(s) + $sht(clock=>ahead) - $(var(time){s.int});
            if ($var(age) > ${proofWindowSeconds} || $var(age) < -${proofWindowSeconds}) {
                prom_counter_inc("dropped_total", "1", "stale_proof");
                exit;
            }
            if ($shtinc(proofs=>$var(mac)) == 1) return;
            prom_counter_inc("dropped_total", "1", "replayed_proof");
            exit;
        }
    }
    prom_counter_inc("dropped_total", "1", "unproved_edge");
    exit;
}

# Our clock, by which an edge stamps what it sends us: a wrong clock, theirs or ours, costs no call for longer than to the next ping.
route[TELL_CLOCK] {
    $var(key) = $sht(edge_keys=>current);
    $var(time) = $TV(s) + $sht(clock=>ahead);
    $var(text) = ${provedClock};
    if (route(MAC)) append_to_reply("${clockHeader}: $var(time);$var(key);$var(mac)\\r\\n");
}

${macRoute}`,
  };
}

/** SQL that makes the database hold exactly these edges and keys. Repeatable. */
export function edgesSql(addresses: readonly string[], { current, keys }: EdgeKeys): string {
  const edges = addresses.map((address) => `INSERT INTO cellstamp.edges VALUES (${quote(address)});\n`);
  const rows = Object.entries(keys).map(
    ([id, key]) => `INSERT INTO cellstamp.edge_keys VALUES (${quote(id)}, ${quote(key)}, ${id === current});\n`,
  );
  return `BEGIN;\nDELETE FROM cellstamp.edges;\n${edges.join('')}DELETE FROM cellstamp.edge_keys;\n${rows.join('')}COMMIT;\n`;
}

/** Calls that bring the tables of a running SBC from the edges before to those after. The keys are reloaded from the database. */
export function edgeCalls(before: readonly string[], after: readonly string[]): readonly RpcCall[] {
  const calls: readonly Pick<RpcCall, 'method' | 'params'>[] = [
    { method: 'htable.reload', params: ['edge_keys'] },
    ...before
      .filter((address) => !after.includes(address))
      .map((address) => ({ method: 'htable.delete', params: ['edges', address] }) as const),
    ...after.map((address) => ({ method: 'htable.seti', params: ['edges', address, 1] }) as const),
  ];
  return calls.map((call, index) => ({ jsonrpc: '2.0', ...call, id: index + 1 }));
}
