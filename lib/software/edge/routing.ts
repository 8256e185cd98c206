/**
 * The routing script of an edge. It finds the tenant's cell in shared memory, pins the dialog to this edge's own unicast
 * address, and hands what the network delivered to the wrong edge over to the right one.
 *
 * An edge keeps no dialog and no registration: only the transactions in progress.
 */
import type { EdgeHost, Front } from '../../front/front.ts';
import { edgePorts } from '../../front/ports.ts';
import { late } from '../host-config.ts';
import { values } from '../values.ts';

const publicAddress = late(values.publicAddress.name);

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

/** UDP port at which an edge speaks with cells and other edges, on its unicast side. */
export function cellSipPort(front: Front): number {
  const { udp } = front.spec.edge.transports;
  return udp === 'off' ? edgePorts.cellSip : udp;
}

export function listenLines(front: Front, edge: EdgeHost): string {
  const { udp, tcp, tls } = front.spec.edge.transports;
  const pair = (protocol: string, port: number) =>
    [
      `listen=${protocol}:${edge.address}:${port} advertise ${publicAddress}:${port} name "${protocol}-anycast"`,
      `listen=${protocol}:${edge.unicastSide}:${port} advertise ${publicAddress}:${port} name "${protocol}-unicast"`,
    ].join('\n');
  return [
    udp === 'off' ? '' : pair('udp', udp),
    tcp === 'off' ? '' : pair('tcp', tcp),
    tls === 'off' ? '' : pair('tls', tls),
    // Cells are always reached over UDP from the unicast side; without public UDP this socket is for them alone.
    udp === 'off'
      ? `listen=udp:${edge.unicastSide}:${edgePorts.cellSip} advertise ${publicAddress}:${edgePorts.cellSip}`
      : '',
  ]
    .filter(Boolean)
    .join('\n');
}

export function routingScript(front: Front, edge: EdgeHost): string {
  const sipPort = cellSipPort(front);
  const toCells = `udp:${edge.unicastSide}:${sipPort}`;
  const toClients = `udp:${edge.address}:${sipPort}`;
  return `
# ---------------------------------------------------------------------------------------------------------------------------
# Every request
# ---------------------------------------------------------------------------------------------------------------------------
request_route {
    # What another edge handed over carries the client's address, because the network gave the message to the wrong edge.
    if ($sht(peer=>$si) == "edge" && $hdr(X-Cellstamp-Handoff) != $null) {
        route(TAKE_OVER);
        exit;
    }
    route(SCREEN);
    # Answers go back to where a request came from, whatever its Via says.
    force_rport();

    if (is_method("CANCEL")) {
        if (t_check_trans()) {
            route(RELAY);
        }
        if ($sht(peer=>$si) != $null) {
            sl_send_reply("481", "Call Does Not Exist");
            exit;
        }
        # Not ours: the INVITE came in through another edge. Answer here, where the client's NAT lets the answer through.
        sl_send_reply("200", "Cancelling");
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

    if ($sht(peer=>$si) == "cell") {
        route(TO_CLIENT);
        exit;
    }
    route(FROM_CLIENT);
}

# Junk ends here, before any transaction exists. Floods are already dropped in the kernel (cellstamp-flood-guard).
route[SCREEN] {
    if ($sht(peer=>$si) != $null) {
        return;
    }
    # Spec: edge.flood.longestMessage
    if ($ml > ${front.spec.edge.flood.longestMessage}) {
        prom_counter_inc("edge_rejected", "1", "oversized");
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
}

# ---------------------------------------------------------------------------------------------------------------------------
# New requests from clients: find the cell, pin the dialog
# ---------------------------------------------------------------------------------------------------------------------------
route[FROM_CLIENT] {
    # A client's own route set must not steer us, and nobody but an edge may claim a source.
    remove_hf("Route");
    remove_hf("X-Cellstamp-Source");
    remove_hf("X-Cellstamp-Handoff");

    if (is_method("OPTIONS") && $rU == $null) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (!is_method("INVITE|REGISTER|MESSAGE|SUBSCRIBE|PUBLISH|OPTIONS|INFO|NOTIFY|REFER")) {
        append_to_reply("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO, UPDATE\\r\\n");
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    route(FIND_CELL);
    route(PIN);
    $fs = "${toCells}";
    append_hf("X-Cellstamp-Source: $pr:$si:$sp\\r\\n");
    route(SEND_TO_CELL);
}

# Which tenant, then which cell: three look-ups in shared memory at most, however many tenants there are.
route[FIND_CELL] {
    # Whoever is known by its address, or calls a number, has an address of its own: it is reached from the unicast side, which
    # needs no flow that is kept open. A phone is reached from the side that it talks to, which its NAT lets through.
    $avp(side) = "u";
    $vn(tenant) = $sht(route=>s:$si);
    if ($vn(tenant) == $null) {
        $var(domain) = $(rd{s.tolower});
        $vn(tenant) = $sht(route=>d:$var(domain));
        if ($vn(tenant) != $null && $Ri == "${edge.address}") {
            $avp(side) = "a";
        }
    }
    if ($vn(tenant) == $null && $rU =~ "^[+]?[0-9]+$") {
        $var(number) = $rU;
        if ($var(number) =~ "^00") {
            $var(number) = "+" + $(var(number){s.strip,2});
        } else if (!($var(number) =~ "^[+]")) {
            $var(number) = "+" + $var(number);
        }
        $vn(tenant) = $sht(route=>n:$var(number));
    }
    if ($vn(tenant) == $null) {
        prom_counter_inc("edge_rejected", "1", "unknown_tenant");
        sl_send_reply("404", "Unknown Tenant");
        exit;
    }
    $var(place) = $sht(tenant=>$vn(tenant));
    $avp(cell) = $(var(place){param.value,cell});
    $avp(other) = $(var(place){param.value,other});
    # A cell that is being emptied takes no new registration where the directory offers another cell.
    if (is_method("REGISTER") && $avp(other) != "") {
        $var(state) = $(sht(cell=>$avp(cell)){param.value,state});
        if ($var(state) == "cordoned" || $var(state) == "draining") {
            $avp(cell) = $avp(other);
        }
    }
}

# Everything that follows in this dialog comes back to this edge, whatever becomes of the anycast route.
# s: the side from which the client is reached. c: the client's address as we see it (behind its NAT).
route[PIN] {
    if (is_method("REGISTER")) {
        append_hf("Path: <sip:${publicAddress}:${sipPort};lr;s=$avp(side);c=$si~$sp~$(pr{s.tolower})>\\r\\n");
        append_hf("Supported: path\\r\\n");
        return;
    }
    $fs = "${toCells}";
    add_rr_param(";s=$avp(side)");
    record_route();
    if (is_method("INVITE|SUBSCRIBE|UPDATE|REFER")) {
        add_contact_alias();
    }
}

route[SEND_TO_CELL] {
    $var(set) = $(sht(cell=>$avp(cell)){param.value,set}{s.int});
    if (!ds_select_dst("$var(set)", "8")) {
        prom_counter_inc("edge_rejected", "1", "cell_unreachable");
        append_to_reply("Retry-After: 5\\r\\n");
        send_reply("503", "Cell Unreachable");
        exit;
    }
    # The cell answers 100 at once; three seconds of silence are a dead SBC.
    t_set_fr(180000, 3000);
    t_on_failure("CELL_FAILED");
    t_on_reply("FROM_CELL");
    prom_counter_inc("edge_requests", "1", "$rm");
    route(RELAY);
}

failure_route[CELL_FAILED] {
    if (t_is_canceled()) {
        exit;
    }
    if (t_check_status("503") || (t_branch_timeout() && !t_branch_replied())) {
        if (ds_next_dst()) {
            t_on_failure("CELL_FAILED");
            t_set_fr(180000, 3000);
            t_relay();
            exit;
        }
    }
    # The tenant is moving: who has not registered in the new cell yet is still reached in the other. Not for who has logged in:
    # the other cell would ask again, and again the first.
    if (is_method("INVITE") && t_check_status("404|480") && $avp(other) != "" && $hdr(Proxy-Authorization) == $null) {
        $var(set) = $(sht(cell=>$avp(other)){param.value,set}{s.int});
        $avp(other) = "";
        if (ds_select_dst("$var(set)", "8")) {
            t_on_failure("CELL_FAILED");
            t_set_fr(180000, 3000);
            t_relay();
            exit;
        }
    }
    # Left to itself, a proxy says 500 for 503 and 408 for silence.
    if (t_check_status("503") || (t_branch_timeout() && !t_branch_replied())) {
        append_to_reply("Retry-After: 5\\r\\n");
        t_reply("503", "Service Unavailable");
    }
}

onreply_route[FROM_CELL] {
    route(NOTE_DIALOG);
}

# For operators alone: which calls are pinned here. Nothing is routed by it.
route[NOTE_DIALOG] {
    if ($rm == "INVITE" && $rs >= 200 && $rs < 300) {
        $sht(pinned=>$ci) = 1;
    }
}

# ---------------------------------------------------------------------------------------------------------------------------
# New requests from a cell to a registered client: the Path of its registration says how
# ---------------------------------------------------------------------------------------------------------------------------
route[TO_CLIENT] {
    $avp(side) = $(route_uri{uri.param,s});
    $var(client) = $(route_uri{uri.param,c});
    if ($var(client) == "" || $(route_uri{uri.host}) != "${publicAddress}") {
        sl_send_reply("404", "No Such Client");
        exit;
    }
    # Takes our Route away; it says false where no other follows.
    loose_route();
    route(ADDRESS_CLIENT);
    # A connection that the client made can't be made from here.
    set_forward_no_connect();
    if (!is_method("OPTIONS")) {
        add_rr_param(";s=$avp(side)");
        record_route();
    }
    t_on_reply("FROM_CLIENT");
    t_set_fr(180000, 8000);
    route(RELAY);
}

# $var(client) is ADDRESS~PORT~PROTOCOL.
route[ADDRESS_CLIENT] {
    $var(proto) = $(var(client){s.select,2,~});
    $du = "sip:" + $(var(client){s.select,0,~}) + ":" + $(var(client){s.select,1,~}) + ";transport=" + $var(proto);
    route(CHOOSE_SIDE);
}

# Over UDP the client's NAT admits only the address that it talks to.
route[CHOOSE_SIDE] {
    $var(proto) = $(du{uri.transport});
    if ($var(proto) == "" || $var(proto) == "udp") {
        if ($avp(side) == "a") {
            $fs = "${toClients}";
        } else {
            $fs = "${toCells}";
        }
    } else {
        # Over the client's connection, whichever side it is on: the Route names both, and would be taken for the first.
        $fs = $null;
    }
}

onreply_route[FROM_CLIENT] {
    route(NOTE_DIALOG);
    if (is_method("INVITE|SUBSCRIBE|UPDATE") && $hdr(Contact) != $null) {
        add_contact_alias();
    }
}

# ---------------------------------------------------------------------------------------------------------------------------
# Requests inside a dialog
# ---------------------------------------------------------------------------------------------------------------------------
route[IN_DIALOG] {
    if ($route_uri != $null) {
        $avp(side) = $(route_uri{uri.param,s});
    }
    if (!loose_route()) {
        if (is_method("ACK")) {
            # The ACK of a failed INVITE goes where the INVITE went, which may be another edge by now.
            route(HAND_OVER);
            exit;
        }
        sl_send_reply("404", "Not Here");
        exit;
    }
    if (is_method("BYE")) {
        $sht(pinned=>$ci) = $null;
    }
    if ($sht(peer=>$si) == "cell") {
        if ($du == $null) {
            handle_ruri_alias();
        }
        if ($du == $null) {
            $du = $ru;
        }
        set_forward_no_connect();
        route(CHOOSE_SIDE);
        t_on_reply("FROM_CLIENT");
    } else {
        # Towards cells only: an edge relays for nobody else.
        $vn(next) = $dd;
        if ($vn(next) == $null) {
            $vn(next) = $rd;
        }
        if ($sht(peer=>$vn(next)) != "cell") {
            prom_counter_inc("edge_rejected", "1", "relay_denied");
            if (!is_method("ACK")) {
                sl_send_reply("403", "Not Relayed");
            }
            exit;
        }
        $fs = "${toCells}";
        if (is_method("INVITE|UPDATE|SUBSCRIBE|REFER")) {
            add_contact_alias();
        }
    }
    route(RELAY);
}

route[RELAY] {
    if (!t_relay()) {
        sl_reply_error();
    }
    exit;
}

# ---------------------------------------------------------------------------------------------------------------------------
# Hand-over between edges: CANCEL and the ACK of a failed INVITE have no route set, and a response follows the Via; after a
# change of the anycast route they reach an edge that does not know them
# ---------------------------------------------------------------------------------------------------------------------------
route[HAND_OVER] {
    # Loop guard: what was handed over once is never handed over again (see TAKE_OVER), and only clients' messages are.
    if ($sht(peer=>$si) != $null) {
        exit;
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
    $var(via) = $(hdr(Via)[0]{s.select,1, }{s.select,0,;}{s.select,0,:});
    if ($var(via) != "${publicAddress}" && $sht(peer=>$var(via)) == "edge" && $sht(peer=>$si) != "edge") {
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
}
`;
}
