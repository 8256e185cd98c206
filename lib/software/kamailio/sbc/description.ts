import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { insideRanges } from '../../../fleet/derive/inside.ts';
import { neverOutside } from '../../../fleet/schema/fixed.ts';
import { formatRange, parseRange, privateRanges, type Range } from '../../../fleet/range.ts';
import { withEmergency } from './with-emergency.ts';
import { selfAddress } from './call-entry.ts';
import { findOwner } from './screen.ts';
import type { Section } from '../common/section.ts';
import { addressPattern, beginsWithNoneOf } from './address-pattern.ts';

const eol = '\\r?\\n';
const word = '[^ \\n]+';
/** What a body is answered with that nobody here can read. */
const unknownBody = `{
        route(UNKNOWN_BODY);
        return -1;
    }`;
/** On hold, as RFC 2543 had it; rtpengine sends nothing there. */
const onHold = '0[.]0[.]0[.]0';

/**
 * A session description whose addresses are all outside the ranges, alone or as a part of a multipart body, in the text that
 * DESCRIPTION makes of a body. All lines of SDP are in it (RFC 8866, section 5), and of the attributes all but those that
 * ICE has; what rtpengine reads an address from has one form only.
 */
function descriptionPattern(excluded: readonly Range[]): string {
  const address = `IN IP4 (${onHold}|${addressPattern(excluded)})`;
  const line = [
    '[bikprstuez]=[^\\n]*\\n',
    `o=${word} ${word} ${word} (${word} )*IN IP[46] ${word}\\n`,
    `m=${word} [0-9]+(/[0-9]+)? [^\\n]+\\n`,
    `c=${address}${eol}`,
    `a=${beginsWithNoneOf(['rtcp:', 'candidate', 'ice-'])}\\n`,
    `a=rtcp:[0-9]+( ${address})?${eol}`,
  ].join('|');
  return `^(--.*\\n${eol})?v=0${eol}(${line})+(${eol})*(--.*)?$`;
}

/**
 * A description of what most calls are: audio by codecs that know no silence suppression, and public addresses alone. It is a
 * `descriptionPattern` in which nothing of that kind can stand, so that a call costs one match.
 */
function usualPattern(excluded: readonly Range[]): string {
  // Neither 4, 13 nor 18: G.723, comfort noise, G.729 (RFC 3551, section 6).
  const payload = '([0-35-9]|1[0-24-79]|[2-9][0-9]|1[0-2][0-9])';
  const attribute = [
    'sendrecv|sendonly|recvonly|inactive|(max)?ptime:[0-9]+',
    'rtpmap:[0-9]+ (PCM[AU]|G722|telephone-event)/[0-9/]+',
    'fmtp:[0-9]+ [0-9,-]+',
  ].join('|');
  const line = [
    '[bikprstuez]=[^\\n]*\\n',
    `o=${word} ${word} ${word} (${word} )*IN IP[46] ${word}\\n`,
    `m=audio [0-9]+ ${word}( ${payload})+${eol}`,
    `c=IN IP4 (${onHold}|${addressPattern(excluded)})${eol}`,
    `a=(${attribute})${eol}`,
  ].join('|');
  return `^v=0${eol}(${line})+(${eol})*$`;
}

/** What may pass as a session description, and whereto it may lead: the one place that looks at a body. */
export function description(cell: Cell, host: SbcHost): Section {
  const inside = insideRanges(cell).map(parseRange);
  const never = neverOutside.map(parseRange);
  return {
    title: 'Session descriptions',
    text: `
# The relay sends where a description says: one that names an address inside the cell would make it our own hosts' enemy. So only
# what is known to be harmless passes, in the one form that this script and rtpengine read alike: "c=IN IP4 192.0.2.1", a plain
# dotted quad. Each pattern is a whole description. A phone that says 0.0.0.0 holds the call (RFC 2543).
# Most calls: it has nothing that silence suppression needs.
#!define USUAL_DESCRIPTION "${usualPattern([...inside, ...privateRanges])}"
# All addresses are public ones.
#!define PUBLIC_DESCRIPTION "${descriptionPattern([...inside, ...privateRanges])}"
# They may be private, but not the cell's own. Spec: network
#!define OUTSIDE_DESCRIPTION "${descriptionPattern(inside)}"
# They may be private, the cell's own among them: the phone is behind NAT.
#!define PRIVATE_DESCRIPTION "${descriptionPattern(never)}"

# What the message's body is. A body without a description passes if it is certain that there is none in it, a description if the
# relay can rewrite it where it stands: alone, or as the only one of multipart/mixed, whose other parts are kept.
# Out: $var(description), 1 if there is one; $var(usual), 1 if it allows no silence suppression for certain; $var(learn), a flag for rtpengine.
# False: it must not pass. Out: $var(code), $var(phrase), $var(reason).
route[DESCRIPTION] {
    $var(description) = 0;
    $var(usual) = 0;
    $var(learn) = "";
    if ($bs == 0) return 1;
    # Bytes beyond Content-Length, a second Content-Type, a compressed body: others may see a description where we see none.
    if ($bs != $cl || $hdrc(Content-Type) != 1 || is_present_hf("Content-Encoding")) ${unknownBody}
    # A regular expression ends at a zero byte, rtpengine does not: it is written as \\0. ISUP has such bytes.
    $var(body) = $(rb{s.escape.common}) + "\\n";
    if ($cT == "application/sdp" || $cT =~ "^application/sdp[ \\t]*(;.*)?$") {
        if (!starts_with("$var(body)", "v=0")) ${unknownBody}
    } else if ($cT =~ "^multipart/mixed[ \\t]*;[ \\t]*boundary=(\\"[^\\"]+\\"|[^\\" \\t;]+)$") {
        # Two descriptions, parts within parts, encoded parts: rtpengine's module rewrites the first description that it sees.
        if ($var(body) =~ "\\nv=0.*\\nv=0|/[ \\t]*sdp.*/[ \\t]*sdp|\\ncontent-type[^\\n]*(multipart|message)|base64|quoted-printable") ${unknownBody}
        if (!($var(body) =~ "/[ \\t]*sdp|\\nv=0")) return 1;
        if (!($var(body) =~ "^--.*\\ncontent-type:[ \\t]*application/sdp[ \\t]*(;[^\\n]*)?${eol}([^\\r\\n][^\\n]*\\n)*${eol}v=0")) ${unknownBody}
    } else {
        if ($cT =~ "sdp|^multipart" || $var(body) =~ "(^|\\n)v=0") ${unknownBody}
        return 1;
    }
    $var(description) = 1;
    # A stream as the last line, without its end, or with one that belongs to the boundary after it: the relay would go on in it.
    if ($var(body) =~ "\\nm=[^\\n]*\\n(--|$)" && !route(END_LAST_LINE)) ${unknownBody}
    # FreeSWITCH's own, which names its host. Nobody else reaches this address.
    if (dst_ip == ${cell.overlayAddress}) return 1;
    if (route(CHECK_ADDRESSES)) return 1;
    return -1;
}

# Gives the last line an end. False: it could not.
route[END_LAST_LINE] {
    # Escaped: a regular expression ends at a zero byte.
    if ($cT =~ "^multipart") {
        if (!set_body("$(rb{s.escape.common}{re.subst,/^(m=[^\\r\\n]*)(\\r?\\n--)/\\\\1\\r\\n\\\\2/}{s.unescape.common})", "$cT")) return -1;
    } else if (!set_body("$rb\\r\\n", "$cT")) return -1;
    if (!msg_apply_changes()) return -1;
    $var(body) = $(rb{s.escape.common}) + "\\n";
    return 1;
}

route[UNKNOWN_BODY] {
    $var(code) = 415;
    $var(phrase) = "Unsupported Media Type";
    $var(reason) = "unknown_body";
}

# Where a description leads. In: $var(body). Out: $var(learn), $var(usual). False as above.
route[CHECK_ADDRESSES] {
    if ($var(body) =~ USUAL_DESCRIPTION) {
        $var(usual) = 1;
        return 1;
    }
    if ($var(body) =~ PUBLIC_DESCRIPTION) return 1;
    # The probe of this host, and its address.
    if ($si == "${selfAddress}" && $var(body) =~ "^v=0${eol}o=- 0 0 IN IP4 ${host.address}${eol}s=-${eol}c=IN IP4 ${host.address}${eol}t=0 0${eol}m=audio [0-9]+ RTP/AVP 8${eol}") return 1;
    # rtpengine would answer to candidates although it takes ICE out of what it writes: they go before it sees them.
    if ($var(body) =~ "\\na=(candidate|ice-)") {
        if (!subst_body("/^a=(candidate|ice-).*\\n//g") || !msg_apply_changes()) ${unknownBody}
        $var(body) = $(rb{s.escape.common}) + "\\n";
        if ($var(body) =~ PUBLIC_DESCRIPTION) return 1;
    }
    # A private address is valid only in its sender's network. A carrier or an exchange that is reached by private addresses is there
    # too. Of all others, rtpengine is to take the address that the message came from, until their packets tell it better;
    # it would do so with 0.0.0.0, too, and end a hold.
    ${findOwner('$si')}
    if (($vn(owner) != $null && is_in_subnet("$si", "${privateRanges.map(formatRange).join(',')}"))
            || $var(body) =~ "\\nc=IN IP4 ${onHold}") {
        if ($var(body) =~ OUTSIDE_DESCRIPTION) return 1;
    } else if (!is_in_subnet("$si", "${insideRanges(cell).join(',')}") && $var(body) =~ PRIVATE_DESCRIPTION) {
        $var(learn) = " SIP-source-address";
        return 1;
    }
    $var(code) = 488;
    $var(phrase) = "Media Address Not Allowed";
    $var(reason) = "media_address";
    return -1;
}

# A new call. Ends the script if its body must not pass.
route[CHECK_OFFER] {
    if (route(DESCRIPTION)) return;
    route(SAY_WHAT_IS_ACCEPTED);
    route(REFUSE);
}

# RFC 3261, section 21.4.13.
route[SAY_WHAT_IS_ACCEPTED] {
    if ($var(code) == 415) append_to_reply("Accept: application/sdp, multipart/mixed\\r\\n");
}

# A request within a call. Ends the script if its body must not pass; a BYE always passes.
route[CHECK_DESCRIPTION] {
    if (route(DESCRIPTION)) {
        if ($var(description) == 0 || is_method("INVITE|UPDATE|ACK|PRACK")) return;
        # No other method has one (RFC 3264): the relay would not know what it answers.
        route(UNKNOWN_BODY);
    }
    prom_counter_inc("rejected_total", "1", "$var(reason)");
    if (is_method("BYE")) {
        route(REMOVE_BODY);
        return;
    }
    if (is_method("ACK")) {
        $var(description) = 0;
        $var(refused) = 1;
        $var(unusable) = $var(own_call);
        route(REMOVE_BODY);
        route(END_WITHOUT_MEDIA);
        return;
    }
    route(SAY_WHAT_IS_ACCEPTED);
    send_reply("$var(code)", "$var(phrase)");
    exit;
}

# A response. What the relay can't rewrite goes no further. In: $avp(m), $avp(late_offer). Out: $var(unusable), 1 if a 2xx comes without
# the description that its sender gave it; $var(refused), as of OFFER.
route[CHECK_ANSWER] {
    $var(unusable) = 0;
    $var(refused) = 1;
    if (!route(DESCRIPTION)) {
        prom_counter_inc("rejected_total", "1", "$var(reason)");
    } else {
        if ($var(description) == 0) return;${withEmergency(
          cell,
          `
        # An emergency call that goes without a relay.
        if ($avp(m) != $null && $avp(m) == 0) return;`,
        )}
        # An offer in PRACK would be answered here: the relay has taken it for an answer itself. A refusal may tell what would do
        # (RFC 3261, section 21.4.26), and where.
        if ($rs < 300 && is_method("INVITE|UPDATE")) {
            if (route(ANSWER)) return;
            if ($var(refused) == 1) prom_counter_inc("rejected_total", "1", "media_description");
        }
    }
    if ($rs >= 200 && $rs < 300 && $rm =~ "^(INVITE|UPDATE)$") $var(unusable) = 1;
    route(KEEP_DESCRIPTION);
}

# A description that belonged to the call has not passed: its two sides would wait for each other's audio. In: $var(id), $var(unusable),
# $var(refused).
route[END_WITHOUT_MEDIA] {
    if ($var(unusable) != 1) return;
    if ($var(refused) == 0) $sht(ending=>$var(id)) = "media_lost";
    else $sht(ending=>$var(id)) = "media_refused";
}

# Fail closed: a description that the relay has not changed does not pass. A provisional answer is dropped. A final one can't be:
# it goes without its description, and the call ends (END_WITHOUT_MEDIA).
route[KEEP_DESCRIPTION] {
    if ($rs < 200) drop;
    route(REMOVE_BODY);
}

route[REMOVE_BODY] {
    remove_body();
    remove_hf("Content-Type");
    remove_hf("Content-Encoding");
}
`,
  };
}
