import type { Cell, SbcHost } from '../../../../cell/cell.ts';
import type { Section } from '../../common/section.ts';
import { selfAddress } from '../call-entry.ts';

/** Every request begins here. */
export function request(cell: Cell, host: SbcHost): Section {
  return {
    title: 'Every request',
    text: `
request_route {
    # From the other SBC, or to the metrics' port.
    if ($Ri == "${host.address}") {
        route(FROM_PEER);
        exit;
    }
    # From this host itself.
    if ($Ri == "${selfAddress}") {
        if (is_method("BYE")) route(IN_DIALOG);
        # keepalived: which of the two SBCs is the active one.
        if (is_method("NOTIFY")) {
            $shv(active) = 0;
            if ($rU == "MASTER") $shv(active) = 1;
        }
        if (is_method("INFO") && $rU == "calls") route(LIST_CALLS);
        exit;
    }
    route(FIND_SOURCE);
    route(SCREEN);
    force_rport();
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("CANCEL")) {
        if (!t_check_trans()) route(TAKE_UP_CANCEL);
        if (!t_relay()) sl_reply_error();
        exit;
    }
    if (has_totag()) {
        route(IN_DIALOG);
        exit;
    }
    if (is_method("INVITE")) {
        # A retransmission ends here.
        if (t_precheck_trans()) {
            t_check_trans();
            exit;
        }
        t_check_trans();
        route(CALL);
        exit;
    }
    if (is_method("REGISTER")) {
        $var(looked_up) = 0;
        route(REGISTER);
        exit;
    }
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("ACK")) exit;
    append_to_reply("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, UPDATE, PRACK, INFO, REFER, NOTIFY\\r\\n");
    sl_send_reply("405", "Method Not Allowed");
}

# What arrives on this host's own address ${host.address}: the other SBC's changes, and its question whether we are there.
route[FROM_PEER] {
    if ($proto != "udp") exit;
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("KDMQ") && ($si == "${cell.sbcs[0].address}" || $si == "${cell.sbcs[1].address}")) {
        route(REPLICATED);
    }
}

# Refuses the request of the moment, gives back what the call holds, and counts.
# In: $var(code), $var(phrase), $var(reason).
route[REFUSE] {
    if ($var(holds_tenant) == 1) {
        $var(held) = $var(name);
        route(UNCOUNT_TENANT);
    }
    if ($var(holds_trunk) != "") $var(n) = $shtdec(load=>k:$var(holds_trunk));
    if ($avp(m) != $null) $var(n) = $shtdec(load=>m:$avp(m));
    # A repetition of what a user proved to have sent gets the same answer: its digest is good once.
    if ($var(logged_in) == 1) t_newtran();
    prom_counter_inc("rejected_total", "1", "$var(reason)");
    send_reply("$var(code)", "$var(phrase)");
    exit;
}

# The same for what may work a little later. In: $var(reason), $var(wait) in seconds.
route[REFUSE_BUSY] {
    append_to_reply("Retry-After: $var(wait)\\r\\n");
    $var(code) = 503;
    $var(phrase) = "Service Unavailable";
    route(REFUSE);
}
`,
  };
}
