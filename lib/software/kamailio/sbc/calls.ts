import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { callTimer } from '../../../fleet/call-timers.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { callsProgram } from '../../call-watch/paths.ts';
import { late } from '../../../fleet/late-bound.ts';
import { noTrunk } from '../../../observability/kamailio-pages.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { withAccounts } from './accounts.ts';
import {
  calledSeconds,
  callFields,
  endedSeconds,
  endings,
  ofCall,
  ofSide,
  ringingSeconds,
  selfAddress,
} from './call-entry.ts';
import { longestEmergencySeconds, withEmergency } from './with-emergency.ts';
import { milliseconds } from './limits.ts';
import { withCaps } from './outbound.ts';
import { paths } from './paths.ts';
import { proof } from './routing/in-dialog.ts';
import { sockets } from './sockets.ts';
import { field, number, tenantFields } from './tables.ts';

/** The tenant's own seconds in `$var(one_sided)`, at the speed of the cell's timers: rounded up, for 0 is never. */
function oneSidedOfTenant({ calls: { timerSpeedup } }: Cell['spec']): string {
  if (timerSpeedup === 1) return '$(var(one_sided){s.int})';
  return `($(var(one_sided){s.int}) + ${timerSpeedup - 1}) / ${timerSpeedup}`;
}

/** The most phones of one call that may ring, each with a tag of its own: twice as many as a user may register. */
const mostRinging = 20;

/** Statuses with which the called user says no, and not the network: those that RFC 6076, section 4.7, counts as effective. */
const byTheUser = [480, 486, 600, 603] as const;

/**
 * Calls in progress: one entry a call, from the INVITE to its end, and counters that follow the entries exactly. What happens
 * to a call is an event in a queue; a process of its own takes it from there to the other SBC and to Redis.
 */
export function calls(cell: Cell, host: SbcHost): Section {
  const { spec } = cell;
  const [first] = sockets(cell, host).public;
  const self = `${selfAddress}:${internalPorts.sbcSelf}`;
  const transport = first!.protocol === 'udp' ? '' : `;transport=${first!.protocol}`;
  const ourAddress = `<sip:${late(values.publicAddress.name)}:${first!.port}${transport}`;
  return {
    title: 'Calls in progress',
    text: String.raw`
# Events on their way out of the workers. A full queue loses the oldest.
modparam("mqueue", "mqueue", "name=events;size=200000")
# Whether this SBC has the floating addresses (active is 1): keepalived's script sets it, at the start and at every change.
include_file "${paths.role}"

# The name of a call, here and at the relay. It belongs to one INVITE, because a Call-ID can be reused. An INVITE, its CANCEL
# and its answers give the same; what follows brings it back in its Route. Out: $var(id).
route[NAME_CALL] {
    $var(id) = $(_s($ci|$ft|$cs){s.md5}{s.substr,0,20});
}

route[REFUSE_CALL_IN_USE] {
    $var(code) = 482;
    $var(phrase) = "Request Merged";
    $var(reason) = "call_in_use";
    route(REFUSE);
}

# Adds an admitted call to the table. In: $var(id), $var(name), $var(trunk), $var(m), $var(kind), $var(from), $var(to), $var(leg), $vn(tenant),
# $vn(codecs), $var(side).
route[CALL_INVITED] {
    # Spec: calls.longestMinutes, or the tenant's own; seconds.
    $var(longest) = ${number('tenant', tenantFields, 'longest')} * ${callTimer(spec, 60)};
    if ($var(longest) == 0) $var(longest) = ${callTimer(spec, 60 * spec.calls.longestMinutes)};
    # Spec: calls.oneSidedSeconds, or the tenant's own; 0 is never.
    $var(one_sided) = ${field('tenant', tenantFields, 'oneSided')};
    if ($(var(one_sided){s.len}) == 0) {
        $var(one_sided) = ${spec.calls.oneSidedSeconds === 0 ? 0 : callTimer(spec, spec.calls.oneSidedSeconds)};
    } else {
        $var(one_sided) = ${oneSidedOfTenant(spec)};
    }
${withEmergency(
  cell,
  `    if ($var(sos) == 1) {
        # Nothing but its two sides ends an emergency call.
        $var(longest) = ${longestEmergencySeconds};
        $var(one_sided) = 0;
        $shtex(sos=>$var(id)) = ${calledSeconds};
    }
`,
)}    sht_lock("calls=>$var(id)");
    if ($sht(calls=>$var(id)) != $null) {
        sht_unlock("calls=>$var(id)");
        route(REFUSE_CALL_IN_USE);
    }
    $vn(call) = $_s($var(name)|$var(trunk)|$var(m)|$var(kind)|$var(from)|$var(to)|$TV(Sn)|$ci|$cs|$var(longest)|$var(one_sided)|$var(leg));
    $sht(calls=>$var(id)) = $vn(call);
    $sht(sides=>$var(id)) = $var(side);
    sht_unlock("calls=>$var(id)");
    # The other SBC learns of it with the first INVITE that goes out (TELL_SENT): before that nobody outside knows of the call.
    $avp(untold) = 1;
    # An offer that is reduced to the tenant's codecs proves nothing; its answer does.
    if ($var(one_sided) != 0 && $avp(late_offer) == $null && $vn(codecs) == $null) route(NOTE_SILENCE_SUPPRESSION);
    # Calls of the probe are not counted as traffic.
    if ($avp(probe) != $null) return;
    prom_counter_inc("setups_total", "1", "$var(kind)");
    $avp(invited) = ${milliseconds};
}

# The callee rings, or answers at once: the caller's wait is counted once.
route[POST_DIAL_DELAY] {
    if ($avp(invited) == $null) return;
    $var(ms) = ${milliseconds} - $avp(invited);
    $avp(invited) = $null;
    # The system clock can be set; this one wraps every 12 days.
    if ($var(ms) < 0) return;
    $var(leaves_by) = "${noTrunk}";
    if ($avp(trunks) != $null) {
        $vn(call) = $sht(calls=>$avp(id));
        if ($vn(call) == $null) return;
        route(WAY_OF_CALL);
    }
    prom_histogram_observe("post_dial_delay_milliseconds", "$var(ms)", "$var(leaves_by)");
}

# The trunk by which a call leaves, as metrics name it. In: $vn(call). Out: $var(leaves_by).
route[WAY_OF_CALL] {
    $var(leaves_by) = "${noTrunk}";
    if (${ofCall('kind')} == "out") $var(leaves_by) = ${ofCall('trunk')};
}

# The call leaves over another trunk than at first. In: $var(id), $vn(call), $var(trunk).
route[CALL_MOVED_TO_TRUNK] {
    $vn(call) = ${ofCall('tenant')} + "|" + $var(trunk) + "|" + ${ofCall('media')} + "|out|" + ${ofCall('from')}
        + "|" + ${ofCall('to')} + "|" + ${ofCall('invited')} + "|" + ${ofCall('callId')} + "|" + ${ofCall('cseq')} + "|"
        + ${ofCall('longest')} + "|" + ${ofCall('oneSided')} + "|" + ${ofCall('leg')};
    $sht(calls=>$var(id)) = $vn(call);
    $var(op) = "+";
    $vn(told) = $vn(call);
    route(TELL);
}

# A 2xx passed. Its retransmissions pass too, on a busy host in another worker at the same moment: hence the lock. False: another
# phone was faster. In: $var(id), $var(branch).
route[CALL_ANSWERED] {
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) == $null || ${ofCall('answered')} != "") {
        sht_unlock("calls=>$var(id)");
        if ($vn(call) != $null && ${ofCall('answeredBy')} == $tt) return 1;
        return -1;
    }
    $vn(call) = $_s($vn(call)$var(branch)|$tt|$TV(Sn));
    $sht(calls=>$var(id)) = $vn(call);
    $var(op) = "=";
    $vn(told) = $vn(call);
    # Before the call can end elsewhere: its records are written in this order.
    mq_add("events", "$var(id)", "$var(op)$vn(told)");
    sht_unlock("calls=>$var(id)");
    route(TELL_AT_ONCE);
    if (${ofCall('kind')} == "probe") return 1;
    prom_counter_inc("answered_total", "1");
    route(WAY_OF_CALL);
    prom_counter_inc("seizures_total", "1", "answered", "$var(leaves_by)");
    return 1;
}

# Two phones have answered at the same moment. The caller has both answers (RFC 3261, section 16.7), and hangs up the one that it does not
# want: each has audio of its own until then. This phone answered later. In: $var(id), $var(tag), $var(relayed), $var(m).
route[HANG_UP_RIVAL] {
    $vn(rival) = $sht(rivals=>$var(id));
    if ($vn(rival) == $null || $(vn(rival){s.select,0,|}) != $var(tag)) return;
    $sht(rivals=>$var(id)) = $null;
    $shtex(sides=>$var(id):$var(tag)) = ${endedSeconds};
    route(RELEASE_MEDIA_OF_SIDES);
}

# This phone answered first: from now on the call belongs to the other one. In: $var(id), $var(relayed), $var(m).
route[HAND_TO_RIVAL] {
    $vn(rival) = $sht(rivals=>$var(id));
    $sht(rivals=>$var(id)) = $null;
    $shtex(sides=>$var(id):$var(tag)) = ${endedSeconds};
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) != $null) {
        $vn(call) = ${callFields
          .slice(0, callFields.indexOf('leg'))
          .map((name) => ofCall(name))
          .join(' + "|" + ')}
            + "|" + $(vn(rival){s.select,1,|}) + "|" + $(vn(rival){s.select,0,|}) + "|" + ${ofCall('answered')};
        $sht(calls=>$var(id)) = $vn(call);
    }
    sht_unlock("calls=>$var(id)");
    if ($vn(call) != $null) {
        $var(op) = "+";
        $vn(told) = $vn(call);
        route(TELL);
    }
    route(RELEASE_MEDIA_OF_SIDES);
}

# Nobody answered it, it was refused, or the caller gave up. In: $var(id), $var(cause), $avp(m).
route[CALL_REFUSED] {
    $vn(call) = $sht(calls=>$var(id));
    # The other SBC has brought the answer, while this INVITE has waited here for its time-out.
    if ($vn(call) != $null && ${ofCall('answered')} != "") return;
    $var(m) = $avp(m);
    $sht(ended=>$var(id)) = $TV(sn);
    route(RELEASE_BRANCHES);
    $var(why) = "refused";
    if ($var(cause) == 487) $var(why) = "cancelled";
    if ($var(cause) == 408) $var(why) = "no_answer";
    route(CALL_ENDED);
    if ($vn(call) == $null) return;
    if (${ofCall('kind')} != "probe") {
        $var(outcome) = "network";
        if ($var(why) != "refused" || (${ofCall('kind')} != "feature" && in_list("$var(cause)", "${byTheUser.join(' ')}", " "))) $var(outcome) = "user";
        route(WAY_OF_CALL);
        prom_counter_inc("seizures_total", "1", "$var(outcome)", "$var(leaves_by)");
    }
    if ($var(why) != "cancelled") xlog("L_NOTICE", "call $ci not answered: $var(cause) $var(why), tenant '${ofCall('tenant')}', trunk '${ofCall('trunk')}', from '${ofCall('from')}' to '${ofCall('to')}'\n");
}

# In: $vn(caller), as FIND_SIDES has found it, and what RELEASE_MEDIA takes.
route[RELEASE_MEDIA_OF_SIDES] {
    $var(tag_of_side) = 1;
    route(RELEASE_MEDIA);
    $var(tag_of_side) = 0;
}

# BYE of one of the call's own two sides. In: $var(id), $var(relayed), $var(m).
route[HANG_UP] {
    # Before its media are released, see OFFER.
    $sht(ended=>$var(id)) = $TV(sn);
    route(RELEASE_MEDIA_OF_SIDES);
    $var(cause) = 200;
    $var(why) = "hung_up";
    route(CALL_ENDED);
}

# Removes the call from the table, once, releases what it held, and reports it. In: $var(id), $var(cause), $var(why), $var(m), and what the
# relay measured. Where its sides are stays known for the messages that are still under way.
route[CALL_ENDED] {
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) == $null) {
        # It ended before, or was set up while neither SBC could see it.
        sht_unlock("calls=>$var(id)");
        return;
    }
    $sht(calls=>$var(id)) = $null;
    $sht(ended=>$var(id)) = $TV(sn);
    sht_unlock("calls=>$var(id)");
    route(FORGET_SIDES);
    route(UNCOUNT);${withCaps(cell, '\n    if ($vn(metered) != $null) route(SETTLE);')}
    # The fields of an answer are empty without one; those of the end follow them.
    $var(partial) = 0;
    if (${ofCall('answered')} == "") {
        $vn(call) = $vn(call) + "||";
    } else {
        # The relay measures only from the moment at which its calls moved to another host.
        $var(n) = ${ofCall('media')};
        if ($sht(moved=>$var(n)) >= $(vn(call){s.select,${callFields.indexOf('answered')},|}{s.select,0,.}{s.int})) $var(partial) = 1;
    }
    $var(op) = "-";
    $vn(told) = $_s($vn(call)|$TV(Sn)|$var(cause)|$var(why)|$avp(mos)|$avp(jitter)|$avp(loss)|$avp(rtt)|$var(partial));
    route(TELL);
    if (${ofCall('kind')} == "probe") return;
    prom_counter_inc("ended_total", "1", "$var(why)");
    if ($avp(jitter) == $null || $avp(loss) == $null) return;
    # The relay's figures are texts.
    $var(n) = $(avp(jitter){s.int});
    prom_counter_inc("jitter_milliseconds_total", "$var(n)", "media-$var(m)");
    $var(n) = $(avp(loss){s.int});
    prom_counter_inc("loss_percent_total", "$var(n)", "media-$var(m)");
    prom_counter_inc("media_samples_total", "1", "media-$var(m)");
}

# The other SBC has told its sides, which are known for as long as it lasts. In: $var(id), $vn(call).
route[KEEP_SIDES] {
    $shtex(sides=>$var(id)) = ${calledSeconds};
    $var(tag) = ${ofCall('answeredBy')};
    if ($(var(tag){s.len}) > 0) $shtex(sides=>$var(id):$var(tag)) = ${calledSeconds};
}

# Its sides are known for as long as a request may be repeated (RFC 3261, timer F), and no longer: also those of
# phones that only rang. In: $var(id), $vn(call).
route[FORGET_SIDES] {
    $sht(suppressing=>$var(id)) = $null;
    $sht(sent=>$var(id)) = $null;${withEmergency(cell, `\n    $shtex(sos=>$var(id)) = ${endedSeconds};`)}
    $vn(rang) = $sht(rang=>$var(id));
    if ($vn(rang) != $null) {
        $sht(rang=>$var(id)) = $null;
        $var(nth) = 0;
        $var(tag) = $(vn(rang){s.select,0,|});
        while ($var(tag) != "") {
            $shtex(sides=>$var(id):$var(tag)) = ${endedSeconds};
            $var(nth) = $var(nth) + 1;
            $var(tag) = $(vn(rang){s.select,$var(nth),|});
        }
    }
    $shtex(sides=>$var(id)) = ${endedSeconds};
    $var(tag) = ${ofCall('answeredBy')};
    if ($(var(tag){s.len}) > 0) $shtex(sides=>$var(id):$var(tag)) = ${endedSeconds};
}

# In: $vn(call).
route[UNCOUNT] {
${withCaps(
  cell,
  `    $vn(metered) = $null;
    if (${ofCall('kind')} == "out") {
        $vn(metered) = $sht(metered=>$var(id));
        if ($vn(metered) != $null) route(UNCOUNT_ABROAD);
    }
`,
)}    if (${ofCall('kind')} == "probe") return;
    $var(held) = ${ofCall('tenant')};
    route(UNCOUNT_TENANT);
    $var(held) = ${ofCall('trunk')};
    if ($(var(held){s.len}) > 0) $var(n) = $shtdec(load=>k:$var(held));
    $var(held) = ${ofCall('media')};
    $var(n) = $shtdec(load=>m:$var(held));
}

route[COUNT] {
${withCaps(cell, `    if (${ofCall('kind')} == "out") route(COUNT_ABROAD);\n`)}    $var(held) = ${ofCall('tenant')};
    route(COUNT_TENANT);
    $var(held) = ${ofCall('trunk')};
    if ($(var(held){s.len}) > 0) $var(n) = $shtinc(load=>k:$var(held));
    $var(held) = ${ofCall('media')};
    $var(n) = $shtinc(load=>m:$var(held));
}

# --- Where the two sides of a call are ---------------------------------------------------------------------------------------
# A side is: tag|peer|hop|leg|target|routes. peer, PROTOCOL:ADDRESS:PORT, is who sent us its first message; hop the address to
# which its requests go; target its Contact, with the address that it spoke from where that is needed; routes the proxies before it.
# In: $var(tag), $var(leg), $var(routes), $var(contact_alias). Out: $var(side); $var(malformed), 1 if it must not be kept.
route[DESCRIBE_SIDE] {
    $var(target) = $(ct{nameaddr.uri});
    $var(hop) = $(var(target){uri.host});
    if ($var(contact_alias) == 1) {
        $var(hop) = $si;
        $var(transport) = 1;
        if (proto == TCP) $var(transport) = 2;
        if (proto == TLS) $var(transport) = 3;
        $var(target) = $_s($var(target);alias=$si~$sp~$var(transport));
    }
    $var(malformed) = 0;
    # Both SBCs keep it in lines with bars between the fields, and it is written into messages.
    if ($var(target) =~ "[|<>[:cntrl:][:space:]]" || $(var(target){s.len}) > 512
            || $var(tag) =~ "[|:[:cntrl:][:space:]]" || $(var(tag){s.len}) > 128) {
        $var(malformed) = 1;
    }
    if ($(var(routes){s.len}) > 0) {
        $var(hop) = $(var(routes){nameaddr.uri}{uri.host});
        if ($var(routes) =~ "[|[:cntrl:]]" || $(var(routes){s.len}) > 1024) $var(malformed) = 1;
    }
    $var(side) = $_s($var(tag)|$pr:$si:$sp|$var(hop)|$var(leg)|$var(target)|$var(routes));
}

# The caller's side, from its INVITE. What its Record-Route says is the way to it.
route[DESCRIBE_CALLER] {
    $var(tag) = $ft;
    $var(leg) = "";
    route(COLLECT_ROUTES);
    # A phone, or a proxy before it, is reached where its messages come from: requests of the other side go nowhere else.
    if ($var(phone) == 1 && $(var(routes){s.len}) > 0 && $(var(routes){nameaddr.uri}{uri.host}) != $si) {
        remove_hf("Record-Route");
        $var(routes) = "";
    }
    route(DESCRIBE_SIDE);
}

# The callee's side, from an answer: the proxies that stand above us in Record-Route, the nearest first.
route[DESCRIBE_CALLEE] {
    $var(tag) = $tt;
    route(COLLECT_ROUTES);
    $var(above) = "";
    # Usually none is, which is cheaper to see than to cut.
    if ($(var(routes){s.len}) > 0 && !($var(routes) =~ "^ *<[^<>]*${late(values.publicAddress.name)}[^<>]*;c=[0-9a-f]+;k=")) {
        $var(above) = $(var(routes){re.subst,/,? *<[^<>]*${late(values.publicAddress.name)}[^<>]*;c=[0-9a-f]+;k=.*$//});
    }
    $var(routes) = "";
    while ($(var(above){s.len}) > 0) {
        $var(one) = $(var(above){re.subst,/^[^<]*(<[^<>]*>)[^<]*.*$/\1/});
        $var(routes) = $var(one) + $var(routes);
        $var(above) = $(var(above){re.subst,/^[^<]*<[^<>]*>[^<]*//});
        if ($var(above) != "") $var(routes) = "," + $var(routes);
    }
    route(DESCRIBE_SIDE);${withAccounts(cell, '\n    if ($var(ahead) > 0) $var(side) = $_s($var(side)|$var(ahead));')}
    if ($var(phone) == 1 && $(var(routes){s.len}) > 0 && $var(hop) != $si) $var(malformed) = 1;
}

# All Record-Route headers as one list. Out: $var(routes).
route[COLLECT_ROUTES] {
    if (!is_present_hf("Record-Route")) {
        $var(routes) = "";
        return;
    }
    $var(routes) = $hdr(Record-Route);
    $var(i) = 1;
    while ($(hdr(Record-Route)[$var(i)]) != $null) {
        $var(routes) = $var(routes) + "," + $(hdr(Record-Route)[$var(i)]);
        $var(i) = $var(i) + 1;
    }
}

# An INVITE of a call goes out: the other SBC learns of it first, with what a CANCEL would say to whoever gets it. Over TCP and TLS
# nothing: that connection dies with this SBC. (Kamailio's grammar allows no route here; the module's function runs one.)
onsend_route {
    if (is_method("INVITE") && $tt == $null && $avp(id) != $null && $avp(probe) == $null) route_if_exists("TELL_SENT");
    return 1;
}

route[TELL_SENT] {
    $var(id) = $avp(id);
    if ($snd(sproto) == "udp") {
        $vn(sent) = $sht(sent=>$var(id));
        if ($vn(sent) == $null) $vn(sent) = "";
        # INVITE URI SIP/2.0, and the first Via: SIP/2.0/UDP HOST:PORT;branch=...
        $var(uri) = $(snd(buf){line.at,0}{s.select,1, });
        $var(via) = $(snd(buf){line.sw,Via:}{s.strip,17}{s.trim});
        if ($var(uri) =~ "[|<>[:cntrl:]]") $var(uri) = "sip:" + $snd(ip) + ":" + $snd(port);
        $sht(sent=>$var(id)) = $_s($vn(sent)$var(via)|udp:$snd(ip):$snd(port)|$var(uri)|);
    }
    $vn(call) = $sht(calls=>$var(id));
    $var(op) = "b";
    if ($avp(untold) == 1) $var(op) = "i";
    $avp(untold) = $null;
    $vn(told) = $vn(call);
    route(TELL_AT_ONCE);
    mq_add("events", "$var(id)", "$var(op)|");
}

# The first answer of a phone: records where it is. In: $var(id), $var(branch). False: it can't be kept, and the answer must not pass.
route[NOTE_CALLEE] {
    if ($rs < 200) {
        if ($sht(sides=>$var(id):$tt) != $null) return 1;
        # It is over.
        if ($sht(calls=>$var(id)) == $null) return -1;
        $vn(rang) = $sht(rang=>$var(id));
        if ($vn(rang) == $null) $vn(rang) = "";
        # Each tag is kept, so that invented tags are refused.
        if ($(vn(rang){s.count,|}) >= ${mostRinging}) return -1;
    }
    $var(leg) = "";
    if ($avp(forks) != $null) $var(leg) = "-" + $var(branch);
    route(DESCRIBE_CALLEE);
    if ($var(malformed) == 1) return -1;
    $sht(sides=>$var(id):$tt) = $var(side);
    if ($rs >= 200) return 1;
    $shtex(sides=>$var(id):$tt) = ${ringingSeconds};
    $sht(rang=>$var(id)) = $vn(rang) + $tt + "|";
    mq_add("events", "$var(id)", "r$tt");
    return 1;
}

# --- Calls that the cell ends by itself, with a BYE to each side: the phones crashed, the network went away, an SBC died while
# they rang, an operator wants it. To end one:  ${callsProgram} end NAME-or-Call-ID
modparam("rtimer", "timer", "name=ending;interval=1;mode=1;")
modparam("rtimer", "exec", "timer=ending;route=END_CALLS")
modparam("mqueue", "mqueue", "name=ending;size=200000")
route[END_CALLS] {
    if ($shv(active) != 1 || ASLEEP) return;
    sht_iterator_start("end", "ending");
    # The iterator holds a lock: only note it.
    while (sht_iterator_next("end")) mq_add("ending", "$shtitkey(end)", "$shtitval(end)");
    sht_iterator_end("end");
    while (mq_fetch("ending")) {
        $var(id) = $mqk(ending);
        $var(why) = $mqv(ending);
        $sht(ending=>$var(id)) = $null;
        route(END_CALL);
    }
}

# In: $var(id), $var(why).
route[END_CALL] {
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) == $null) return;
    $var(cause) = 480;
${Object.entries(endings)
  .filter(([, cause]) => cause !== 480)
  .map(([why, cause]) => `    if ($var(why) == "${why}") $var(cause) = ${cause};`)
  .join('\n')}
    $var(m) = $(vn(call){s.select,${callFields.indexOf('media')},|}{s.int});
    $avp(m) = $var(m);
    $var(callid) = ${ofCall('callId')};
    $vn(caller) = $sht(sides=>$var(id));
    $avp(mos) = $null;
    $avp(jitter) = $null;
    $avp(loss) = $null;
    $avp(rtt) = $null;
    $var(tag_of_side) = 1;
    if (${ofCall('answered')} == "") {
        # Where this SBC has its INVITE, that one ends the ordinary way: the callee gets a CANCEL, and the caller its answer.
        if (t_cancel_callid("$var(callid)", "${ofCall('cseq')}", "22")) {
            $var(tag_of_side) = 0;
            return;
        }
        $sht(ended=>$var(id)) = $TV(sn);
        route(RELEASE_BRANCHES);
    } else {
        $sht(ended=>$var(id)) = $TV(sn);
        $var(relayed) = $var(id) + ${ofCall('leg')};
        route(RELEASE_MEDIA);
    }
    $var(tag_of_side) = 0;
    $var(tag) = ${ofCall('answeredBy')};
    xlog("L_NOTICE", "call $var(callid) ended by the cell: $var(why)\n");
    # Before the BYEs go out: the answers to them do not end it a second time.
    route(CALL_ENDED);
    $vn(callee) = $sht(sides=>$var(id):$var(tag));
    if ($vn(caller) == $null || $vn(callee) == $null) return;
    $var(proof) = ${proof('$var(callid)')};
    $vn(from) = $vn(caller);
    $vn(to) = $vn(callee);
    route(SEND_BYE);
    $vn(from) = $vn(callee);
    $vn(to) = $vn(caller);
    route(SEND_BYE);
}

# A BYE as the one side would send it to the other, to ourselves: from here on it is like any. CSeq is the largest there is (RFC
# 3261, section 8.1.1.5), because nobody counts what the sides have sent. In: $vn(from), $vn(to), their sides; $vn(caller), $var(proof), $var(m).
route[SEND_BYE] {
    $var(routes) = ${ofSide('routes', 'vn(to)')};
    if ($var(routes) != "") $var(routes) = ", " + $var(routes);
    $var(turn) = $var(turn) + 1;
    $var(message) = "BYE " + ${ofSide('target', 'vn(to)')} + " SIP/2.0\r\n"
        + "Via: SIP/2.0/UDP ${self};branch=z9hG4bK" + $var(id) + "." + $var(turn) + "\r\n"
        + "Max-Forwards: 70\r\n"
        + "Route: ${ourAddress};lr;ftag=" + ${ofSide('tag', 'vn(caller)')} + ";m=" + $var(m) + ";c=" + $var(id) + ";k=" + $var(proof) + ">" + $var(routes) + "\r\n"
        + "From: <sip:${late(values.publicAddress.name)}>;tag=" + ${ofSide('tag', 'vn(from)')} + "\r\n"
        + "To: <sip:${late(values.publicAddress.name)}>;tag=" + ${ofSide('tag', 'vn(to)')} + "\r\n"
        + "Call-ID: " + $var(callid) + "\r\n"
        + "CSeq: 2147483647 BYE\r\n"
        + "Reason: SIP;cause=" + $var(cause) + ";text=\"" + $var(why) + "\"\r\n"
        + "Content-Length: 0\r\n\r\n";
    if (!sendx("sip:${self}", "udp:${self}", "$var(message)")) xlog("L_ERR", "call $var(callid): its BYE is not sent\n");
}
`,
  };
}
