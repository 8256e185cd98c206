/** What the network delivered to the wrong edge is handed to the right one, once. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { clockHeader, keyId, macText, newLine } from '../common/edge-proof.ts';
import type { Section } from '../common/section.ts';
import { cellSipPort, publicAddress, sendingSockets } from './sockets.ts';

/**
 * What an edge hands over in a second, at most: in all, and for one source. After a change of the anycast route a call that was
 * being set up needs one to three, so that 200 are those of about 100 calls a second.
 */
export const handOversPerSecond = { all: 200, source: 40 } as const;

/** Header in which an edge says from where a client sent what it hands over: `udp:198.51.100.7:5060`, the key's id, the hash. */
export const handOverHeader = 'X-Cellstamp-Handoff';

const handOverText = ['"hand-over"', '$rm', '$ci', '$cs', '$sel(via[1].branch)', '$var(client)'].join(newLine);

export function handOver(front: Front, edge: EdgeHost): Section {
  const sipPort = cellSipPort(front);
  const { toCells } = sendingSockets(front, edge);
  return {
    title: 'Hand-over between edges',
    text: String.raw`
# CANCEL and the ACK of a failed INVITE have no route set, and a response follows the Via; after a change of the anycast route they
# reach an edge that does not know them.
route[HAND_OVER] {
    # Only clients' messages are. (What was handed over once is never handed over again, see TAKE_OVER.)
    if ($vn(peer) != $null) {
        exit;
    }
    route(BOUND_HAND_OVER);
    if (is_method("CANCEL")) {
        # Answered here, where the client's NAT lets the answer through.
        sl_send_reply("200", "Cancelling");
    }
    prom_counter_inc("edge_handed_over", "1", "$rm");
    route(PROVE_HAND_OVER);
    sht_iterator_start("edges", "peer");
    while (sht_iterator_next("edges")) {
        if ($shtitval(edges) == "edge" && $shtitkey(edges) != "${publicAddress}") {
            sendx("sip:$shtitkey(edges):${sipPort}", "${toCells}", "$mb");
        }
    }
    sht_iterator_end("edges");
}

# Anybody can make up a message that no edge knows, and each goes to all of them: this many a second may pass. Who hears nothing
# repeats a CANCEL or an answer; an ACK follows the next repetition of what it acknowledges.
route[BOUND_HAND_OVER] {
    $var(second) = $TV(s);
    if ($shtinc(rates=>h:$var(second)) > ${handOversPerSecond.all} || $shtinc(rates=>h:$si:$var(second)) > ${handOversPerSecond.source}) {
        prom_counter_inc("edge_rejected", "1", "hand_over_rate");
        drop;
    }
}

# What another edge hands over carries the client's address, because the network gave the message to the wrong edge. An edge says
# nothing else, so that whatever has no proof is forged.
route[TAKE_OVER] {
    if (!route(CHECK_HAND_OVER)) {
        prom_counter_inc("edge_rejected", "1", "unproved_edge");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans()) {
            prom_counter_inc("edge_taken_over", "1", "CANCEL");
            t_relay();
        }
    } else if (is_method("ACK")) {
        t_check_trans();
    }
    exit;
}

# Every reply, before its transaction is looked for.
reply_route {
    $vn(peer) = $sht(peer=>$si);
    if ($vn(peer) == "edge" && !route(CHECK_HAND_OVER)) {
        prom_counter_inc("edge_rejected", "1", "unproved_edge");
        drop;
    }
    if ($vn(peer) != "edge") {
        route(STRIP);
    }
    $var(via) = $(hdr(Via)[0]{s.select,1, }{s.select,0,;}{s.select,0,:});
    if ($var(via) != "${publicAddress}" && $sht(peer=>$var(via)) == "edge" && $vn(peer) != "edge") {
        route(BOUND_HAND_OVER);
        prom_counter_inc("edge_handed_over", "1", "reply");
        route(PROVE_HAND_OVER);
        sendx("sip:$var(via):${sipPort}", "${toCells}", "$mb");
        drop;
    }
    # An answer to nothing would go where its next Via leads, which is the sender's to choose, whoever it says that it is.
    if (!t_check_trans()) {
        prom_counter_inc("edge_rejected", "1", "stray_answer");
        drop;
    }
    if ($vn(peer) == "cell" && $hdr(${clockHeader}) != $null) {
        route(LEARN_CLOCK);
    }
}

# The client's address, which the other edge goes on with, proved together with what names the transaction: whoever repeats it says
# what was said already.
route[PROVE_HAND_OVER] {
    $var(client) = $(pr{s.tolower}) + ":" + $si + ":" + $sp;
    $var(key) = $sht(edge_keys=>current);
    $var(text) = ${handOverText};
    route(MAC);
    append_hf("${handOverHeader}: $var(client);$var(key);$var(mac)\r\n", "CSeq");
    msg_apply_changes();
}

route[CHECK_HAND_OVER] {
    $vn(proof) = $hdr(${handOverHeader});
    if (!($vn(proof) =~ "^(udp|tcp|tls):[0-9.]+:[0-9]+;${keyId};${macText}$")) {
        return -1;
    }
    $var(client) = $(vn(proof){s.select,0,;});
    $var(key) = $(vn(proof){s.select,1,;});
    $var(text) = ${handOverText};
    if (!route(MAC) || $var(mac) != $(vn(proof){s.select,2,;})) {
        return -1;
    }
    set_source_address("$var(client)");
    remove_hf("${handOverHeader}");
    return 1;
}
`,
  };
}
