/** New requests from clients: which cell, by way of which address of this edge, and what happens when a cell fails. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { emergencyNumbers } from '../../../fleet/countries.ts';
import { sourceHeader } from '../common/edge-proof.ts';
import type { Section } from '../common/section.ts';
import { pathBound } from './proofs.ts';
import { cellSipPort, publicAddress, sendingSockets } from './sockets.ts';

/** Seconds for which a drained edge sends clients away. */
const drainedRetryAfter = 40;

export function fromClients(front: Front, edge: EdgeHost): Section {
  const sipPort = cellSipPort(front);
  const { toCells } = sendingSockets(front, edge);
  return {
    title: 'New requests from clients: find the cell, pin the dialog',
    text: String.raw`
route[FROM_CLIENT] {
    # After a restart, until the directory agent has told which addresses are cells': a cell's request has the Path of a registration
    # for its Route. It is not answered as a client's would be; the cell repeats it.
    if ($sht(agent=>loaded) == $null && $(route_uri{uri.param,c}) =~ "~") exit;
    # A client's own route set must not steer us.
    remove_hf("Route");

    if (is_method("OPTIONS") && $rU == $null) {
        route(TELL_HEALTH);
        exit;
    }
    if (!is_method("INVITE|REGISTER|MESSAGE|SUBSCRIBE|PUBLISH|OPTIONS|INFO|NOTIFY|REFER")) {
        append_to_reply("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO, UPDATE\r\n");
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    route(DRAINED);
    route(FIND_CELL);
    append_hf("${sourceHeader}: $pr:$si:$sp\r\n");
    route(PIN);
    route(SEND_TO_CELL);
}

# Whether new calls may come here: cellstamp-edge-health asks it for the world-wide entry, exchanges and phones ask it for themselves.
route[TELL_HEALTH] {
    if ($sht(agent=>loaded) == $null) {
        append_to_reply("Retry-After: 5\r\n");
        sl_send_reply("503", "Not Ready");
    } else if ($sht(agent=>draining) != $null) {
        append_to_reply("Retry-After: ${drainedRetryAfter}\r\n");
        sl_send_reply("503", "Draining");
    } else {
        sl_send_reply("200", "OK");
    }
}

# A drained edge begins nothing new, once the entry has had time to send it elsewhere. What belongs to a call that is up goes on: a
# transfer (RFC 3891, RFC 3892). So does the end of a registration, or the phone would go on ringing. An emergency call is never sent away.
route[DRAINED] {
    if ($sht(agent=>draining) == $null || $TV(s) < $sht(agent=>draining)) {
        return;
    }
    if (route(IS_EMERGENCY_CALL)) {
        return;
    }
    if (is_method("INVITE") && ($hdr(Replaces) != $null || $hdr(Referred-By) != $null || $hdr(b) != $null)) {
        return;
    }
    if (is_method("REGISTER") && ($hdr(Expires) == "0" || $hdr(Contact) =~ ";[ ]*expires[ ]*=[ ]*0+[ ]*(;|,|$)")) {
        return;
    }
    prom_counter_inc("edge_rejected", "1", "drained");
    # Longer than the 30 s for which Global Accelerator remembers a silent flow: the next one leads to another edge.
    append_to_reply("Retry-After: ${drainedRetryAfter}\r\n");
    sl_send_reply("503", "Draining");
    exit;
}

# True: it calls a number that is one of emergency services somewhere, or a service (RFC 5031). The number is read as a cell reads it, without
# its parameters.
route[IS_EMERGENCY_CALL] {
    if (!is_method("INVITE") || $rU == $null) return -1;
    if ($ru =~ "^urn:service:sos") return 1;
    $var(dialled) = $(rU{s.unescape.user}{s.select,0,;});
    if ($var(dialled) =~ "^(${emergencyNumbers.join('|')})$") return 1;
    return -1;
}

# Which tenant, then which cell: three look-ups in shared memory at most, for an emergency call six, however many tenants there are.
route[FIND_CELL] {
    # Whoever is known by its address, or calls a number, has an address of its own: it is reached from the unicast side, which
    # needs no flow that is kept open. A phone is reached from the side that it talks to, which its NAT lets through.
    $avp(side) = "u";
    $vn(tenant) = $sht(route=>s:$si);
    if ($vn(tenant) == $null) {
        $var(domain) = $(rd{s.tolower});
        # What Kamailio takes for the host of a URN is the service.
        if ($ru =~ "^urn:") $var(domain) = "";
        $vn(tenant) = $sht(route=>d:$var(domain));
        if ($vn(tenant) == $null && route(IS_EMERGENCY_CALL)) route(FIND_CALLER);
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
        if ($sht(agent=>loaded) == $null) {
            # After a restart, until the directory agent has told all tenants: nobody is unknown yet, and another edge may know.
            prom_counter_inc("edge_rejected", "1", "not_loaded");
            append_to_reply("Retry-After: 5\r\n");
            sl_send_reply("503", "Not Ready");
            exit;
        }
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

# An emergency call has no domain (tel:112, urn:service:sos), or any: whose it is says the caller. As in the cell: From, or of a caller that is
# anonymous what it prefers to be called (RFC 3325, section 9.2), or what it logs in to. Out: $vn(tenant), null if nothing names one.
route[FIND_CALLER] {
    $var(domain) = $(fd{s.tolower});
    $vn(tenant) = $sht(route=>d:$var(domain));
    if ($vn(tenant) == $null && $hdr(P-Preferred-Identity) != $null) {
        $var(domain) = $(hdr(P-Preferred-Identity){nameaddr.uri}{uri.host}{s.tolower});
        $vn(tenant) = $sht(route=>d:$var(domain));
    }
    if ($vn(tenant) == $null && $ar != $null) {
        $var(domain) = $(ar{s.tolower});
        $vn(tenant) = $sht(route=>d:$var(domain));
    }
}

# Everything that follows in this dialog comes back to this edge, whatever becomes of the anycast route.
# s: the side from which the client is reached. c: the client's address as we see it (behind its NAT), with our proof.
route[PIN] {
    if (is_method("REGISTER")) {
        $var(bound) = ${pathBound};
        route(PROVE_CLIENT);
        append_hf("Path: <sip:${publicAddress}:${sipPort};lr;s=$avp(side);c=$var(client)>\r\n");
        append_hf("Supported: path\r\n");
    } else {
        route(MARK_CONTACT);
    }
    # The proof is made of what the cell reads. Record-Route, which it does not act on, can only be added behind this.
    if (!msg_apply_changes()) {
        sl_send_reply("500", "Server Internal Error");
        exit;
    }
    $fs = "${toCells}";
    if (!is_method("REGISTER")) {
        add_rr_param(";s=$avp(side)");
        record_route();
    }
}

route[SEND_TO_CELL] {
    $var(set) = $(sht(cell=>$avp(cell)){param.value,set}{s.int});
    if (!ds_select_dst("$var(set)", "8")) {
        prom_counter_inc("edge_rejected", "1", "cell_unreachable");
        append_to_reply("Retry-After: 5\r\n");
        send_reply("503", "Cell Unreachable");
        exit;
    }
    # The cell answers 100 at once; three seconds of silence are a dead SBC.
    t_set_fr(180000, 3000);
    t_on_failure("CELL_FAILED");
    t_on_branch("PROVE");
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
            t_on_branch("PROVE");
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
            t_on_branch("PROVE");
            t_on_failure("CELL_FAILED");
            t_set_fr(180000, 3000);
            t_relay();
            exit;
        }
    }
    # Left to itself, a proxy says 500 for 503 and 408 for silence.
    if (t_check_status("503") || (t_branch_timeout() && !t_branch_replied())) {
        append_to_reply("Retry-After: 5\r\n");
        t_reply("503", "Service Unavailable");
    }
}

onreply_route[FROM_CELL] {
    route(KEEP_CLIENT);
    route(NOTE_DIALOG);
}

# For operators alone: which calls are pinned here. Nothing is routed by it.
route[NOTE_DIALOG] {
    if ($rm == "INVITE" && $rs >= 200 && $rs < 300 && $sht(hung_up=>$ci) == $null) {
        $sht(pinned=>$ci) = 1;
    }
}
`,
  };
}
