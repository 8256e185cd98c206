import type { Cell, SbcHost } from '../../../../fleet/derive/cell.ts';
import { withAccounts } from '../accounts.ts';
import type { Section } from '../../common/section.ts';
import { ofCall, ofSide } from '../call-entry.ts';
import { sockets } from '../sockets.ts';
import { inside } from './in-dialog.ts';

/**
 * Calls that were being set up through the other SBC when it died. Their transactions died with it; the entry of a call says enough
 * to bring an answer to the caller, and a CANCEL to the callee.
 */
export function takeOver(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const publicUdp = listen.public.find(({ protocol }) => protocol === 'udp')?.name ?? listen.overlay;
  return {
    title: 'Calls that rang when the other SBC died',
    text: String.raw`
# An answer without a transaction would go where its next Via leads, which its sender chooses. But an answer to an INVITE that went through
# the other SBC, which has died since, is still expected by its caller. It comes from where that INVITE went, and goes where it came from.
reply_route {
    if (dst_ip != ${host.address} && ASLEEP) drop;
    if (t_check_trans()) {
        # A carrier answers over a connection that we have opened.
        if (proto != UDP) route(KEEP_CLIENT);
        return;
    }
    # Of a phone, to a keepalive: we had asked.
    if ($sel(via[2].host) == $null) drop;
    if ($rm != "INVITE" || $rs < 101) {
        route(DROP_STRAY);
        drop;
    }
    route(NAME_CALL);
    $vn(caller) = $sht(sides=>$var(id));${withAccounts(cell, '\n    if ($vn(caller) == $null) route(NAME_CHALLENGED_CALL);')}
    if ($vn(caller) == $null || $sht(foreign=>$var(id)) == $null) {
        route(DROP_STRAY);
        drop;
    }
    $vn(call) = $sht(calls=>$var(id));
    if ($rs >= 300) route(ACKNOWLEDGE);
    if ($vn(call) == $null || ${ofCall('answered')} != "" && ${ofCall('answeredBy')} != $tt) drop;
    $vn(sent) = $sht(sent=>$var(id));
    $var(from) = "[|]udp:" + $si + ":";
    if ($pr == "udp" && !($vn(sent) =~ $var(from))) {
        route(DROP_STRAY);
        drop;
    }
    # Of several phones that ring, one that refuses the call does not decide for the others.
    if ($rs >= 300 && ${ofCall('leg')} == "-") drop;
    $var(back) = $sel(via[2].host);
    if ($sel(via[2].received) != $null) $var(back) = $sel(via[2].received);
    $var(peer) = ${ofSide('peer', 'vn(caller)')};
    if ($var(back) != $(var(peer){s.select,1,:}) || $sel(via[2].params.maddr) != $null) {
        route(DROP_STRAY);
        drop;
    }
    prom_counter_inc("taken_over_total", "1", "answer");
    $avp(m) = $(vn(call){s.select,2,|}{s.int});
    $avp(id) = $var(id);${withAccounts(cell, '\n    route(COUNT_AS_CALLER);')}
    $var(branch) = "";
    if (${ofCall('leg')} == "-") {
        $avp(forks) = 1;
        $var(branch) = $sel(via[1].params.branch);
        $var(branch) = $(var(branch){s.select,2,.});
    }
    $var(relayed) = $var(id) + ${ofCall('leg')} + $var(branch);
    if ($rs < 300) {
        route(TAKE_ANSWER);
        return;
    }
    route(CHECK_ANSWER);
    $var(cause) = $rs;
    route(CALL_REFUSED);
}

route[DROP_STRAY] {
    prom_counter_inc("rejected_total", "1", "stray_answer");
}

# A refusal needs an ACK from the sender of the INVITE: from us, with the same Via.
route[ACKNOWLEDGE] {
    if ($pr != "udp") return;
    $var(uri) = "sip:" + $si + ":" + $sp;
    $var(via) = $sel(via[1].host) + ":" + $sel(via[1].port) + ";branch=" + $sel(via[1].params.branch);
    $var(socket) = "${publicUdp}";
    if (is_in_subnet("$si", "${cell.spec.network}")) $var(socket) = "${listen.overlay}";
    $var(message) = "ACK " + $var(uri) + " SIP/2.0\r\n"
        + "Via: SIP/2.0/UDP " + $var(via) + "\r\n"
        + "Max-Forwards: 70\r\n"
        + "From: " + $hdr(From) + "\r\n"
        + "To: " + $hdr(To) + "\r\n"
        + "Call-ID: " + $ci + "\r\n"
        + "CSeq: " + $cs + " ACK\r\n"
        + "Content-Length: 0\r\n\r\n";
    if (!sendx("sip:$si:$sp", "$var(socket)", "$var(message)")) xlog("L_ERR", "call $ci: the ACK of a refusal is not sent\n");
}

# An INVITE whose name a call of the other SBC has. If that died before it sent the INVITE on, nothing rings, and the caller, which has not
# even got a 100, repeats it: it is placed again, perhaps after another log-in, which gives it another name. If it did send it on, its
# answers come here. In: $var(id).
route[TAKE_UP_INVITE] {
    $vn(call) = $sht(calls=>$var(id));
    $vn(caller) = $sht(sides=>$var(id));
    if ($vn(call) == $null || $vn(caller) == $null || ${ofCall('answered')} != ""
            || ${ofSide('peer', 'vn(caller)')} != $pr + ":" + $si + ":" + $sp) {
        return;
    }
    if ($sht(sent=>$var(id)) != $null) {
        sl_send_reply("100", "Trying");
        exit;
    }
    prom_counter_inc("taken_over_total", "1", "invite");
    $sht(foreign=>$var(id)) = $null;
    $sht(calls=>$var(id)) = $null;
    route(UNCOUNT);
    $var(m) = ${ofCall('media')};
    $var(relayed) = $var(id);
    route(RELEASE_MEDIA);
}

# A CANCEL whose INVITE this SBC does not have. If the other one had it, and it has not been answered: the callee gets a CANCEL, and the caller
# gets the answer to its INVITE from here. Over TCP and TLS the callee's connection has died with the other SBC.
route[TAKE_UP_CANCEL] {
    route(NAME_CALL);
    $vn(call) = $sht(calls=>$var(id));
    $vn(caller) = $sht(sides=>$var(id));
    $var(peer) = "";
    if ($vn(caller) != $null) $var(peer) = ${ofSide('peer', 'vn(caller)')};
    if ($vn(call) == $null || $sht(foreign=>$var(id)) == $null || ${ofCall('answered')} != "" || $(var(peer){s.select,1,:}) != $si) {
        sl_send_reply("481", "Call Does Not Exist");
        exit;
    }
    sl_send_reply("200", "Cancelling");
    prom_counter_inc("taken_over_total", "1", "cancel");
    # Also to a phone that has not answered yet, or whose answer went to the SBC that died.
    $vn(sent) = $sht(sent=>$var(id));
    if ($vn(sent) == $null) $vn(sent) = "";
    $var(i) = 0;
    $var(via) = $(vn(sent){s.select,0,|});
    while ($var(via) != "") {
        $var(i) = $var(i) + 1;
        $var(peer) = $(vn(sent){s.select,$var(i),|});
        $var(i) = $var(i) + 1;
        $var(uri) = $(vn(sent){s.select,$var(i),|});
        route(SEND_CANCEL);
        $var(i) = $var(i) + 1;
        $var(via) = $(vn(sent){s.select,$var(i),|});
    }
    # With the Via of its CANCEL, which is that of its INVITE.
    if ($pr == "udp") {
        $var(message) = "SIP/2.0 487 Request Terminated\r\n"
            + "Via: " + $(hdr(Via)[0]) + "\r\n"
            + "From: " + $hdr(From) + "\r\n"
            + "To: " + $hdr(To) + ";tag=" + $var(id) + "\r\n"
            + "Call-ID: " + $ci + "\r\n"
            + "CSeq: " + $cs + " INVITE\r\n"
            + "Content-Length: 0\r\n\r\n";
        if (!sendx("sip:$si:$sp", "${publicUdp}", "$var(message)")) xlog("L_ERR", "call $ci: its 487 is not sent\n");
    }
    $var(cause) = 487;
    $avp(m) = $(vn(call){s.select,2,|}{s.int});
    # The number of ringing phones is not replicated; a user may register up to this many.
    if (${ofCall('leg')} == "-") $avp(forks) = 10;
    route(CALL_REFUSED);
    exit;
}

# In: $var(via), $var(peer), $var(uri), of an INVITE that went out.
route[SEND_CANCEL] {
    if ($(var(peer){s.select,0,:}) != "udp") return;
    $var(place) = $(var(peer){s.select,1,:});
    $var(socket) = "${publicUdp}";
    if (is_in_subnet("$var(place)", "${cell.spec.network}")) {
        $var(socket) = "${listen.overlay}";
    } else if (is_in_subnet("$var(place)", "${inside(cell)}")) {
        return;
    }
    $var(place) = $var(place) + ":" + $(var(peer){s.select,2,:});
    $var(message) = "CANCEL " + $var(uri) + " SIP/2.0\r\n"
        + "Via: SIP/2.0/UDP " + $var(via) + "\r\n"
        + "Max-Forwards: 70\r\n"
        + "From: " + $hdr(From) + "\r\n"
        + "To: " + $hdr(To) + "\r\n"
        + "Call-ID: " + $ci + "\r\n"
        + "CSeq: " + $cs + " CANCEL\r\n"
        + "Reason: SIP;cause=487\r\n"
        + "Content-Length: 0\r\n\r\n";
    if (!sendx("sip:$var(place)", "$var(socket)", "$var(message)")) xlog("L_ERR", "call $ci: its CANCEL is not sent\n");
}
`,
  };
}
