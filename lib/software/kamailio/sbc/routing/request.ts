import type { Cell, SbcHost } from '../../../../fleet/derive/cell.ts';
import { readBuffer } from '../../common/connections.ts';
import type { Section } from '../../common/section.ts';
import { selfAddress } from '../call-entry.ts';
import { withCaps } from '../outbound.ts';
import { hasProbe } from '../probe.ts';
import { peerOf } from '../sockets.ts';

/** Every request begins here. */
export function request(cell: Cell, host: SbcHost): Section {
  return {
    title: 'Every request',
    text: `
# Whatever the check refuses is counted before it is dropped.
modparam("sanity", "autodrop", 0)

request_route {
    # From the other SBC, or to the metrics' port.
    if (dst_ip == ${host.address}) {
        route(FROM_PEER);
        ${
          cell.spec.sbc.transports.udp === 'off' && hasProbe(cell)
            ? `# No client comes over UDP: the probe does here.
        if (src_ip != ${selfAddress} || !is_method("INVITE|ACK|BYE")) exit;`
            : 'exit;'
        }
    }
    # From this host itself.
    if (dst_ip == ${selfAddress}) {
        route(FROM_THIS_HOST);
        exit;
    }
    if (ASLEEP) exit;
    if ($shv(leaving) > 0 && is_method("INVITE") && !has_totag()) route(LEAVE_TO_OTHER);
    route(FIND_SOURCE);
    route(SCREEN);
    # The same over UDP as over TCP and TLS, where a longer one does not fit the buffer.
    if ($ml > ${readBuffer}) {
        prom_counter_inc("rejected_total", "1", "oversized");
        if (!is_method("ACK")) sl_send_reply("513", "Message Too Large");
        exit;
    }
    # A message that one of us can't read gets 400 here, once, and is not forwarded. (An edge has looked already.) The length of a body is DESCRIPTION's
    # to judge, and an odd Expires does no harm.
    if ($var(edge) != 1 && !sanity_check("17511", "7")) {
        prom_counter_inc("rejected_total", "1", "malformed");
        exit;
    }
    if ($hdr(Proxy-Require) != $null) route(CHECK_PROXY_REQUIRE);
    force_rport();
    # An edge's repetition has the proof of the first, which is good once: the transaction must know it.
    if ($var(edge) == 1 && !is_method("ACK|CANCEL") && !t_newtran()) exit;
    if (!mf_process_maxfwd_header("10")) {
        send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("CANCEL")) {
        if (!t_check_trans()) route(TAKE_UP_CANCEL);
        if (!t_relay()) sl_reply_error();
        exit;
    }
    # A retransmission ends here, even of a request that another worker is handling or that waits for its relay.
    if ($var(edge) != 1 && (is_method("INVITE") || (has_totag() && !is_method("ACK")))) {
        if (t_precheck_trans()) {
            t_check_trans();
            exit;
        }
        t_check_trans();
    }
    if (has_totag()) {
        route(IN_DIALOG);
        exit;
    }
    if (is_method("INVITE")) {
        route(CALL);
        exit;
    }
    if (is_method("REGISTER")) {
        # A path is an edge's: calls to a registered user would follow it. The registrar reads the message as it came.
        if ($var(edge) == 0 && remove_hf("Path") && !msg_apply_changes()) exit;
        $var(looked_up) = 0;
        route(REGISTER);
        exit;
    }
    if (is_method("OPTIONS")) route(ANSWER_OPTIONS);
    if (is_method("ACK")) exit;
    append_to_reply("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, UPDATE, PRACK, INFO, REFER, NOTIFY\\r\\n");
    send_reply("405", "Method Not Allowed");
}

route[FROM_THIS_HOST] {
    if (is_method("BYE")) route(IN_DIALOG);
    # keepalived: which of the two SBCs is the active one.
    if (is_method("NOTIFY")) {
        if ($rU == "LEAVE") route(LEAVE);
        $shv(active) = 0;
        if ($rU == "MASTER") {
            $shv(active) = 1;
            $shv(leaving) = 0;
            # The other SBC has failed, perhaps with records that it could not deliver.
            $shv(records_left) = 1;
        }
    }
    if (is_method("INFO") && $rU == "calls") route(LIST_CALLS);
}

# Tells keepalived whether this SBC may have the addresses, and its supervisor whether it is ready.
route[ANSWER_OPTIONS] {
    if ($shv(joined) == 1) sl_send_reply("200", "OK");
    else sl_send_reply("503", "Not Ready");
    exit;
}

# What arrives on this host's own address ${host.address}: the other SBC's changes, and its health checks.
route[FROM_PEER] {
    if ($proto != "udp") exit;
    if (is_method("OPTIONS")) route(ANSWER_OPTIONS);
    if ($si != "${peerOf(cell, host).address}") ${cell.spec.sbc.transports.udp === 'off' ? 'return' : 'exit'};
    if (is_method("KDMQ")) route(REPLICATED);
    # What happens to a call there, at this moment.
    if (is_method("PUBLISH")) {
        $var(body) = $rb;
        $var(i) = 0;
        if (!route(READ_FORMAT)) {
            # It is alive, and learns that we are.
            $shv(heard) = $TV(sn);
            exit;
        }
        route(TAKE_LINES);
    }
}

# An extension that a proxy must support, and this one doesn't (RFC 3261, section 16.3). It supports privacy (RFC 3323).
route[CHECK_PROXY_REQUIRE] {
    if (is_method("ACK|CANCEL") || $hdr(Proxy-Require) =~ "^ *privacy *$") return;
    prom_counter_inc("rejected_total", "1", "unknown_extension");
    append_to_reply("Unsupported: $hdr(Proxy-Require)\\r\\n");
    sl_send_reply("420", "Bad Extension");
    exit;
}

# Refuses the current request, releases what the call holds, and counts.
# In: $var(code), $var(phrase), $var(reason).
route[REFUSE] {
    if ($var(holds_tenant) == 1) {
        $var(held) = $var(name);
        route(UNCOUNT_TENANT);
    }
    if ($(var(holds_trunk){s.len}) > 0) $var(n) = $shtdec(load=>k:$var(holds_trunk));
    if ($avp(m) != $null && $avp(probe) == $null) $var(n) = $shtdec(load=>m:$avp(m));${withCaps(cell, '\n    if ($var(metered) == 1) route(UNMETER);')}
    # A repetition of an authenticated request gets the same answer, because its digest is valid once.
    if ($var(logged_in) == 1) t_newtran();
    if ($avp(probe) == $null) {
        prom_counter_inc("rejected_total", "1", "$var(reason)");
        route(NOTE_REFUSAL);
    }
    send_reply("$var(code)", "$var(phrase)");
    exit;
}

# The whole cell takes no calls for a moment. A 503 applies to all calls: a carrier that gets one stays away for as long as
# Retry-After asks (RFC 3261, section 21.5.4). In: $var(reason), $var(wait) in seconds.
route[REFUSE_BUSY] {
    append_to_reply("Retry-After: $var(wait)\\r\\n");
    $var(code) = 503;
    $var(phrase) = "Service Unavailable";
    route(REFUSE);
}

# A limit of one tenant, one trunk or the features, not of the cell. Other calls continue, and the caller's side must not assume
# otherwise. Reason has the cause for an exchange or a carrier (RFC 6432). In: $var(code), $var(phrase), $var(reason),
# $var(q850), the cause by ITU-T Q.850; $var(wait) in seconds.
route[REFUSE_AT_LIMIT] {
    append_to_reply("Retry-After: $var(wait)\\r\\nReason: Q.850;cause=$var(q850);text=\\"$var(reason)\\"\\r\\n");
    route(REFUSE);
}

# The same where neither the caller nor the callee is busy, but something between them. In: $var(reason), $var(q850), $var(wait).
route[REFUSE_FOR_NOW] {
    $var(code) = 480;
    $var(phrase) = "Temporarily Unavailable";
    route(REFUSE_AT_LIMIT);
}
`,
  };
}
