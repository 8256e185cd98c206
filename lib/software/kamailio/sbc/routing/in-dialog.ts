import type { Cell } from '../../../../cell/cell.ts';
import { insideRanges } from '../../../../cell/inside.ts';
import { internalPorts } from '../../../../spec/fixed.ts';
import { late } from '../../../host-config.ts';
import { values } from '../../../values.ts';
import type { Section } from '../../common/section.ts';

/** What nobody outside may have anything sent to, as a list of ranges. */
export function inside(cell: Cell): string {
  return insideRanges(cell).join(',');
}

/**
 * Requests inside a call. They carry all that is needed to route them (Record-Route with the floating addresses, the media
 * host's number, a proof), so that either SBC can handle them.
 */
export function inDialog(cell: Cell): Section {
  return {
    title: 'Requests inside a call',
    text: `
modparam("rr", "enable_full_lr", 0)
modparam("rr", "enable_double_rr", 1)
modparam("rr", "append_fromtag", 1)

# What the Record-Route header of a call carries: m, the media host, and k, the proof that this cell set the call up.
route[PROOF] {
    $var(proof) = $ci + "|" + $var(m) + "|${late(values.digestSecret.name)}";
    $var(proof) = $(var(proof){s.md5}{s.substr,0,16});
}

route[IN_DIALOG] {
    if (is_method("ACK") && t_check_trans()) {
        # The ACK of a refusal stays here.
        t_relay();
        exit;
    }
    $var(m) = $(route_uri{uri.param,m});
    $var(k) = $(route_uri{uri.param,k});
    if ($var(m) == "" || !loose_route()) {
        if (is_method("ACK")) exit;
        prom_counter_inc("rejected_total", "1", "no_route");
        sl_send_reply("481", "Call Does Not Exist");
        exit;
    }
    route(PROOF);
    if ($var(proof) != $var(k)) {
        prom_counter_inc("rejected_total", "1", "forged_route");
        if (!is_method("ACK")) sl_send_reply("403", "Forbidden");
        exit;
    }
    $var(m) = $(var(m){s.int});
    if ($du == $null) handle_ruri_alias();
    route(CHECK_NEXT_HOP);
    # Phones repeat their credentials inside a call; the other side could try passwords on them.
    remove_hf("Proxy-Authorization");
    remove_hf("Authorization");
    route(CHECK_DESCRIPTION);
    t_on_reply("IN_DIALOG_REPLY");

    if (is_method("BYE")) {
        route(HANG_UP);
    } else if (is_method("INVITE|UPDATE")) {
        route(ALIAS_CONTACT);
        # Both SBCs know every call. One that has ended is counted no more: its media must not come back.
        if ($shv(synced) == 1 && $sht(calls=>$ci) == $null) {
            prom_counter_inc("rejected_total", "1", "ended_call");
            sl_send_reply("481", "Call Does Not Exist");
            exit;
        }
        $avp(m) = $var(m);
        if ($var(description) == 0) {
            $avp(late_offer) = 1;
        } else if (!route(OFFER_AGAIN)) {
            sl_send_reply("503", "Media Relay Unavailable");
            exit;
        }
    } else if (is_method("ACK|PRACK") && $var(description) == 1) {
        # The answer to an offer that came in a response.
        $avp(m) = $var(m);
        $avp(late_offer) = 0;
        if (!route(ANSWER)) exit;
    }
    if (!t_relay()) sl_reply_error();
    exit;
}

# An address that a caller wrote into a header must not lead into the cell's own network, this host, or the cloud's metadata; but
# for FreeSWITCH's leg.
route[CHECK_NEXT_HOP] {
    if ($Ri == "${cell.overlayAddress}") return;
    # Whoever has a name in its Contact is reached by the address that it spoke from (ALIAS_CONTACT): no worker waits for DNS.
    if (!is_ip("$nh(d)")) {
        prom_counter_inc("rejected_total", "1", "named_address");
        if (!is_method("ACK")) sl_send_reply("403", "Forbidden");
        exit;
    }
    if (!is_in_subnet("$nh(d)", "${inside(cell)}")) return;
    if ($nh(p) == ${internalPorts.freeswitchSip} && $fs != $null && $fs =~ "${cell.overlayAddress}") return;
    prom_counter_inc("rejected_total", "1", "inward_address");
    if (!is_method("ACK")) sl_send_reply("403", "Forbidden");
    exit;
}

onreply_route[IN_DIALOG_REPLY] {
    if ($rs < 300 && is_method("INVITE|UPDATE")) route(ALIAS_CONTACT);
    route(CHECK_ANSWER);
}

# A phone behind NAT: its Contact leads nowhere, the address that its message came from does. Carriers and exchanges mean what
# they say, but for names, which would have to be resolved in the middle of a call.
route[ALIAS_CONTACT] {
    if ($Ri == "${cell.overlayAddress}") return;
    # An edge has done so.
    if ($sht(edges=>$si) != $null) return;
    $var(address) = $si;
    route(OWNER);
    if ($vn(owner) != $null && is_ip("$(ct{nameaddr.uri}{uri.host})")) return;
    set_contact_alias();
}
`,
  };
}
