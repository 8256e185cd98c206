import type { Cell } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { ofCall } from './call-entry.ts';
import { withEmergency } from './with-emergency.ts';
import { q850 } from './limits.ts';
import { hasOutbound, isBarred } from './outbound.ts';
import { hasForms, withForms } from './number-forms.ts';
import { field, tenantFields, trunkFields } from './tables.ts';

/** Causes by ITU-T Q.850 with which a network says what the callee or its number is, and not how the network is. */
const definiteCauses = [1, 16, 17, 18, 19, 22, 28] as const;

/** Seconds after which a carrier that only tries is given up: about twice the 11 s that ITU-T E.721 allows an international call. */
export const ringingSeconds = 20;

/** Where the cell's file has prices. */
const cheapestFirst = `# Spec: routing.prices. In: $var(to), the number; $var(list), the tenant's trunks, empty for all. Out: $var(list), those of them that the longest prefix of
# the number names, the cheapest first; as it was if there is no such prefix.
route[CHEAPEST_FIRST] {
    $vn(lengths) = $sht(routes=>lengths);
    if ($vn(lengths) == $null) return;
    $vn(routes) = $null;
    $var(i) = 0;
    $var(length) = $(vn(lengths){s.select,0,:}{s.int});
    while ($var(length) > 0) {
        $var(prefix) = $(var(to){s.substr,0,$var(length)});
        $vn(routes) = $sht(routes=>$var(prefix));
        if ($vn(routes) != $null) break;
        $var(i) = $var(i) + 1;
        $var(length) = $(vn(lengths){s.select,$var(i),:}{s.int});
    }
    if ($vn(routes) == $null) return;
    if ($var(list) == "") {
        $var(list) = $vn(routes);
        return;
    }
    $var(own) = $var(list);
    $var(list) = "";
    $var(i) = 0;
    $var(trunk) = $(vn(routes){s.select,0,:});
    while ($var(trunk) != "") {
        if (in_list("$var(trunk)", "$var(own)", ":")) {
            if ($var(list) != "") $var(list) = $var(list) + ":";
            $var(list) = $var(list) + $var(trunk);
        }
        $var(i) = $var(i) + 1;
        $var(trunk) = $(vn(routes){s.select,$var(i),:});
    }
    if ($var(list) == "") $var(list) = $var(own);
}

`;

/** Calls out to carriers: the tenant's trunks in their order, the next one when a trunk is busy or silent. */
export function carriers(cell: Cell): Section {
  const called = hasForms(cell) ? '$var(called)' : '$var(to)';
  return {
    title: 'Calls to carriers',
    text: `
modparam("uac", "restore_mode", "auto")
modparam("uac", "restore_passwd", "${late(values.topologySecret.name)}")

# In: $var(number), $vn(tenant). (What it learns of the caller: IDENTITY.)
route[TO_CARRIER] {
    if (($var(trunk) != "" && $var(diverter) == "") || !($var(number) =~ "^[+][1-9][0-9]{6,14}$")) {
        # A carrier's call does not leave through a carrier, but where the tenant forwards it.
        $var(code) = 404;
        $var(phrase) = "Not Found";
        $var(reason) = "unknown_number";
        route(REFUSE);
    }
${hasOutbound(cell) ? `    if (${isBarred(cell)}) route(REFUSE_OUTBOUND);\n` : ''}    $var(kind) = "out";
    # Then it counts on the trunk by which it leaves.
    if ($var(holds_trunk) != "") $var(n) = $shtdec(load=>k:$var(holds_trunk));
    $var(holds_trunk) = "";
    $var(reason) = "no_trunk";
    $var(q850) = ${q850.noCircuit};
    $var(wait) = 5;
    route(FIND_TRUNK);
    if ($var(trunk) == "") {
        $var(code) = 500;
        $var(phrase) = "No Trunk Takes The Call";
        route(REFUSE_AT_LIMIT);
    }
    # Media towards a carrier is plain RTP.
    $var(flags) = $var(flags) + " RTP/AVP";
}

# The first of the tenant's trunks that takes the call. In: $vn(tenant). Out: $var(trunk), empty if none does; $ru, $du.
route[FIND_TRUNK] {
    $var(list) = ${field('tenant', tenantFields, 'trunks')};
${cell.spec.routing === undefined ? '' : '    route(CHEAPEST_FIRST);\n'}    if ($var(list) == "") $var(list) = $sht(trunks=>*);
    $avp(trunks) = $var(list);
    $avp(trunk_index) = 0;
    if (!route(NEXT_TRUNK)) $var(trunk) = "";
}

${cell.spec.routing === undefined ? '' : cheapestFirst}# The first trunk of $avp(trunks) from $avp(trunk_index) on that takes the call. Out: $var(trunk), $ru, $du.
route[NEXT_TRUNK] {
    $var(i) = $avp(trunk_index);
    $var(trunk) = $(avp(trunks){s.select,$var(i),:});
    while ($var(trunk) != "") {
        $var(i) = $var(i) + 1;
        $avp(trunk_index) = $var(i);
        $var(following) = $(avp(trunks){s.select,$var(i),:});
        $vn(record) = $sht(trunks=>$var(trunk));
        $var(host) = ${field('record', trunkFields, 'address')};
        route(CHOOSE_ADDRESS);
        # One that was silent a moment ago is not tried again while there is another.
        if ($vn(address) != "" && ($var(following) == "" || $var(quiet) == 0) && route(ADMIT_TRUNK)) {
            $avp(trunk_address) = $vn(address);
            $var(way) = ":" + ${field('record', trunkFields, 'port')} + ";transport=" + ${field('record', trunkFields, 'transport')};
${withForms(cell, '            route(FORM_CALLED);\n')}            $ru = "sip:" + ${called} + "@" + $var(host) + $var(way);${withEmergency(
      cell,
      `
            # Spec: emergency.form
            if ($avp(sos_uri) != $null) $ru = $avp(sos_uri);`,
    )}
            # Over TLS its certificate must have this name, or this address.
            if (${field('record', trunkFields, 'transport')} == "tls") $xavp(tls=>server_name) = $var(host);
            $du = "sip:" + $vn(address) + $var(way);
            # A carrier says within 3 s that it tries, and within ${ringingSeconds} that it rings.
            t_set_fr(${ringingSeconds * 1000}, 3000);
            $avp(rings) = $null;
            return 1;
        }
        $var(trunk) = $var(following);
    }
    return -1;
}

# The first address of a trunk that was not silent a moment ago, or else the first. In: $vn(record), $var(trunk). Out: $vn(address), empty
# if its name has not been resolved yet; $var(quiet), 1 if all were silent.
route[CHOOSE_ADDRESS] {
    $vn(addresses) = ${field('record', trunkFields, 'address')};
    if (${field('record', trunkFields, 'kind')} == "name") $vn(addresses) = $sht(resolved=>$var(trunk));
    $var(quiet) = 1;
    $vn(address) = "";
    if ($vn(addresses) == $null) return;
    $var(j) = 0;
    $var(one) = $(vn(addresses){s.select,0,:});
    $vn(address) = $var(one);
    while ($var(one) != "") {
        if ($sht(silent=>$var(one)) == $null) {
            $vn(address) = $var(one);
            $var(quiet) = 0;
            return;
        }
        $var(j) = $var(j) + 1;
        $var(one) = $(vn(addresses){s.select,$var(j),:});
    }
}

# A carrier has refused the call or not answered: whether another one may be tried. The callee's own answer is final: a Reason of the
# network shows it (RFC 6432: no such number, cleared, busy, no answer, number changed or invalid), and so does a time-out after the callee
# has rung. A carrier that asks for credentials (401, 407) or redirects (3xx) addresses the SBC, and nobody behind it: both are
# refusals. True if so.
route[MAY_TRY_ANOTHER_TRUNK] {
    if (t_branch_timeout()) {
        if ($avp(rings) == $null) return 1;
        return -1;
    }${withEmergency(
      cell,
      `
    # Whatever one of the emergency services says, another may take the call.
    if ($avp(sos) != $null) return 1;`,
    )}
    if (t_check_status("3[0-9][0-9]|401|407")) return 1;
    if (t_check_status("408") && $avp(rings) != $null) return -1;
    if ($T_rpl($hdr(Reason)) =~ "Q[.]850[^,]*cause *= *(${definiteCauses.join('|')})([^0-9]|$)") return -1;
    # Spec: trunks.failOverOn
    $vn(call) = $sht(calls=>$var(id));
    $var(old) = ${ofCall('trunk')};
    $vn(record) = $sht(trunks=>$var(old));
    $var(statuses) = ${field('record', trunkFields, 'failOverOn')};
    if ($var(statuses) != "" && in_list("$T_reply_code", "$var(statuses)", ":")) return 1;
    return -1;
}

# After that. True: on its way over the next trunk.
route[OTHER_TRUNK] {
    $vn(call) = $sht(calls=>$var(id));
    $var(old) = ${ofCall('trunk')};
    $var(to) = ${ofCall('to')};
    if (t_branch_timeout()) {
        $sht(silent=>$avp(trunk_address)) = 1;
        # Another address of the same carrier first.
        $var(trunk) = $var(old);
        $vn(record) = $sht(trunks=>$var(trunk));
        route(CHOOSE_ADDRESS);
        if ($var(quiet) == 0) $avp(trunk_index) = $avp(trunk_index) - 1;
    }
    # The last one counts when the call ends.
    if (!route(NEXT_TRUNK)) return -1;
    prom_counter_inc("seizures_total", "1", "network", "$var(old)");
    $var(n) = $shtdec(load=>k:$var(old));
    route(CALL_MOVED_TO_TRUNK);
    if (route(SEND_TO_CARRIER)) return 1;
    return -1;
}

# A further attempt of a call at a carrier. That of a call that a phone has not taken is offered in FORK; the flags are of this process,
# which may have had other calls since. In: $var(id), $ru, $du. True: on its way.
route[SEND_TO_CARRIER] {
    if ($avp(shown) != $null) {
        route(OFFER_FLAGS_OF_CALL);
        $var(flags) = $var(flags) + " RTP/AVP";
        t_on_branch("FORK");
    }${withForms(cell, '\n    if ($avp(told_caller) != $null && $avp(shown) == $null) t_on_branch("TELL_CARRIER");')}
    t_on_reply("CALL_REPLY");
    t_on_failure("CALL_FAILED");
    $var(refused) = 0;
    if (t_relay()) return 1;
    return -1;
}

# Carriers that are known by name: a process of its own asks DNS, so that no call does. Twice a minute for all of them, each second
# for those that have no address yet.
modparam("rtimer", "timer", "name=names;interval=1;mode=1;")
modparam("rtimer", "exec", "timer=names;route=RESOLVE_CARRIERS")
route[RESOLVE_CARRIERS] {
    $var(tick) = ($var(tick) + 1) mod 30;
    $var(list) = $sht(trunks=>*);
    $var(i) = 0;
    $var(trunk) = $(var(list){s.select,0,:});
    while ($var(trunk) != "") {
        $vn(record) = $sht(trunks=>$var(trunk));
        if (${field('record', trunkFields, 'kind')} == "name" && ($var(tick) == 1 || $sht(resolved=>$var(trunk)) == $null)) {
            $var(host) = ${field('record', trunkFields, 'address')};
            if (dns_query("$var(host)", "carrier")) {
                $var(addresses) = "";
                $var(k) = 0;
                while ($var(k) < $dns(carrier=>count)) {
                    $vn(address) = $dns(carrier=>addr[$var(k)]);
                    $sht(resolved=>$vn(address)) = "trunk|" + $var(trunk);
                    if ($var(k) > 0) $var(addresses) = $var(addresses) + ":";
                    $var(addresses) = $var(addresses) + $vn(address);
                    $var(k) = $var(k) + 1;
                }
                # An address that it no longer has is soon somebody else's.
                $vn(addresses) = $sht(resolved=>$var(trunk));
                $sht(resolved=>$var(trunk)) = $var(addresses);
                $var(k) = 0;
                $var(one) = "";
                if ($vn(addresses) != $null) $var(one) = $(vn(addresses){s.select,0,:});
                while ($var(one) != "") {
                    if (!in_list("$var(one)", "$var(addresses)", ":")) $sht(resolved=>$var(one)) = $null;
                    $var(k) = $var(k) + 1;
                    $var(one) = $(vn(addresses){s.select,$var(k),:});
                }
            } else {
                xlog("L_WARN", "trunk $var(trunk): $var(host) does not resolve\\n");
            }
        }
        $var(i) = $var(i) + 1;
        $var(trunk) = $(var(list){s.select,$var(i),:});
    }
}
`,
  };
}
