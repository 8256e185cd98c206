import type { Cell } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { withEmergency } from './with-emergency.ts';
import { withForms } from './number-forms.ts';
import { ofSide } from './call-entry.ts';
import { field, tenantFields } from './tables.ts';

/**
 * Headers that pass between a tenant and whoever is outside of it (a carrier, FreeSWITCH), in both directions and in answers. No other
 * does: an identity is asserted by the SBC alone (RFC 3325), which phone it is and what it shall do is nobody's business, and a
 * header that nobody here knows may mean something to the other side.
 */
export const crossingHeaders: readonly string[] = [
  // What makes a SIP message (RFC 3261, section 20), with the short names of RFC 3261, section 7.3.3.
  ...['Via', 'v', 'Route', 'Record-Route', 'Max-Forwards', 'From', 'f', 'To', 't', 'Call-ID', 'i', 'CSeq'],
  ...['Contact', 'm', 'Content-Type', 'c', 'Content-Length', 'l', 'Content-Encoding', 'e', 'Content-Disposition'],
  ...['Content-Language', 'MIME-Version', 'Accept', 'Accept-Encoding', 'Accept-Language', 'Allow', 'Supported', 'k'],
  ...['Require', 'Unsupported', 'Date', 'Timestamp', 'Expires', 'Min-Expires', 'Retry-After', 'Warning'],
  // Provisional answers (RFC 3262), early media (RFC 5009), session timers (RFC 4028), the reason of an end (RFC 3326).
  ...['RAck', 'RSeq', 'P-Early-Media', 'Session-Expires', 'x', 'Min-SE', 'Reason'],
  // Transfers and reports on them (RFC 3515, 3891, 4488), key presses (RFC 6086).
  ...['Refer-To', 'r', 'Refer-Sub', 'Replaces', 'Event', 'o', 'Allow-Events', 'u', 'Subscription-State'],
  ...['Recv-Info', 'Info-Package'],
  // By which the masking of the topology tells itself whether a message has been unmasked.
  'TH',
];

/**
 * Headers that do not pass between two phones of a tenant either: who somebody is, what becomes of a call that was diverted, and
 * credentials say the SBCs. All else is between the two: an intercom may answer by itself there.
 */
export const heldHeaders: readonly string[] = [
  ...['P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID', 'Identity', 'y', 'Privacy', 'Diversion'],
  ...['History-Info', 'P-Called-Party-ID', 'P-Charging-Vector', 'Authorization', 'Proxy-Authorization'],
];

/** Who calls, as the other side sees it: RFC 3323, 3325, 5876. */
export function identity(cell: Cell): Section {
  const publicAddress = late(values.publicAddress.name);
  return {
    title: 'Who calls, as others see it',
    text: String.raw`
# The domain of a caller whose From is sip:anonymous@anonymous.invalid (RFC 3323, section 4.1.1.3): what it prefers to be called (RFC 3325,
# section 9.2), what it logs in to, or the domain that it calls. Out: $var(domain).
route[DOMAIN_OF_ANONYMOUS] {
    if ($hdr(P-Preferred-Identity) != $null) $var(domain) = $(hdr(P-Preferred-Identity){nameaddr.uri}{uri.host}{s.tolower});
    if ($sht(tenants=>$var(domain)) != $null) return;
    if ($ar != $null) $var(domain) = $(ar{s.tolower});
    if ($sht(tenants=>$var(domain)) != $null) return;
    $var(domain) = $(rd{s.tolower});
}

# Writes who calls: the number to carriers, what is known to a tenant's side, and nothing where it must not be shown. Whoever wrote
# an identity into the request, it goes, and what comes is ours. In: $var(caller_is) (user, exchange, carrier), $var(from), $var(to),
# $var(domain), $vn(tenant), $avp(trunks). Out: $var(hidden), 1 if the callee must not know who calls.
route[IDENTITY] {
    $var(hidden) = 0;
    if ($fU =~ "^anonymous$" || $(fd{s.tolower}) == "anonymous.invalid"
            || is_present_hf("Privacy") && $hdr(Privacy) =~ "(^|[ ;,])(id|user|header)([ ;,]|$)") $var(hidden) = 1;${withEmergency(
              cell,
              `
    # Emergency services must be able to call back.
    if ($var(sos) == 1) $var(hidden) = 0;`,
            )}
    $var(asserted) = "";
    $var(shown) = "";
    if ($avp(trunks) != $null && $(var(diverter){s.len}) > 0 && $var(caller_is) == "carrier") {
        # Forwarded to the outside: the number that we can answer for is that of who forwards; the caller's own stays in sight.
        if ($vn(diverting) != "") $var(asserted) = "sip:" + $vn(diverting) + "@${publicAddress}";
        if ($var(from) =~ "^[+]?[0-9]+$") $var(shown) = "sip:" + $var(from) + "@${publicAddress}";
    } else if ($avp(trunks) != $null) {
        route(NUMBER_OF_CALLER);
        if ($vn(caller) != "") $var(asserted) = $_s(sip:$vn(caller)@${publicAddress});
    } else if ($var(caller_is) == "carrier") {
        # A carrier is trusted to assert identities (RFC 3325, section 2.3): who calls is what it asserts, or else what From says.
        $var(number) = $var(from);
        if ($hdr(P-Asserted-Identity) != $null) {
            $var(number) = $(hdr(P-Asserted-Identity){nameaddr.uri}{uri.user}{s.select,0,;});
            if (!($var(number) =~ "^[+]?[0-9]+$")) $var(number) = $var(from);
        }
        if ($var(number) =~ "^[+]?[0-9]+$") $var(asserted) = $_s(sip:$var(number)@${publicAddress});
    }
    # (Within a tenant, From is proved: the caller has logged in as that user.)
    if ($avp(trunks) != $null || $var(kind) != "user") $avp(border) = 1;
    route(SCREEN_HEADERS);
${withForms(
  cell,
  String.raw`
    if ($avp(trunks) != $null) {
        # Each attempt says it in the form of its carrier, see TELL_CARRIER.
        if ($var(shown) == "") $var(shown) = $var(asserted);
        $avp(told_caller) = "";
        if ($(var(asserted){s.len}) > 0) $avp(told_caller) = $(var(asserted){uri.user});
        $avp(told_shown) = "";
        if ($(var(shown){s.len}) > 0) $avp(told_shown) = $(var(shown){uri.user});
        if ($var(hidden) == 1) {
            append_hf("Privacy: id\r\n");
            $avp(hidden) = 1;
        }
        t_on_branch("TELL_CARRIER");
        return;
    }
`,
)}
    # A carrier gets the number even if it may not show it; a phone does not (RFC 3325, sections 5 and 7).
    if ($(var(asserted){s.len}) > 0 && ($var(hidden) == 0 || $avp(trunks) != $null)) append_hf("P-Asserted-Identity: <$var(asserted)>\r\n");
    # A phone that may see who calls gets From and To as they are.
    if ($var(hidden) == 0 && $avp(trunks) == $null) return;
    if ($var(shown) == "") $var(shown) = $var(asserted);
    $var(display) = "";
    if ($var(hidden) == 1) {
        append_hf("Privacy: id\r\n");
        $var(display) = "\"Anonymous\"";
        $var(shown) = "";
        $avp(hidden) = 1;
    }
    if ($var(shown) == "") $var(shown) = "sip:anonymous@anonymous.invalid";
    # Carriers do not learn the tenant's domain or what the phone calls itself. What can't be hidden does not go out.
    if (!uac_replace_from("$var(display)", "$var(shown)")) route(REFUSE_UNHIDDEN);
    if ($avp(trunks) != $null && !uac_replace_to("", "sip:$var(to)@${publicAddress}")) route(REFUSE_UNHIDDEN);
}

route[REFUSE_UNHIDDEN] {
    $var(code) = 500;
    $var(phrase) = "Server Internal Error";
    $var(reason) = "not_hidden";
    route(REFUSE);
}

# The number that an outgoing call shows: the one that the caller asks for, if it is the caller's own; else the number that the database has for the
# user, or the tenant's first one. A user's own are those that ring at the user; an exchange's are all of its tenant.
# Out: $vn(caller), empty if there is none.
route[NUMBER_OF_CALLER] {${withEmergency(
      cell,
      `
    if ($var(sos) == 1 && $(var(callback){s.len}) > 0) {
        # Spec: tenants.sites.callback
        $vn(caller) = $var(callback);
        return;
    }`,
    )}
    $var(own) = $var(domain) + "|" + $(var(from){s.select,0,@});
    if ($hdr(P-Preferred-Identity) != $null) {
        $var(number) = $(hdr(P-Preferred-Identity){nameaddr.uri}{uri.user});
        if (route(OWNS_NUMBER)) return;
    }
    if ($var(caller_is) == "exchange") {
        if ($hdr(P-Asserted-Identity) != $null) {
            $var(number) = $(hdr(P-Asserted-Identity){nameaddr.uri}{uri.user});
            if (route(OWNS_NUMBER)) return;
        }
        $var(number) = $fU;
        if (route(OWNS_NUMBER)) return;
    }
    $vn(caller) = $sht(callers=>$var(from));
    if ($vn(caller) == $null) $vn(caller) = ${field('tenant', tenantFields, 'number')};
}

# In: $var(number). True: it is the caller's, in $vn(caller).
route[OWNS_NUMBER] {
    if (!($var(number) =~ "^[+]?[0-9]+$")) return -1;
    route(INTERNATIONAL_FORM);
    $vn(did) = $sht(dids=>$var(number));
    if ($vn(did) == $null) return -1;
    if ($vn(did) != $var(own) && ($var(caller_is) != "exchange" || $(vn(did){s.select,0,|}) != $var(domain))) return -1;
    $vn(caller) = $var(number);
    return 1;
}

# Removes from a message what the other side must not receive. In: $avp(border), 1 between a tenant and somebody outside of it.
route[SCREEN_HEADERS] {
    if ($avp(border) == 1) {
        # It keeps what makes a SIP message unasked, which is most of what there is; an expression for each would take its time.
        keep_hf("^(${crossingHeaders.join('|')})$");
    } else {
        remove_hf_re("^(${heldHeaders.join('|')})$");
    }
}

# Hides the user part in the Contact of a side that hides (RFC 3323, section 4.1): it comes back as this one, and REVEAL_CONTACT knows whose it
# is. In: $var(contact_alias).
route[HIDE_CONTACT] {
    if ($ct == $null) return;
    $var(contact) = $(ct{nameaddr.uri}{re.subst,/^(sips?:)([^@]*@)?/\1anonymous@/i});
    if ($var(contact_alias) == 1) {
        $var(transport) = 1;
        if (proto == TCP) $var(transport) = 2;
        if (proto == TLS) $var(transport) = 3;
        $var(contact) = $var(contact) + ";alias=" + $si + "~" + $sp + "~" + $var(transport);
    }
    remove_hf("Contact");
    append_hf("Contact: <$var(contact)>\r\n");
}

# In: $vn(receiver), the side of the caller.
route[REVEAL_CONTACT] {
    $var(target) = ${ofSide('target', 'vn(receiver)')};
    $var(user) = $(var(target){uri.user});
    if ($var(user) == "") $rU = $null;
    else $rU = $var(user);
}
`,
  };
}
