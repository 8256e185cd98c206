import type { Cell } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { withForms } from './number-forms.ts';
import { callFields, ofCall } from './call-entry.ts';
import { featureCodes } from './feature-codes.ts';
import { hasOutbound, isBarred, withCaps } from './outbound.ts';
import { field, forwardFields, tenantFields } from './tables.ts';

/** How often one call is forwarded at most: two users who forward to one another must not keep it for ever. */
const mostForwards = 5;

/** Why a call was forwarded, as Diversion (RFC 5806, section 4) and History-Info (RFC 4458) say it. */
const reasons = {
  always: { diversion: 'unconditional', cause: 302 },
  busy: { diversion: 'user-busy', cause: 486 },
  noAnswer: { diversion: 'no-answer', cause: 408 },
  notRegistered: { diversion: 'unavailable', cause: 503 },
  deflected: { diversion: 'deflection', cause: 480 },
} as const;

/**
 * Forwarding by the tenant's rules. What is known before a phone is asked (always, not registered) is done then: the call goes where the
 * rule says as if that had been dialled. Busy and no answer are known when the phone has spoken, or has not: the call goes on as to
 * another trunk, in the same transaction. A phone may say by itself where its calls go (302), as far as its user may dial that.
 */
export function forwarding(cell: Cell): Section {
  const publicAddress = late(values.publicAddress.name);
  const rule = (name: (typeof forwardFields)[number]) => field('forward', forwardFields, name);
  return {
    title: 'Forwarding',
    text: String.raw`
# Forwards a new call. In: $var(goal), a number, a user, a feature code or "voicemail"; $var(why); $var(target), who forwards.
route[FORWARD] {
    $var(forwards) = $var(forwards) + 1;
    if ($var(forwards) > ${mostForwards}) {
        $var(code) = 480;
        $var(phrase) = "Forwarded In A Circle";
        $var(reason) = "forwarded_in_a_circle";
        route(REFUSE);
    }
    route(NAME_DIVERTER);
    if ($var(goal) == "voicemail") $var(goal) = "*${featureCodes.voicemail}" + $var(target);
    $var(target) = $var(goal);
    route(DESTINATION);
}

# Who has forwarded, for the callee: to carriers the number, within the tenant the user. In: $var(target), $var(why), $var(goal).
# Out: $var(diverter), $var(diversion), $var(history).
route[NAME_DIVERTER] {
    $var(diverter) = $var(target) + "@" + $var(domain);
    $vn(diverting) = $sht(callers=>$var(diverter));
    if ($vn(diverting) == $null) $vn(diverting) = ${field('tenant', tenantFields, 'number')};
${Object.entries(reasons)
  .map(
    ([why, { diversion, cause }]) => `    if ($var(why) == "${why}") {
        $var(diversion) = "${diversion}";
        $var(history) = ${cause};
    }`,
  )
  .join('\n')}
}

# Diversion, and History-Info with one step. In: $avp(trunks), $var(diverter), $vn(diverting), $var(diversion), $var(history), $var(to).
route[SHOW_DIVERTER] {
    $var(shown) = "sip:" + $var(diverter);
    if ($avp(trunks) != $null) {
        if ($vn(diverting) == "") return;${withForms(
          cell,
          `
        if ($avp(told_caller) != $null) {
            $avp(told_diverter) = $vn(diverting);
            $avp(told_reason) = $var(diversion);
            $avp(told_cause) = $var(history);
            return;
        }`,
        )}
        $var(shown) = "sip:" + $vn(diverting) + "@${publicAddress}";
    }
    append_hf("Diversion: <$var(shown)>;reason=$var(diversion);counter=1\r\n");
    append_hf("History-Info: <$var(shown)>;index=1, <sip:$var(to)@$(var(shown){uri.host});cause=$var(history)>;index=1.1\r\n");
}

# The rules of a user for when the phone does not take the call. Where there are some, each attempt is a call of its own at the relay, as
# where several phones ring: the next one may need another description. In: $var(target), $var(domain), $vn(forward).
route[WATCH_FOR_FORWARD] {
    $avp(forwarder) = $_s($var(target)@$var(domain));
    if ($vn(forward) == $null || (${rule('busy')} == "" && ${rule('noAnswer')} == "")) return;
    $avp(forks) = $branch(count) + 1 + ${mostForwards};
    t_on_branch("FORK");
    if (${rule('noAnswer')} != "") {
        $var(ms) = ${rule('seconds').replace(/\)$/, '{s.int})')} * 1000;
        t_set_fr("$var(ms)");
    }
}

# A phone has not taken a call. True: on its way to where the rules say, or the phone. In: $var(id), $var(cause).
route[FORWARD_UNTAKEN] {
${withCaps(cell, '    $var(metered) = 0;\n')}    $vn(forward) = $sht(forwards=>$avp(forwarder));
    $var(goal) = "";
    if (t_check_status("30[0-9]")) {
        $var(why) = "deflected";
        $var(contact) = $T_rpl($ct);
        $var(goal) = $(var(contact){nameaddr.uri}{uri.user}{s.unescape.user}{s.select,0,;});
        if (!($var(goal) =~ "^[+0-9A-Za-z][0-9A-Za-z._-]*$")) $var(goal) = "";
    } else if ($vn(forward) == $null) {
        return -1;
    } else if (t_check_status("486|600|603")) {
        $var(why) = "busy";
        $var(goal) = ${rule('busy')};
    } else if (t_check_status("408|480")) {
        $var(why) = "noAnswer";
        $var(goal) = ${rule('noAnswer')};
    }
    if ($avp(forwards) == $null) $avp(forwards) = 0;
    $avp(forwards) = $avp(forwards) + 1;
    if ($var(goal) == "" || $avp(forwards) > ${mostForwards}) return -1;
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) == $null || ${ofCall('answered')} != "") return -1;
    $var(target) = $(avp(forwarder){s.select,0,@});
    $var(domain) = $(avp(forwarder){s.select,1,@});
    $vn(tenant) = $sht(tenants=>$var(domain));
    if ($vn(tenant) == $null) return -1;
    $var(name) = ${ofCall('tenant')};
    $var(tier) = ${field('tenant', tenantFields, 'tier')};
    $var(from) = ${ofCall('from')};
    $var(old) = ${ofCall('trunk')};
    $var(kind) = ${ofCall('kind')};
    route(OFFER_FLAGS_OF_CALL);
    route(NAME_DIVERTER);
    if (!route(NEXT_GOAL)) return -1;
    route(SHOW_DIVERTER);
    route(CALL_FORWARDED);
    t_on_branch("FORK");
    t_on_reply("CALL_REPLY");
    t_on_failure("CALL_FAILED");
    $var(refused) = 0;
    if (t_relay()) return 1;
    return -1;
}

# Where a call continues; a user who forwards in turn has rules, too. In: $var(goal), $var(target), $var(domain), $vn(tenant). Out: $ru, $var(to), $var(trunk), $var(kind), $var(flags).
# False: there is no route to it.
route[NEXT_GOAL] {
    $var(trunk) = $var(old);
    if ($var(goal) == "voicemail") $var(goal) = "*${featureCodes.voicemail}" + $var(target);
    $var(to) = $var(goal);
    if ($var(goal) =~ "^([+]|00)") {
        $var(number) = $var(goal);
        route(INTERNATIONAL_FORM);
        $var(to) = $var(number);
        $vn(did) = $sht(dids=>$var(number));
        if ($vn(did) == $null || $(vn(did){s.select,0,|}) != $var(domain)) {
            if (route(NEXT_GOAL_OUTSIDE)) return 1;
            return -1;
        }
        $var(goal) = $(vn(did){s.select,1,|});
    }
    $var(target) = $var(goal);
    if ($var(goal) =~ "^[*]") {
        # Its media are on the inside: only where each attempt is a call of its own at the relay.
        if ($avp(forks) == $null || !route(FIND_FEATURE)) return -1;
        $avp(forwarder) = $null;
        return 1;
    }
    if ($var(goal) == "@exchange") {
        $avp(forwarder) = $null;
        route(AIM_AT_EXCHANGE);
        return 1;
    }
    $vn(forward) = $sht(forwards=>$var(goal)@$var(domain));
    $var(next) = "";
    if ($vn(forward) != $null) $var(next) = ${rule('always')};
    $ru = "sip:" + $var(goal) + "@" + $var(domain);
    if ($var(next) == "" && !route(FIND_PHONES)) {
        if ($vn(forward) == $null || ${rule('notRegistered')} == "") return -1;
        $var(next) = ${rule('notRegistered')};
    }
    if ($var(next) != "") {
        $avp(forwards) = $avp(forwards) + 1;
        if ($avp(forwards) > ${mostForwards}) return -1;
        $var(goal) = $var(next);
        if (route(NEXT_GOAL)) return 1;
        return -1;
    }
    set_forward_no_connect();
    $avp(forwarder) = $var(goal) + "@" + $var(domain);
    $var(ms) = 180000;
    if ($vn(forward) != $null && ${rule('noAnswer')} != "") $var(ms) = ${rule('seconds').replace(/\)$/, '{s.int})')} * 1000;
    t_set_fr("$var(ms)", "5000");
    return 1;
}

route[NEXT_GOAL_OUTSIDE] {
    if (!($var(number) =~ "^[+][1-9][0-9]{6,14}$")) return -1;
${hasOutbound(cell) ? `    if (${isBarred(cell)}) return -1;\n` : ''}    route(FIND_TRUNK);
    if ($var(trunk) == "") {${withCaps(cell, '\n        if ($var(metered) == 1) route(UNMETER);')}
        return -1;
    }
    $avp(forwarder) = $null;
    $avp(border) = 1;
    # The caller's number stays in sight, where there is one; what we answer for is that of who forwards.
    $vn(caller) = $vn(diverting);
    if ($var(kind) == "in" && $var(from) =~ "^[+]?[0-9]+$") $vn(caller) = $var(from);
    if ($sht(callers=>$var(from)) != $null) $vn(caller) = $sht(callers=>$var(from));
    $avp(shown) = "sip:anonymous@anonymous.invalid";
    if ($vn(caller) != "") $avp(shown) = "sip:" + $vn(caller) + "@${publicAddress}";
${withForms(
  cell,
  `    # Each attempt says it in the form of its carrier, see LEAVE_DIVERTED.
    $avp(told_caller) = "";
    if ($var(kind) != "in") $avp(told_caller) = $vn(diverting);
    $avp(told_shown) = $vn(caller);
`,
)}    if ($vn(diverting) != "" && $var(kind) != "in"${withForms(cell, ' && $avp(told_caller) == $null')}) append_hf("P-Asserted-Identity: <sip:$vn(diverting)@${publicAddress}>\r\n");
    $var(kind) = "out";
    $var(flags) = $var(flags) + " RTP/AVP";
    return 1;
}

# An attempt at a carrier of a call that was for a phone: what IDENTITY would have done, had it been for the carrier from the beginning.
route[LEAVE_DIVERTED] {
    $avp(border) = 1;
    route(SCREEN_HEADERS);${withForms(
      cell,
      `
    if ($avp(told_caller) != $null) {
        route(TELL_IN_FORM);
        return;
    }`,
    )}
    if ($avp(hidden) != 1 && !uac_replace_from("", "$avp(shown)")) drop;
    if (!uac_replace_to("", "sip:$rU@${publicAddress}")) drop;
}

# The call continues to another callee. It counts on the trunk by which it leaves, no longer on the previous one. In: $var(id), $vn(call),
# $var(old), $var(trunk), $var(kind), $var(to).
route[CALL_FORWARDED] {
    if ($var(old) != "" && $var(old) != $var(trunk)) $var(n) = $shtdec(load=>k:$var(old));
    $vn(call) = ${callFields
      .slice(0, callFields.indexOf('answeredBy'))
      .map((name) => (['trunk', 'kind', 'to'].includes(name) ? `$var(${name})` : ofCall(name)))
      .join(' + "|" + ')};
    $sht(calls=>$var(id)) = $vn(call);
    $var(op) = "+";
    $vn(told) = $vn(call);
    route(TELL);
}
`,
  };
}
