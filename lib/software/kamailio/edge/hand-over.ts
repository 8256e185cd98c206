/** What the network delivered to the wrong edge is handed to the right one, once. */
import type { EdgeHost, Front } from '../../../front/front.ts';
import type { Section } from '../common/section.ts';
import { cellSipPort, publicAddress, sendingSockets } from './sockets.ts';

/**
 * What an edge hands over in a second, at most: in all, and for one source. After a change of the anycast route a call that was
 * being set up needs one to three, so that 200 are those of about 100 calls a second.
 */
export const handOversPerSecond = { all: 200, source: 40 } as const;

export function handOver(front: Front, edge: EdgeHost): Section {
  const sipPort = cellSipPort(front);
  const { toCells } = sendingSockets(front, edge);
  return {
    title: 'Hand-over between edges',
    text: `
# CANCEL and the ACK of a failed INVITE have no route set, and a response follows the Via; after a change of the anycast route they
# reach an edge that does not know them.
route[HAND_OVER] {
    # Loop guard: what was handed over once is never handed over again (see TAKE_OVER), and only clients' messages are.
    if ($sht(peer=>$si) != $null) {
        exit;
    }
    route(BOUND_HAND_OVER);
    if (is_method("CANCEL")) {
        # Answered here, where the client's NAT lets the answer through.
        sl_send_reply("200", "Cancelling");
    }
    prom_counter_inc("edge_handed_over", "1", "$rm");
    append_hf("X-Cellstamp-Handoff: $pr:$si:$sp\\r\\n", "CSeq");
    msg_apply_changes();
    sht_iterator_start("edges", "peer");
    while (sht_iterator_next("edges")) {
        if ($shtitval(edges) == "edge" && $shtitkey(edges) != "${publicAddress}") {
            sendx("sip:$shtitkey(edges):${sipPort}", "${toCells}", "$mb");
        }
    }
    sht_iterator_end("edges");
}

# Anybody can make up a message that no edge knows, and each goes to all of them: they may be so many a second. Who hears nothing
# repeats a CANCEL or an answer; an ACK follows the next repetition of what it acknowledges.
route[BOUND_HAND_OVER] {
    $var(second) = $TV(s);
    if ($shtinc(rates=>h:$var(second)) > ${handOversPerSecond.all} || $shtinc(rates=>h:$si:$var(second)) > ${handOversPerSecond.source}) {
        prom_counter_inc("edge_rejected", "1", "hand_over_rate");
        drop;
    }
}

route[TAKE_OVER] {
    set_source_address("$(hdr(X-Cellstamp-Handoff){s.tolower})");
    remove_hf("X-Cellstamp-Handoff");
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
    if ($sht(peer=>$si) != "edge") {
        route(STRIP);
    }
    $var(via) = $(hdr(Via)[0]{s.select,1, }{s.select,0,;}{s.select,0,:});
    if ($var(via) != "${publicAddress}" && $sht(peer=>$var(via)) == "edge" && $sht(peer=>$si) != "edge") {
        route(BOUND_HAND_OVER);
        prom_counter_inc("edge_handed_over", "1", "reply");
        append_hf("X-Cellstamp-Handoff: $pr:$si:$sp\\r\\n", "CSeq");
        msg_apply_changes();
        sendx("sip:$var(via):${sipPort}", "${toCells}", "$mb");
        drop;
    }
    if ($sht(peer=>$si) == "edge" && $hdr(X-Cellstamp-Handoff) != $null) {
        set_source_address("$(hdr(X-Cellstamp-Handoff){s.tolower})");
        remove_hf("X-Cellstamp-Handoff");
    }
    # An answer to nothing would go where its next Via leads, which is the sender's to choose.
    if ($sht(peer=>$si) == $null && !t_check_trans()) {
        prom_counter_inc("edge_rejected", "1", "stray_answer");
        drop;
    }
}
`,
  };
}
