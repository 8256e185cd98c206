import type { Cell } from '../../../../fleet/derive/cell.ts';
import { late } from '../../../../fleet/late-bound.ts';
import { values } from '../../../values.ts';
import { emergencyPattern, withEmergency } from '../with-emergency.ts';
import { withCaps } from '../outbound.ts';
import { withAccounts } from '../accounts.ts';
import { withForms } from '../number-forms.ts';
import { hasProbe } from '../probe.ts';
import { findOwner } from '../screen.ts';
import type { Section } from '../../common/section.ts';
import { endedSeconds, ofCall, selfAddress } from '../call-entry.ts';
import { q850 } from '../limits.ts';
import { proof } from './in-dialog.ts';
import { field, forwardFields, tenantFields } from '../tables.ts';

/** A new call: who calls, whom, may it be, and over which way it goes. */
export function call(cell: Cell): Section {
  const publicAddress = late(values.publicAddress.name);
  const unlessEmergency = withEmergency(cell, 'if ($var(sos) == 0) ');
  return {
    title: 'New calls',
    text: `
modparam("tm", "failure_reply_mode", 3)
modparam("tm", "auto_inv_100_reason", "Trying")
# A phone that does not answer with 100 is gone; one that rings may ring for three minutes.
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 180000)

route[CALL] {
    $var(holds_tenant) = 0;
    $var(holds_trunk) = "";
    $var(logged_in) = 0;
    $var(known) = 0;${withEmergency(cell, '\n    $var(sos) = 0;')}${withCaps(cell, '\n    $var(metered) = 0;')}
    $var(name) = "";
    $var(trunk) = "";
    $var(kind) = "user";
    $var(diverter) = "";
    $var(forwards) = 0;
    $var(from) = "";
    $var(to) = "";
    # The records and the tables' values are separated by bars, and end up in JSON.
    if ($ci =~ "[\\"|\\\\\\\\[:cntrl:][:space:]]" || $(ci{s.len}) > 256) {
        $var(code) = 400;
        $var(phrase) = "Bad Call-ID";
        $var(reason) = "malformed";
        route(REFUSE);
    }
    route(DIALLED);${withEmergency(cell, `\n    if ($var(dialled) =~ "${emergencyPattern(cell)}") route(NOTE_EMERGENCY);`)}
    route(NAME_CALL);${
      hasProbe(cell)
        ? `
    if ($si == "${selfAddress}") route(CALL_OF_PROBE);`
        : ''
    }
    if ($sht(foreign=>$var(id)) != $null) route(TAKE_UP_INVITE);
    route(IDENTIFY_CALLER);
    # A second use of a Call-ID, or a repetition after the end.
    if ($sht(calls=>$var(id)) != $null || $sht(ended=>$var(id)) != $null) route(REFUSE_CALL_IN_USE);${withEmergency(
      cell,
      `
    if ($var(sos) == 1) {
        route(CALL_EMERGENCY);
        # It is a call like any other where the caller is: what an emergency call passes is asked now.
        if ($var(caller_is) == "user") route(SCREEN_LOG_IN);
        if ($var(caller_is) != "carrier") route(CHECK_CALLER);
    }`,
    )}
    route(CHECK_OFFER);
    $var(tier) = ${field('tenant', tenantFields, 'tier')};
    $var(held) = $var(name);
    route(OFFER_FLAGS);
    route(ADMIT_TENANT);
    route(ADMIT_CELL);
    if ($(var(trunk){s.len}) > 0 && !route(ADMIT_TRUNK)) route(REFUSE_FOR_NOW);
    route(DESTINATION);
    route(IDENTITY);
    if ($(var(diverter){s.len}) > 0) route(SHOW_DIVERTER);
    route(SEND);
}

# What is dialled. A tel: URI is a number at whoever gets it (RFC 3966): from here on it is one at our address. A number may have
# parameters, of number portability for instance (RFC 4694), and visual separators.${withEmergency(cell, '\n# Numbers of emergency services have no country before them, whatever phone-context says.')}
# Out: $var(dialled).
route[DIALLED] {
    if (!starts_with("$ru", "sip:") && $ru =~ "^tel:") {
        $var(dialled) = $(ru{re.subst,/^tel:([^;]*).*$/\\1/i});
        $var(context) = "";
        if ($ru =~ ";phone-context=[+]"${withEmergency(cell, ` && !($var(dialled) =~ "${emergencyPattern(cell)}")`)}) $var(context) = $(ru{re.subst,/^.*;phone-context=([+][-.()0-9]+).*$/\\1/i});
        $ru = "sip:" + $var(context) + $var(dialled) + "@${publicAddress}";
    }
    $var(dialled) = $(rU{s.unescape.user}{s.select,0,;});
    if (starts_with("$var(dialled)", "+") && $var(dialled) =~ "[-.()]") $var(dialled) = $(var(dialled){re.subst,/[-.()]//g});
}

# The caller: a carrier, a tenant's exchange, or an authenticated user. Out: $var(domain), $vn(tenant) (its record),
# $var(target) (what was dialled), $var(from), $var(caller_is), $var(trunk) and $vn(record) if a carrier calls.
route[IDENTIFY_CALLER] {
    ${findOwner('$var(source)')}
    if ($vn(owner) == $null) {
        route(FROM_USER);
    } else if (starts_with("$vn(owner)", "trunk|")) {
        route(FROM_CARRIER);
    } else {
        route(FROM_EXCHANGE);
    }
}

# A user of a tenant: the domain of From names the tenant.
route[FROM_USER] {
    $var(caller_is) = "user";
    $var(domain) = $(fd{s.tolower});
    if ($var(domain) == "anonymous.invalid") route(DOMAIN_OF_ANONYMOUS);
    $vn(tenant) = $sht(tenants=>$var(domain));
    if ($vn(tenant) == $null) {
        $var(code) = 403;
        $var(phrase) = "Forbidden";
        $var(reason) = "unknown_source";
        route(REFUSE);
    }
    route(LOG_IN);
    $var(logged_in) = 1;
    $var(known) = 1;
    $var(name) = ${field('tenant', tenantFields, 'name')};
    $var(from) = $au + "@" + $var(domain);
    ${unlessEmergency}route(CHECK_CALLER);
    route(CHECK_DIALLED);
}

# A tenant's own exchange, known by its address.
route[FROM_EXCHANGE] {
    $var(caller_is) = "exchange";
    $var(domain) = $(vn(owner){s.select,1,|});
    $vn(tenant) = $sht(tenants=>$var(domain));
    if ($vn(tenant) == $null) {
        $var(code) = 403;
        $var(phrase) = "Forbidden";
        $var(reason) = "unknown_tenant";
        route(REFUSE);
    }
    $var(known) = 1;
    $var(name) = ${field('tenant', tenantFields, 'name')};
    if ($fU =~ "^[+0-9A-Za-z._*-]+$") {
        $var(from) = $fU + "@" + $var(domain);
    } else {
        $var(from) = "anonymous@" + $var(domain);
    }
    ${unlessEmergency}route(CHECK_CALLER);
    route(CHECK_DIALLED);
}

# A user calls as itself, and a tenant's side within its own domain; our address stands for it, or behind the front the one at which an edge
# was called. In: $var(caller_is), $var(domain).
route[CHECK_CALLER] {
    # A caller that hides its identity is anonymous to others, but not to the SBC.
    if ($var(caller_is) == "user" && $au != $fU && !($fU =~ "^anonymous$")) {
        $var(code) = 403;
        $var(phrase) = "Not Your Address";
        $var(reason) = "foreign_address";
        route(REFUSE);
    }
    if ($(rd{s.tolower}) != $var(domain) && $rd != "${publicAddress}" && !($var(edge) == 1 && $rd =~ "^[0-9.]+$")) {
        $var(code) = 403;
        $var(phrase) = "Forbidden";
        $var(reason) = "foreign_domain";
        route(REFUSE);
    }
}

# What a tenant's side has dialled. In: $var(dialled). Out: $var(target).
route[CHECK_DIALLED] {
    if (!($var(dialled) =~ "^[+*0-9A-Za-z][0-9A-Za-z._*-]*$")) {
        $var(code) = 404;
        $var(phrase) = "Not Found";
        $var(reason) = "unknown_number";
        route(REFUSE);
    }
    $var(target) = $var(dialled);
}

# A carrier: the number that it calls names the tenant.
route[FROM_CARRIER] {
    $var(caller_is) = "carrier";
    $var(known) = 1;
    $var(kind) = "in";
    $var(trunk) = $(vn(owner){s.select,1,|});
    $vn(record) = $sht(trunks=>$var(trunk));
    # An empty number becomes 0, which matches nobody.
    $var(number) = $var(dialled);${withForms(cell, '\n    route(NUMBER_OF_CARRIER);')}
    route(INTERNATIONAL_FORM);
    $vn(did) = $sht(dids=>$var(number));
    if ($vn(did) == $null || $vn(record) == $null) {
        $var(code) = 404;
        $var(phrase) = "Not Found";
        $var(reason) = "unknown_number";
        route(REFUSE);
    }
    $var(domain) = $(vn(did){s.select,0,|});
    $var(target) = $(vn(did){s.select,1,|});
    $vn(tenant) = $sht(tenants=>$var(domain));
    if ($vn(tenant) == $null) {
        $var(code) = 404;
        $var(phrase) = "Not Found";
        $var(reason) = "unknown_tenant";
        route(REFUSE);
    }
    $var(name) = ${field('tenant', tenantFields, 'name')};
    $var(to) = $var(number);
    if ($fU =~ "^[+]?[0-9]+$") {
        $var(from) = $fU;
    } else {
        $var(from) = "anonymous";
    }
}

# 0049... and 49... become +49... In and out: $var(number).
route[INTERNATIONAL_FORM] {
    if (starts_with("$var(number)", "+")) return;
    if (starts_with("$var(number)", "00")) $var(number) = $(var(number){s.strip,2});
    $var(number) = "+" + $var(number);
}

# Where the call goes: a feature, a carrier, a user. In: $var(target), $var(domain).
route[DESTINATION] {
    $var(to) = $var(target);
    if (starts_with("$var(target)", "+") || starts_with("$var(target)", "00")) {
        $var(number) = $var(target);
        route(INTERNATIONAL_FORM);
        $var(to) = $var(number);
        $vn(did) = $sht(dids=>$var(number));
        if ($vn(did) != $null && $(vn(did){s.select,0,|}) == $var(domain)) {
            # A call to the tenant's own number does not go through a carrier.
            $var(target) = $(vn(did){s.select,1,|});
        } else {
            route(TO_CARRIER);
            return;
        }
    }
    if (starts_with("$var(target)", "*")) {
        route(TO_FEATURE);
    } else if (starts_with("$var(target)", "@exchange")) {
        route(AIM_AT_EXCHANGE);
    } else {
        route(TO_USER);
    }
    if ($(var(trunk){s.len}) > 0 && $var(kind) != "out") $var(kind) = "in";
}

# A tenant's own exchange gets the number as it was called. In: $var(number), $vn(tenant).
route[AIM_AT_EXCHANGE] {
    $ru = "sip:" + $var(number) + "@" + ${field('tenant', tenantFields, 'exchange')};
}

route[TO_USER] {
    $vn(forward) = $sht(forwards=>$var(target)@$var(domain));
    if ($vn(forward) != $null) {
        $var(goal) = ${field('forward', forwardFields, 'always')};
        if ($var(goal) != "") {
            $var(why) = "always";
            route(FORWARD);
            return;
        }
    }
    $ru = $_s(sip:$var(target)@$var(domain));
    if (!route(FIND_PHONES)) {
        if ($vn(forward) != $null) {
            $var(goal) = ${field('forward', forwardFields, 'notRegistered')};
            if ($var(goal) != "") {
                $var(why) = "notRegistered";
                route(FORWARD);
                return;
            }
        }
        # Who was added since this host booted is in the table of users from the first log-in on. A number in our tables is somebody's.
        if ($sht(users=>$var(target)@$var(domain)) == $null && $var(caller_is) != "carrier" && !($var(to) =~ "^[+]")) {
            $var(code) = 404;
            $var(phrase) = "Not Found";
            $var(reason) = "unknown_user";
        } else {
            $var(code) = 480;
            $var(phrase) = "Temporarily Unavailable";
            $var(reason) = "not_registered";
        }
        route(REFUSE);
    }
    # A phone behind NAT can only be reached over the connection that it made.
    set_forward_no_connect();
    if ($branch(count) > 0) {
        $avp(forks) = $branch(count) + 1;
        t_on_branch("FORK");
    }
    route(WATCH_FOR_FORWARD);
}

# The phones of the user whose address is in $ru. A phone whose connection has gone is not there until it has registered again. False: there
# is none.
route[FIND_PHONES] {
    if (!lookup("location")) return -1;
    if ($branch(count) > 0 || !str_ifind("$du", ";transport=t") || tcp_get_conid("$dd:$dp", "$var(connection)")) return 1;
    $du = $null;
    return -1;
}

# Anchors the media, stores the call, records our route, and sends.
route[SEND] {
    $var(relayed) = $var(id);
    $avp(id) = $var(id);
    $var(leg) = "";
    if ($avp(forks) != $null) $var(leg) = "-";
    if (!route(ANCHOR)${withEmergency(cell, ' && !($var(sos) == 1 && route(ANCHOR_ANYWHERE))')}) {
        if ($var(refused) == 1) {
            route(SAY_NOT_ACCEPTABLE);
            route(REFUSE);
        }
        $var(reason) = "no_media_host";
        $var(wait) = 5;
        route(REFUSE_BUSY);
    }
    $var(forked) = $var(leg);
    $var(hide_contact) = $var(hidden);
    route(ALIAS_CONTACT);
    route(DESCRIBE_CALLER);
    $var(hides) = "";
    if ($var(hidden) == 1) {
        $var(hides) = ";p=id";
        route(HIDE_CONTACT);
    }
    if ($var(malformed) == 1) {
        route(RELEASE_BRANCHES);
        $var(code) = 400;
        $var(phrase) = "Bad Contact";
        $var(reason) = "malformed";
        route(REFUSE);
    }
    $var(leg) = $var(forked);
    route(CALL_INVITED);
    $var(proof) = ${proof('$ci')};
    if (!record_route() || !add_rr_param(";m=$var(m);c=$var(id);k=$var(proof)$var(hides)")) {
        $var(cause) = 500;
        route(CALL_REFUSED);
        send_reply("500", "Server Internal Error");
        exit;
    }
    t_on_reply("CALL_REPLY");
    t_on_failure("CALL_FAILED");
    $var(refused) = 0;
    if (!t_relay()) {
        # Of several phones, each with an offer of its own (FORK).
        $var(unacceptable) = $var(refused);
        $var(cause) = 500;
        if ($var(unacceptable) == 1) $var(cause) = 488;
        route(CALL_REFUSED);
        if ($var(unacceptable) == 1) {
            route(SAY_NOT_ACCEPTABLE);
            prom_counter_inc("rejected_total", "1", "$var(reason)");
            send_reply("$var(code)", "$var(phrase)");
        } else {
            sl_reply_error();
        }
    }
    exit;
}

onreply_route[CALL_REPLY] {
    if ($rs == 100) return;
    route(SCREEN_HEADERS);
    $var(id) = $avp(id);${withAccounts(
      cell,
      `
    $var(ahead) = 0;
    if ($avp(challenged_at) != $null) route(COUNT_AS_CALLER);`,
    )}
    $var(relayed) = $var(id);
    $var(branch) = "";
    if ($avp(forks) != $null) {
        $var(branch) = $T_branch_idx;
        $var(relayed) = $var(id) + "-" + $var(branch);
    }
    if ($rs >= 300) {
        $var(m) = $avp(m);
        if ($avp(forks) != $null) route(RELEASE_MEDIA);
        route(CHECK_ANSWER);
        return;
    }
    route(POST_DIAL_DELAY);
    # A carrier that is ringing may continue.
    if ($rs < 200 && $avp(trunks) != $null && $avp(rings) == $null) {
        $avp(rings) = 1;
        t_set_fr(180000);
    }
    route(TAKE_ANSWER);
}

# An answer to an INVITE, which may have left through the other SBC. In: $var(id), $var(branch), $var(relayed), $avp(m), $avp(late_offer), $avp(forks).
route[TAKE_ANSWER] {
    $var(hide_contact) = 0;
    route(ALIAS_CONTACT);
    if ($tt != $null && !route(NOTE_CALLEE)) {
        route(KEEP_DESCRIPTION);
        # A final one, which can't be dropped: the call is over before anything goes on in it that no record tells. If another phone has
        # answered, it is that one's.
        $var(cause) = 500;
        route(CALL_REFUSED);
        return;
    }
    if ($rs >= 200) {
        # The caller has cancelled in the meantime, and hangs up; or, behind one carrier, two phones have answered, of which it hangs up one.
        $vn(call) = $sht(calls=>$var(id));
        if ($vn(call) == $null || ($avp(forks) == $null && ${ofCall('answered')} != "" && ${ofCall('answeredBy')} != $tt)) {
            $shtex(sides=>$var(id):$tt) = ${endedSeconds};
            route(KEEP_DESCRIPTION);
            return;
        }
    }
    route(CHECK_ANSWER);
    if ($rs < 200) return;
    if (!route(CALL_ANSWERED)) $sht(rivals=>$var(id)) = $tt + "|-" + $var(branch);
    else route(END_WITHOUT_MEDIA);
}

failure_route[CALL_FAILED] {
    # It is the other SBC's call now.
    if (($shv(active) != 1 && $avp(probe) == $null) || ASLEEP) exit;
    $var(cause) = $T_reply_code;
    $var(id) = $avp(id);
    if (t_is_canceled()) {
        $var(cause) = 487;${withAccounts(
          cell,
          `
    } else if ($avp(trunks) != $null && t_check_status("401|407") && route(CHALLENGE_OF_CALL) && uac_auth() && route(LOG_IN_TO_CARRIER)) {
        exit;`,
        )}
    } else if ($avp(trunks) != $null && $avp(probe) == $null && route(MAY_TRY_ANOTHER_TRUNK)) {
        if (route(OTHER_TRUNK)) exit;
        if (t_branch_timeout()) $var(cause) = 503;
    } else if ($avp(feature) != $null && (t_check_status("503") || t_branch_timeout())) {
        if (route(OTHER_FEATURE_HOST)) exit;
        $var(cause) = 480;
    } else if ($avp(forwarder) != $null && route(FORWARD_UNTAKEN)) {
        exit;
    }
    route(CALL_REFUSED);${withEmergency(cell, '\n    if ($avp(sos) != $null && $avp(probe) == $null) route(EMERGENCY_FAILED);')}
    route(ANSWER_IN_ITS_PLACE);
}

# Answers of a callee that the caller does not get. 503 says of a carrier or a phone what the caller would take for said of us (RFC
# 3261, section 16.7). A challenge would ask the caller for a password that the callee must not see. Nobody calls where a
# callee points to. In: $var(cause).
route[ANSWER_IN_ITS_PLACE] {
    if ($var(cause) == 480 && $avp(feature) != $null) {
        append_to_reply("Retry-After: 5\\r\\nReason: Q.850;cause=${q850.congestion};text=\\"no_feature_host\\"\\r\\n");
        t_reply("480", "Temporarily Unavailable");
    } else if ($avp(trunks) == $null && $var(cause) >= 300 && $var(cause) < 400) {
        # The target does not exist, or its user may not call it.
        t_reply("480", "Temporarily Unavailable");
    } else if ($var(cause) == 503 || $var(cause) == 401 || $var(cause) == 407 || ($var(cause) >= 300 && $var(cause) < 400)) {
        append_to_reply("Reason: SIP;cause=$var(cause)\\r\\n");
        t_reply("500", "Not Taken");
    }
}
`,
  };
}
