import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { callsProgram } from '../../call-watch/paths.ts';
import type { Section } from '../common/section.ts';
import { fullMessage, ofCall, selfAddress } from './call-entry.ts';

/**
 * What `../../call-watch` needs of Kamailio: the list of the calls, and which of them may have a silent side with nothing wrong. It
 * asks the relays, and puts a call with a side that has gone silent into the table `ending`.
 */
export function oneSided(): Section {
  return {
    title: 'Calls with one silent side, and the list of calls',
    text: String.raw`
# A phone that may send nothing while nobody speaks: a call in which an offer or an answer said so never ends as one-sided. That is
# comfort noise (RFC 3389), G.723 (RFC 4856, section 2.1.7), G.729 without annexb=no (the same, section 2.1.9), Opus with usedtx=1
# (RFC 7587, section 6.1), silenceSupp:on (RFC 3108, section 5.6.2.3). In: $var(id), the message's description; $var(usual), 1 if it is
# known to say none of these.
route[NOTE_SILENCE_SUPPRESSION] {
    if ($var(usual) == 1 || !($rb =~ "m=audio [^\r\n]* (4|13|18)[ \r\n]|a=rtpmap:[0-9]+ (CN|G723|G729D?)/|usedtx=1|silenceSupp:on")) return;
    # Only G.729, and without annexb=no.
    if ($rb =~ "annexb=no" && !($rb =~ "m=audio [^\r\n]* (4|13)[ \r\n]|a=rtpmap:[0-9]+ (CN|G723)/|usedtx=1|silenceSupp:on")) return;
    if ($sht(suppressing=>$var(id)) != $null) return;
    $sht(suppressing=>$var(id)) = 1;
    mq_add("events", "$var(id)", "n|");
}

# For ${callsProgram} on this host, and by loopback for nobody else. Datagrams of lines: NAME|1 if its silence may be
# suppressed|entry; at the end a dot and how many there were.
route[LIST_CALLS] {
    $var(lines) = "";
    $var(count) = 0;
    sht_iterator_start("list", "calls");
    while (sht_iterator_next("list")) {
        $var(id) = $shtitkey(list);
        $vn(call) = $shtitval(list);
        if (${ofCall('kind')} != "probe") {
            $var(lines) = $var(lines) + $var(id) + "|";
            if ($sht(suppressing=>$var(id)) != $null) $var(lines) = $var(lines) + "1";
            $var(lines) = $var(lines) + "|" + $vn(call) + "\n";
            $var(count) = $var(count) + 1;
        }
        if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LIST);
    }
    sht_iterator_end("list");
    $var(lines) = $var(lines) + "." + $var(count) + "\n";
    route(SEND_LIST);
}

route[SEND_LIST] {
    if (!sendx("sip:$si:$sp", "udp:${selfAddress}:${internalPorts.sbcSelf}", "$var(lines)")) xlog("L_ERR", "the list of calls is not sent\n");
    $var(lines) = "";
}
`,
  };
}
