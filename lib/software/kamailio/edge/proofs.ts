/**
 * What an edge proves, and what it asks others to prove. A source address can be forged: requests to cells carry a hash under the
 * front's key, and cells lead to clients only by what an edge itself has issued.
 */
import { clockHeader, keyId, macRoute, macText, proofHeader, provedClock, provedText } from '../common/edge-proof.ts';
import type { Section } from '../common/section.ts';
import { publicAddress } from './sockets.ts';

/** Parameter of a client's Contact with the address from which an edge saw it speak. */
export const clientParameter = 'cellstamp';

/** To what the proof of a client's address is bound, in a Path and in a Contact. */
export const pathBound = String.raw`"path\n${publicAddress}\n" + $avp(side)`;
export const contactBound = String.raw`"contact\n" + $ci`;

export function proofs(): Section {
  return {
    title: 'Proofs',
    text: String.raw`
# ID => a key of the front; current => the one to use. The directory agent puts them in.
modparam("htable", "htable", "edge_keys=>size=4;")
# address of a cell => seconds by which its clock is ahead of ours
modparam("htable", "htable", "clock=>size=10;initval=0;")

${macRoute}
# Every request to a cell. In a branch, so that each attempt has a nonce of its own: a cell takes none twice.
branch_route[PROVE] {
    route(PROVE);
}

route[PROVE] {
    $var(key) = $sht(edge_keys=>current);
    # By the cell's clock, as its last answer to a ping told it.
    $var(time) = $TV(s) + $sht(clock=>$nh(d));
    $var(nonce) = $sruid;
    $var(text) = ${provedText};
    if (route(MAC)) {
        append_hf("${proofHeader}: $var(key);$var(time);$var(nonce);$var(mac)\r\n");
    }
}

# The client's address as we see it, with a proof for the edge that it will be shown to. In: $var(bound). Out: $var(client).
route[PROVE_CLIENT] {
    $var(key) = $sht(edge_keys=>current);
    $var(client) = $si + "~" + $sp + "~" + $(pr{s.tolower});
    $var(text) = $var(bound) + "\n" + $var(client);
    route(MAC);
    $var(client) = $var(client) + "~" + $var(key) + "~" + $var(mac);
}

# True if an edge has issued this client's address for this purpose. In: $var(client), $var(bound).
route[CHECK_CLIENT] {
    if (!($var(client) =~ "^[0-9.]+~[0-9]+~(udp|tcp|tls)~${keyId}~${macText}$")) {
        return -1;
    }
    $var(key) = $(var(client){s.select,3,~});
    $var(text) = $var(bound) + "\n" + $(var(client){s.striptail,38});
    if (!route(MAC) || $var(mac) != $(var(client){s.select,4,~})) {
        return -1;
    }
    return 1;
}

# Into the Contact of whatever a client says in a dialog: the requests of the other side are sent there. A Contact without angle
# brackets gets them, as its own parameters are the header's (RFC 3261, section 20.10).
route[MARK_CONTACT] {
    if ($hdr(Contact) == $null) {
        return;
    }
    $var(bound) = ${contactBound};
    route(PROVE_CLIENT);
    if (!subst_hf("Contact", '/^(([^"<]|"([^"\\]|\\.)*")*<[^>]*)>/\1;${clientParameter}=$var(client)>/', "f")) {
        subst_hf("Contact", '/^([^;,? ]*)/<\1;${clientParameter}=$var(client)>/', "f");
    }
}

# A cell's clock, from its answer to the dispatcher's ping. The hash is over the ping's Call-ID, so that no old answer passes.
route[LEARN_CLOCK] {
    $vn(proof) = $hdr(${clockHeader});
    if (!($vn(proof) =~ "^[0-9]{1,10};${keyId};${macText}$")) {
        return;
    }
    $var(time) = $(vn(proof){s.select,0,;}{s.int});
    $var(key) = $(vn(proof){s.select,1,;});
    $var(text) = ${provedClock};
    if (!route(MAC) || $var(mac) != $(vn(proof){s.select,2,;})) {
        prom_counter_inc("edge_rejected", "1", "unproved_clock");
        return;
    }
    $var(ahead) = $var(time) - $TV(s);
    $var(change) = $var(ahead) - $sht(clock=>$si);
    if ($var(change) == 0) {
        return;
    }
    $sht(clock=>$si) = $var(ahead);
    if ($var(change) < -2 || $var(change) > 2) {
        xlog("L_WARN", "the clock of the cell at $si is $var(ahead) s ahead of ours: one of the two is wrong\n");
    }
}

# Out: $var(furthest), seconds between our clock and that of the cell which is furthest from it.
route[FURTHEST_CLOCK] {
    $var(furthest) = 0;
    sht_iterator_start("clocks", "clock");
    while (sht_iterator_next("clocks")) {
        $var(ahead) = $shtitval(clocks);
        if ($var(ahead) < 0) {
            $var(ahead) = 0 - $var(ahead);
        }
        if ($var(ahead) > $var(furthest)) {
            $var(furthest) = $var(ahead);
        }
    }
    sht_iterator_end("clocks");
}
`,
  };
}
