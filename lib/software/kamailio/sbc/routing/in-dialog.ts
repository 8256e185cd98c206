import type { Cell, SbcHost } from '../../../../fleet/derive/cell.ts';
import { insideRanges } from '../../../../fleet/derive/inside.ts';
import { parseRange } from '../../../../fleet/range.ts';
import { internalPorts } from '../../../../fleet/schema/fixed.ts';
import { late } from '../../../../fleet/late-bound.ts';
import { values } from '../../../values.ts';
import { withEmergency } from '../with-emergency.ts';
import { withAccounts } from '../accounts.ts';
import { findOwner } from '../screen.ts';
import type { Section } from '../../common/section.ts';
import { ofCall, ofSide, selfAddress } from '../call-entry.ts';
import { addressPattern } from '../address-pattern.ts';
import { sockets } from '../sockets.ts';

/** What nobody outside may have anything sent to, as a list of ranges. */
export function inside(cell: Cell): string {
  return insideRanges(cell).join(',');
}

/** The proof that this cell set a call up: of its name in `$var(id)`, its media host in `$var(m)` and its Call-ID. */
export const proof = (callId: string) =>
  `$(_s($var(id)|$var(m)|${callId}|${late(values.digestSecret.name)}){s.md5}{s.substr,0,16})`;

/**
 * Requests inside a call. They carry all that is needed to route them (Record-Route with the floating addresses, the call's name, the
 * media host's number, a proof), and both SBCs know the call's two sides, so that either can handle them.
 */
export function inDialog(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const publicUdp = listen.public.find(({ protocol }) => protocol === 'udp');
  return {
    title: 'Requests inside a call',
    text: `
modparam("rr", "enable_full_lr", 0)
modparam("rr", "enable_double_rr", 1)
modparam("rr", "append_fromtag", 1)

# What the Record-Route header of a call carries: m, the media host, c, the call's name, and k, the proof that this cell set it up.

route[IN_DIALOG] {
    if (is_method("ACK") && t_check_trans()) {
        # The ACK of a refusal ends here.
        if (!t_relay()) exit;
        exit;
    }
    if ($route_uri == $null) route(REFUSE_WITHOUT_ROUTE);
    $var(m) = $(route_uri{uri.param,m});
    $var(k) = $(route_uri{uri.param,k});
    $var(id) = $(route_uri{uri.param,c});
    $var(hides) = $(route_uri{uri.param,p}{s.len});
    if ($(var(m){s.len}) == 0 || !loose_route()) route(REFUSE_WITHOUT_ROUTE);
    if (${proof('$ci')} != $var(k)) {
        prom_counter_inc("rejected_total", "1", "forged_route");
        if (!is_method("ACK")) send_reply("403", "Forbidden");
        exit;
    }
    $var(m) = $(var(m){s.int});
    if ($du == $null) handle_ruri_alias();
    if (dst_ip == ${selfAddress}) route(LEAVE_AS_FROM_OUTSIDE);
    route(CHECK_NEXT_HOP);
    route(FIND_SIDES);
    route(FOLLOW_PHONE);
    # Phones repeat their credentials inside a call, too; the other side could try passwords on them.
    if ($vn(call) == $null || ${ofCall('kind')} != "user") $avp(border) = 1;
    route(SCREEN_HEADERS);
    if ($var(hides) > 0 && $var(answerer) == $var(id)) route(REVEAL_CONTACT);
    route(CHECK_DESCRIPTION);
    t_on_reply("IN_DIALOG_REPLY");${withAccounts(cell, '\n    if ($vn(caller) != $null) route(ASK_AS_ACCOUNT);')}

    if ($var(own_call) == 0) {
        # For a call that is over, or that another phone has answered, it changes nothing.
        if (!is_method("ACK|BYE")) route(REFUSE_UNKNOWN_CALL);
        if (is_method("BYE")) route(HANG_UP_RIVAL);
        if (is_method("BYE") && $vn(caller) == $null) route(RELEASE_UNKNOWN);
    } else if (is_method("BYE")) {
        if ($sht(rivals=>$var(id)) == $null) route(HANG_UP);
        else route(HAND_TO_RIVAL);
    } else if (is_method("INVITE|UPDATE")) {
        # A side that hides its identity does so in requests and in answers.
        $var(hide_contact) = 0;
        if ($var(hides) > 0 && $var(sender) == $var(id)) $var(hide_contact) = 1;
        if ($var(hides) > 0 && $var(answerer) == $var(id)) $avp(hides) = 1;
        route(ALIAS_CONTACT);
        $avp(m) = $var(m);
        $avp(relayed) = $var(relayed);
        $avp(id) = $var(id);
        $avp(answerer) = $var(answerer);
        route(PASS_OFFER);
    } else if (is_method("ACK|PRACK") && $var(description) == 1${withEmergency(cell, ' && $var(m) != 0')}) {
        # The answer to an offer that came in a response.
        $avp(m) = $var(m);
        $avp(late_offer) = 0;
        if (!route(ANSWER)) {
            if ($var(refused) == 1) prom_counter_inc("rejected_total", "1", "media_description");
            if (!is_method("ACK")) exit;
            # The callee waits for its ACK, whatever happens to the call.
            $var(unusable) = 1;
            route(REMOVE_BODY);
            route(END_WITHOUT_MEDIA);
        }
    }
    if (!t_relay()) sl_reply_error();
    exit;
}

# A request that may have an offer. In: $avp(m), $var(m), $var(id), $var(relayed), $var(description), $var(learn), $vn(sender),
# $var(sender), $var(contact_alias), $var(hide_contact). Does not come back where the offer can't pass now.
route[PASS_OFFER] {
    if ($var(description) == 1${withEmergency(cell, ' && $var(m) != 0')} && !route(OFFER_AGAIN)) {
        if ($var(refused) == 0) route(WAIT_FOR_RELAY);
        route(REFUSE_OFFER);
    }
    route(MOVE_SIDE);
    if ($var(hide_contact) == 1) route(HIDE_CONTACT);
    if ($var(description) == 0) $avp(late_offer) = 1;
}

# A relay that gives no answer may be on its way to its neighbour, which takes a second or two. The request waits for it, ten times
# 0.4 s, and no worker with it. Comes back when that was in vain.
async_workers=1
modparam("async", "ms_timer", 20)
route[WAIT_FOR_RELAY] {
    if ($avp(waits) == 10) return;
    if ($avp(waits) == $null) {
        $avp(waits) = 0;
        $avp(learn) = $var(learn);
        $avp(sender) = $var(sender);
        $avp(contact_alias) = $var(contact_alias);
        $avp(hide_contact) = $var(hide_contact);
        # The transaction holds these as the request arrived, not as it leaves.
        $avp(leaves_to) = $ru;
        $avp(leaves_by) = $du;
        $avp(leaves_from) = $fs;
        # It is not repeated in the meantime.
        if (is_method("INVITE") && t_newtran()) send_reply("100", "Trying");
    }
    $avp(waits) = $avp(waits) + 1;
    if (async_ms_route("OFFER_AFTER_A_WAIT", "400")) exit;
}

route[OFFER_AFTER_A_WAIT] {
    $ru = $avp(leaves_to);
    if ($avp(leaves_by) != $null) $du = $avp(leaves_by);
    if ($avp(leaves_from) != $null) $fs = $avp(leaves_from);
    $var(m) = $avp(m);
    $var(id) = $avp(id);
    $var(relayed) = $avp(relayed);
    $var(description) = 1;
    $var(usual) = 0;
    $var(learn) = $avp(learn);
    $var(sender) = $avp(sender);
    $vn(sender) = $sht(sides=>$var(sender));
    $var(contact_alias) = $avp(contact_alias);
    $var(hide_contact) = $avp(hide_contact);
    route(PASS_OFFER);
    if (!t_relay()) sl_reply_error();
    exit;
}

# A phone on TCP or TLS is behind the connection that it made, which may be gone: it was closed, or the SBC that had it has died. The phone
# is then where it has registered since: a contact of the side's user with a connection of now, which is the same Contact or is at the
# same address. In: $vn(call), $vn(receiver), $var(answerer).
route[FOLLOW_PHONE] {
    if ($vn(call) == $null || !str_ifind("$du", ";transport=t")) return;
    if (tcp_get_conid("$dd:$dp", "$var(connection)")) return;
    $var(user) = ${ofCall('from')};
    if ($var(answerer) != $var(id)) {
        $vn(did) = $sht(dids=>${ofCall('to')});
        if ($vn(did) != $null) $var(user) = $(vn(did){s.select,1,|}) + "@" + $(vn(did){s.select,0,|});
        else $var(user) = ${ofCall('to')} + "@" + $(var(user){s.select,1,@});
    }
    if (!reg_fetch_contacts("location", "sip:$var(user)", "moved")) return;
    $var(target) = ${ofSide('target', 'vn(receiver)')};
    $var(i) = 0;
    while ($var(i) < $(ulc(moved=>count))) {
        $var(place) = $(ulc(moved=>received)[$var(i)]);
        $var(contact) = $(ulc(moved=>addr)[$var(i)]) + ";alias=";
        $var(skip) = $(var(contact){s.len});
        if ($var(place) =~ ";transport=t" && ($(var(place){uri.host}) == $dd || $(var(target){s.substr,0,$var(skip)}) == $var(contact))
                && tcp_get_conid("$(var(place){uri.host}):$(var(place){uri.port})", "$var(connection)")) {
            $du = $var(place);
            break;
        }
        $var(i) = $var(i) + 1;
    }
    reg_free_contacts("moved");
}

# An offer in a call is refused: the call continues as before. In: $var(refused).
route[REFUSE_OFFER] {
    if ($var(refused) == 2) route(REFUSE_UNKNOWN_CALL);
    if ($var(refused) == 1) {
        route(SAY_NOT_ACCEPTABLE);
        prom_counter_inc("rejected_total", "1", "$var(reason)");
        send_reply("$var(code)", "$var(phrase)");
    } else {
        send_reply("503", "Media Relay Unavailable");
    }
    exit;
}

# Ends a call that no SBC of this cell knows. The proof names the call and its relay. There is no record
# of it, for nobody knows who had it. In: $var(id), $var(m).
route[RELEASE_UNKNOWN] {
    xlog("L_WARN", "call $ci ended, which this cell did not know any more\n");
    $var(relayed) = $var(id);
    $var(rang_at_several) = 1;
    if (route(SELECT_RELAY) && rtpengine_query("call-id=$var(relayed) from-tag=none")) $var(rang_at_several) = 0;
    route(RELEASE_MEDIA);
    if ($var(rang_at_several) == 0) return;
    # Or its relay does not answer now.
    $avp(forks) = 10;
    route(RELEASE_BRANCHES);
}

# It does not say that it belongs to a call of this cell.
route[REFUSE_WITHOUT_ROUTE] {
    if (is_method("ACK")) exit;
    prom_counter_inc("rejected_total", "1", "no_route");
    send_reply("481", "Call Does Not Exist (No Route Header)");
    exit;
}

route[REFUSE_UNKNOWN_CALL] {
    prom_counter_inc("rejected_total", "1", "ended_call");
    send_reply("481", "Call Does Not Exist");
    exit;
}

# Finds the call of a request: by the tags of its two sides and the addresses from which they send. In: $var(id). Out:
# $vn(sender) and $vn(receiver), the sides; $var(sender) and $var(answerer), their names; $var(relayed), the call's name at the relay;
# $var(own_call), 0 if the call must not be touched.
route[FIND_SIDES] {
    $var(own_call) = 0;
    $vn(call) = $sht(calls=>$var(id));
    $vn(caller) = $sht(sides=>$var(id));
    if ($vn(caller) == $null) {
        # A call that no SBC of this cell knows: it can still be ended.
        if (is_method("ACK|BYE")) return;
        route(REFUSE_UNKNOWN_CALL);
    }
    if ($ft == ${ofSide('tag', 'vn(caller)')}) {
        $var(tag) = $tt;
        $var(sender) = $var(id);
        $var(answerer) = $_s($var(id):$tt);
        $vn(sender) = $vn(caller);
        $vn(receiver) = $sht(sides=>$var(answerer));
        $vn(callee) = $vn(receiver);
    } else {
        $var(tag) = $ft;
        $var(sender) = $_s($var(id):$ft);
        $var(answerer) = $var(id);
        $vn(sender) = $sht(sides=>$var(sender));
        $vn(receiver) = $vn(caller);
        $vn(callee) = $vn(sender);
        if ($tt != ${ofSide('tag', 'vn(caller)')}) $vn(callee) = $null;
    }
    if ($vn(callee) == $null) {
        prom_counter_inc("rejected_total", "1", "foreign_dialog");
        if (!is_method("ACK")) send_reply("481", "Call Does Not Exist");
        exit;
    }
    if (!route(SPEAKS_FROM_ITS_PLACE)) {
        prom_counter_inc("rejected_total", "1", "foreign_sender");
        if (!is_method("ACK")) sl_send_reply("403", "Forbidden");
        exit;
    }
    if ($nh(d) != ${ofSide('hop', 'vn(receiver)')}) {
        prom_counter_inc("rejected_total", "1", "foreign_target");
        if (!is_method("ACK")) sl_send_reply("403", "Forbidden");
        exit;
    }
    $var(relayed) = $var(id) + ${ofSide('leg', 'vn(callee)')};
    if ($vn(call) == $null) return;
    # Until one has answered, every ringing phone is a side of the call.
    if (${ofCall('answeredBy')} == $var(tag) || ${ofCall('answered')} == "") $var(own_call) = 1;
}

# True if a request comes from where the side is that its tag names: the same address, another one of the same carrier or exchange, or,
# for a phone that has moved, one where its user logs in. In: $vn(sender).
route[SPEAKS_FROM_ITS_PLACE] {
    $var(peer) = ${ofSide('peer', 'vn(sender)').replace(/\)$/, '{s.select,1,:})')};
    if ($var(peer) == $si || src_ip == ${selfAddress}) return 1;
    ${findOwner('$var(peer)')}
    $vn(place) = $vn(owner);
    ${findOwner('$si')}
    if ($vn(owner) != $null) {
        if ($vn(owner) == $vn(place)) return 1;
        return -1;
    }
    if ($vn(place) != $null || is_method("ACK")) return -1;
    # A phone. Its domain is a tenant's, and the log-in proves that it is of that domain; a stranger has none.
    $var(domain) = $(fd{s.tolower});
    $vn(tenant) = $sht(tenants=>$var(domain));
    if ($vn(tenant) == $null || $vn(call) == $null || ${'$(vn(tenant){s.select,0,|})'} != ${ofCall('tenant')}) return -1;
    route(LOG_IN);
    if ($au != $fU) return -1;
    return 1;
}

# A side that makes a new offer may have moved: from here on its requests go where it is now. In: $vn(sender), $var(sender), $var(contact_alias).
route[MOVE_SIDE] {
    if ($ct == $null) return;
    $var(tag) = ${ofSide('tag', 'vn(sender)')};
    $var(leg) = ${ofSide('leg', 'vn(sender)')};
    $var(routes) = ${ofSide('routes', 'vn(sender)')};
    route(DESCRIBE_SIDE);${withAccounts(
      cell,
      `
    $var(ahead) = ${ofSide('ahead', 'vn(sender)')};
    if ($(var(ahead){s.len}) > 0) $var(side) = $_s($var(side)|$var(ahead));`,
    )}
    if ($var(malformed) == 1 || $var(side) == $vn(sender)) return;
    # It keeps its lifetime; 0 would be for ever.
    $var(left) = $shtex(sides=>$var(sender));
    if ($var(left) < 1) $var(left) = 1;
    $sht(sides=>$var(sender)) = $var(side);
    $shtex(sides=>$var(sender)) = $var(left);
    $var(op) = "p";
    $vn(told) = $var(sender);
    route(TELL);
}

# A BYE that the cell says itself (SEND_BYE) came in on loopback: it leaves as if it had come from outside, or from FreeSWITCH.
route[LEAVE_AS_FROM_OUTSIDE] {
    if (is_in_subnet("$nh(d)", "${cell.spec.network}")) {
        $fs = "${listen.overlay}";
    }${
      publicUdp === undefined
        ? ''
        : ` else if (!($nh(P) =~ "tcp|tls")) {
        $fs = "${publicUdp.name}";
    }`
    }
}

# An address that a caller wrote into a header must not lead into the cell's own network, this host, or the cloud's metadata; but
# for FreeSWITCH's leg.
#!define OUTSIDE_ADDRESS "^${addressPattern(insideRanges(cell).map(parseRange))}$"
route[CHECK_NEXT_HOP] {
    if ($nh(d) =~ OUTSIDE_ADDRESS || dst_ip == ${cell.overlayAddress}) return;
    # The probe of this host, to its own other end.
    if (src_ip == ${selfAddress} && $nh(d) == "${selfAddress}" && ($nh(p) == ${internalPorts.probeCaller} || $nh(p) == ${internalPorts.probeCallee})) return;
    # Whoever has a name in its Contact is reached by the address that it spoke from (ALIAS_CONTACT): no worker waits for DNS.
    if (!is_ip("$nh(d)")) {
        prom_counter_inc("rejected_total", "1", "named_address");
        if (!is_method("ACK")) send_reply("403", "Forbidden");
        exit;
    }
    if (!is_in_subnet("$nh(d)", "${inside(cell)}")) return;
    if ($nh(p) == ${internalPorts.freeswitchSip} && $fs != $null && $fs =~ "${cell.overlayAddress}") return;
    prom_counter_inc("rejected_total", "1", "inward_address");
    if (!is_method("ACK")) send_reply("403", "Forbidden");
    exit;
}

onreply_route[IN_DIALOG_REPLY] {
    route(SCREEN_HEADERS);${withAccounts(
      cell,
      `
    if ($avp(ahead) > 0) {
        $var(cseq) = $(cs{s.int}) - $avp(ahead);
        remove_hf("CSeq");
        append_hf("CSeq: $var(cseq) $rm\r\n");
    }`,
    )}
    if ($rs < 300 && is_method("INVITE|UPDATE")) {
        $var(id) = $avp(id);
        $var(relayed) = $avp(relayed);
        $var(hide_contact) = 0;
        if ($avp(hides) == 1) $var(hide_contact) = 1;
        route(ALIAS_CONTACT);
        if ($var(hide_contact) == 1) route(HIDE_CONTACT);
        if ($rs >= 200) {
            $var(sender) = $avp(answerer);
            $vn(sender) = $sht(sides=>$var(sender));
            if ($vn(sender) != $null) route(MOVE_SIDE);
        }
    }
    route(CHECK_ANSWER);
    route(END_WITHOUT_MEDIA);
}

# A phone behind NAT can't be reached at its Contact, but at the address from which its message came. Carriers and exchanges mean what
# they say, but for names, which would have to be resolved in the middle of a call. In: $var(hide_contact), 1 if HIDE_CONTACT writes it.
# Out: $var(contact_alias), 1 if so; $var(phone), 1 for one that is known by neither its address nor an edge.
route[ALIAS_CONTACT] {
    $var(contact_alias) = 0;
    $var(phone) = 0;
    if (dst_ip == ${cell.overlayAddress} || src_ip == ${selfAddress}) return;
    # It came through an edge: a request with a proof, or an answer in our transaction.
    if ($sht(edges=>$si) != $null) return;
    ${findOwner('$si')}
    if ($vn(owner) == $null) $var(phone) = 1;
    else if (is_ip("$(ct{nameaddr.uri}{uri.host})")) return;
    $var(contact_alias) = 1;
    if ($var(hide_contact) == 0) set_contact_alias();
}
`,
  };
}
