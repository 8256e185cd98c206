/**
 * The routing script of an edge. It finds the tenant's cell in shared memory, pins the dialog to this edge's own unicast
 * address, and hands what the network delivered to the wrong edge over to the right one.
 *
 * An edge keeps no dialog and no registration: only the transactions in progress.
 */
import type { Front } from '../../../fleet/derive/front.ts';
import { proofHeader, sourceHeader } from '../common/edge-proof.ts';
import type { Section } from '../common/section.ts';
import { handOverHeader } from './hand-over.ts';

/** Tools that scan for open SIP servers name themselves; a phone never has these names. */
const scanners = [
  'friendly-scanner',
  'sipvicious',
  'sipcli',
  'sundayddr',
  'sip-scan',
  'smap',
  'iWar',
  'VaxSIPUserAgent',
  'pplsip',
];

/** Every request begins here. */
export function request(front: Front): Section {
  return {
    title: 'Every request',
    text: `
request_route {
    # cell, edge, or nothing for a client. It is no more than a claim: a source address can be forged. An edge proves what it hands
    # over, and a cell's request goes to nobody but a client whose address an edge has proved (see CHECK_CLIENT).
    $vn(peer) = $sht(peer=>$si);
    if ($vn(peer) == "edge") {
        route(TAKE_OVER);
        exit;
    }
    if ($vn(peer) == $null) {
        route(SCREEN);
    }
    # Answers go back to where a request came from, whatever its Via says.
    force_rport();

    if (is_method("CANCEL")) {
        if (t_check_trans()) {
            route(RELAY);
        }
        # A cell's cancels an INVITE that it sent through this edge, or nothing.
        if ($vn(peer) == "cell") {
            exit;
        }
        # Not ours: the INVITE came in through another edge.
        route(HAND_OVER);
        exit;
    }
    if (is_method("ACK")) {
        # The ACK of a refusal ends here if its INVITE came this way.
        t_check_trans();
    }
    if (has_totag()) {
        route(IN_DIALOG);
        exit;
    }
    if (is_method("ACK")) {
        exit;
    }
    # Retransmissions end here.
    if (t_precheck_trans()) {
        t_check_trans();
        exit;
    }
    t_check_trans();

    if ($vn(peer) == "cell") {
        route(TO_CLIENT);
        exit;
    }
    route(FROM_CLIENT);
}

# Junk ends here, before any transaction exists. Floods are already dropped in the kernel (cellstamp-flood-guard).
route[SCREEN] {
    if ($pr != "udp") {
        route(COUNT_STREAM);
    }
    # Spec: edge.flood.longestMessage
    if ($ml > ${front.spec.edge.flood.longestMessage}) {
        prom_counter_inc("edge_rejected", "1", "oversized");
        if (!is_method("ACK")) sl_send_reply("513", "Message Too Large");
        exit;
    }
    if ($ua =~ "${scanners.join('|')}") {
        prom_counter_inc("edge_rejected", "1", "scanner");
        exit;
    }
    if (!sanity_check("17895", "7")) {
        prom_counter_inc("edge_rejected", "1", "malformed");
        exit;
    }
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    route(STRIP);
}

# What edges and cells tell one another is for nobody else to say: cells send calls where a Path leads, and count what a source
# does.
route[STRIP] {
    remove_hf("Path");
    remove_hf("${sourceHeader}");
    remove_hf("${proofHeader}");
    remove_hf("${handOverHeader}");
}
`,
  };
}
