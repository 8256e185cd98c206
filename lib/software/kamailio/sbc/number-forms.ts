import type { Cell } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { formRow, rowValue, usualForm } from './table-rows.ts';
import { field, formFields } from './tables.ts';

/** Whether a carrier of the cell has a form of its own: only then its SBCs have these routes, and others ask them. */
export const hasForms = ({ spec }: Cell): boolean =>
  spec.trunks.some((trunk) => rowValue(formRow, trunk) !== usualForm);

/** Lines of a route where the cell has such a carrier; nothing elsewhere. */
export const withForms = (cell: Cell, text: string): string => (hasForms(cell) ? text : '');

const form = (name: (typeof formFields)[number]) => field('form', formFields, name);

/**
 * Carriers with forms of their own. Inside the cell every number is E.164 with its plus sign. What a carrier receives is written when an
 * attempt leaves for it, in a branch route: the next carrier of the same call may want another form.
 */
export function numberForms(_cell: Cell): Section {
  const publicAddress = late(values.publicAddress.name);
  return {
    title: 'Number forms of carriers',
    text: String.raw`
# Spec: trunks.numbers. In: $vn(form), null for the usual one; $var(formed), a number in E.164. Out: $var(formed), as the carrier writes it.
route[FORM_NUMBER] {
    if ($vn(form) == $null || !($var(formed) =~ "^[+]")) return;
    if (${form('form')} == "digits") {
        $var(formed) = $(var(formed){s.strip,1});
    } else if (${form('form')} == "national" || ${form('form')} == "international") {
        $var(home) = "+" + ${form('country')};
        $var(rest) = "";
        if (${form('form')} == "national" && $(var(home){s.len}) > 1 && starts_with("$var(formed)", "$var(home)")) {
            $var(skip) = $(var(home){s.len});
            $var(rest) = $(var(formed){s.substr,$var(skip),0});
        }
        # What does not begin as a national number would turn into one of another country behind the trunk prefix: 0 and 0044, 8 and 1044.
        if ($var(rest) =~ "^[2-9]" || ($var(rest) =~ "^1" && $var(home) != "+7") || ($var(rest) =~ "^0[1-9]" && $var(home) == "+39" && ${form('trunkPrefix')} == "")) {
            $var(formed) = ${form('trunkPrefix')} + $var(rest);
        } else {
            $var(formed) = "00" + $(var(formed){s.strip,1});
        }
    }
}

# The number that a carrier is asked to call. In: $var(trunk), $var(to). Out: $var(called).
route[FORM_CALLED] {
    $vn(form) = $sht(forms=>$var(trunk));
    $var(formed) = $var(to);
    route(FORM_NUMBER);
    $var(called) = $var(formed);
    if ($vn(form) != $null && $var(called) =~ "^[+]?[0-9]+$") $var(called) = ${form('prefix')} + $var(called);
    $avp(form_of) = $var(trunk);
}

# A number from a carrier: national ones get their country. In and out: $var(number). In: $var(trunk).
route[NUMBER_OF_CARRIER] {
    $vn(form) = $sht(forms=>$var(trunk));
    if ($vn(form) == $null) return;
    $var(strip) = ${form('strip')};
    $var(skip) = $(var(strip){s.len});
    if ($var(skip) > 0 && starts_with("$var(number)", "$var(strip)")) $var(number) = $(var(number){s.substr,$var(skip),0});
    if (${form('country')} == "" || $var(number) =~ "^([+]|00)" || ${form('form')} != "national") return;
    $var(strip) = ${form('trunkPrefix')};
    $var(skip) = $(var(strip){s.len});
    if (!starts_with("$var(number)", "$var(strip)")) return;
    if ($var(skip) > 0) $var(number) = $(var(number){s.substr,$var(skip),0});
    $var(number) = "+" + ${form('country')} + $var(number);
}

# What the carrier of an attempt learns of the caller, see IDENTITY and SHOW_DIVERTER. In: $avp(form_of), its trunk; $avp(told_caller), the number that the cell
# asserts, or empty; $avp(told_shown), what stands in From; $avp(told_diverter), $avp(told_reason), $avp(told_cause), $avp(told_to).
branch_route[TELL_CARRIER] {
    route(TELL_IN_FORM);
}

# In a branch route.
route[TELL_IN_FORM] {
    $vn(form) = $sht(forms=>$avp(form_of));
    $var(identity) = "p-asserted-identity";
    $var(diversions) = "both";
    if ($vn(form) != $null) {
        $var(identity) = ${form('identity')};
        $var(diversions) = ${form('diversion')};
    }
    $var(formed) = $avp(told_caller);
    if ($var(formed) != "") {
        route(FORM_NUMBER);
        if ($var(identity) == "p-asserted-identity") append_hf("P-Asserted-Identity: <sip:$var(formed)@${publicAddress}>\r\n");
        $var(privacy) = "off";
        if ($avp(hidden) == 1) $var(privacy) = "full";
        if ($var(identity) == "remote-party-id") append_hf("Remote-Party-ID: <sip:$var(formed)@${publicAddress}>;party=calling;screen=yes;privacy=$var(privacy)\r\n");
    }
    $var(display) = "";
    $var(shown) = "sip:anonymous@anonymous.invalid";
    if ($avp(hidden) == 1) {
        $var(display) = "\"Anonymous\"";
    } else if ($avp(told_shown) != "") {
        $var(formed) = $avp(told_shown);
        route(FORM_NUMBER);
        $var(shown) = "sip:" + $var(formed) + "@${publicAddress}";
    }
    # From of a caller who hides is replaced before the first attempt, see IDENTITY: twice would damage it.
    if (($avp(hidden) != 1 || $avp(shown) == $null) && !uac_replace_from("$var(display)", "$var(shown)")) drop;
    if (!uac_replace_to("", "sip:$rU@${publicAddress}")) drop;
    if ($avp(told_diverter) == $null) return;
    $var(formed) = $avp(told_diverter);
    route(FORM_NUMBER);
    $var(shown) = "sip:" + $var(formed) + "@${publicAddress}";
    if ($var(diversions) == "both" || $var(diversions) == "diversion") append_hf("Diversion: <$var(shown)>;reason=$avp(told_reason);counter=1\r\n");
    if ($var(diversions) == "both" || $var(diversions) == "history-info")
        append_hf("History-Info: <$var(shown)>;index=1, <sip:$rU@${publicAddress};cause=$avp(told_cause)>;index=1.1\r\n");
}
`,
  };
}
