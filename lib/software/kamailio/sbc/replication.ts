import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import type { Section } from '../common/section.ts';
import { endedSeconds, fullMessage, ofCall, ofTold, ringingSeconds } from './call-entry.ts';
import { withCaps } from './outbound.ts';
import { peerOf, sockets } from './sockets.ts';

/** An SBC that was not heard for so long is taken for lost. */
export const silentSeconds = 3;
/** How long the drain of a media host is repeated: longer than an SBC that came back may be taken for lost. */
const toldSeconds = 15;
/**
 * How long the end of a call is remembered at least: longer than a message that spoke of it may be on its way (32 s, RFC 3261, timer F).
 */
const endRemembered = 64;
/** How long it is remembered for an SBC that is away. One that was away for longer begins with what it receives. */
const endKept = 900;
/** Events that are sent at once between two batches, which are 50 ms apart: those of about 60 calls a second, of three events each. */
const toldAtOnce = 10;
/**
 * How long an SBC that has started waits for the other one to say anything, and for all that it has to come, in twentieths of a second.
 * It counts turns of its own, because a clock may be set at boot.
 */
const unheardTurns = 20 * silentSeconds;
const joiningTurns = 20 * 30;
/** What asks the module of the other SBC for all that it has, in a string of the script: DMQ_SYNC and HT_DMQ_SYNC of their sources. */
const askAll = { usrloc: String.raw`{\"action\":3}`, htable: String.raw`{\"action\":1}` } as const;
/**
 * For how many turns of 50 ms an SBC that is about to give its addresses up takes no new calls: longer than that takes. If it keeps them after
 * all, it then goes on.
 */
const leavingTurns = 100;
/** What it had in hand by then is done: an INVITE waits for its relay alone. */
const turnsUntilTold = 2;
/**
 * Formats of what the SBCs tell each other, and of the entries in it: the oldest and the newest that this release reads and writes. A
 * release that changes one raises the newest, and reads and writes the one before as well: so the SBCs of both releases know each other's
 * calls, whichever of them is the newer.
 */
const formats = { oldest: 1, newest: 1 } as const;

/**
 * What the two SBCs tell each other. Registrations and known sources go by Kamailio's own means; what happens to calls is sent twice.
 *
 * At once, as long as there are not many, in a datagram that nobody waits for, before the message goes on that made it happen: an SBC may die at any moment, and
 * nobody outside then knows of a call, an answer or an end that the other SBC does not know of. And, with what else there is, within
 * 50 ms in numbered batches, which are repeated until they are confirmed, because a datagram may be lost. The other SBC says up to which number it has them all;
 * an end that it has not confirmed is kept, and sent again when it comes back: what is sent of a call is that it lives, or that it
 * has ended, and an end wins.
 */
export function replication(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const peer = peerOf(cell, host);
  const peerUri = `sip:${peer.address}:${internalPorts.sbcReplication}`;
  /** Sends lines in a datagram that nobody confirms. */
  const sendAtOnce = (lines: string) =>
    String.raw`sendx("${peerUri}", "${listen.replication}", "PUBLISH sip:calls SIP/2.0\r\nv: SIP/2.0/UDP ${host.address};branch=0\r\nf: <sip:calls>\r\nt: <sip:calls>\r\ni: 0\r\nCSeq: 1 PUBLISH\r\n\r\nV$shv(format)|$shv(newest_format)\n${lines}")`;
  return {
    title: `Replication with ${peer.name}`,
    text: String.raw`
modparam("dmq", "server_address", "sip:${host.address}:${internalPorts.sbcReplication}")
modparam("dmq", "server_socket", "${listen.replication}")
modparam("dmq", "notification_address", "${peerUri}")
modparam("dmq", "num_workers", 1)
modparam("dmq", "ping_interval", 10)
# Whether this SBC has the state that the other one had when this one started (see JOIN); how many registrations those are, -1 until it learns;
# whether its own are older than the other's, because it has started or was frozen.
modparam("pv", "shvset", "joined=i:0")
modparam("pv", "shvset", "registered=i:-1")
modparam("pv", "shvset", "outdated=i:1")
# Whether the other SBC has sent us its calls, and when we last received a message from it, in seconds since 1970.
modparam("pv", "shvset", "synced=i:0")
modparam("pv", "shvset", "heard=i:0")
# The number of our last message; up to which of them the other SBC has all; up to which of its messages we have all.
modparam("pv", "shvset", "told=i:0")
modparam("pv", "shvset", "told_before=i:0")
modparam("pv", "shvset", "confirmed=i:0")
modparam("pv", "shvset", "taken=i:0")
# Formats that this SBC reads; the one in which it writes, which the other one reads; whether that one writes in another.
modparam("pv", "shvset", "oldest_format=i:${formats.oldest}")
modparam("pv", "shvset", "newest_format=i:${formats.newest}")
modparam("pv", "shvset", "format=i:${formats.oldest}")
modparam("pv", "shvset", "unreadable=i:0")
# Number of events that were sent at once since the last batch.
modparam("pv", "shvset", "at_once=i:0")
# Whether the other SBC was silent or has restarted, and may not have its records any more. When this one looked at its watch last, when
# it last found that it had been frozen, and until when it is awake unless it looks again (ASLEEP), in seconds since 1970.
modparam("pv", "shvset", "records_left=i:0")
modparam("pv", "shvset", "ticked=i:0")
modparam("pv", "shvset", "thawed=i:0")
modparam("pv", "shvset", "awake_until=i:0")

# This SBC is about to release the addresses (LEAVE): for how many turns it takes no new calls; after which message the other SBC knows all
# that it has taken, 0 until that is sent.
modparam("pv", "shvset", "leaving=i:0")
modparam("pv", "shvset", "left_at=i:0")

# An event without which a call or its record would be lost. In: $var(op) and $vn(told), as in ADD_LINES; $var(id).
route[TELL] {
    route(TELL_AT_ONCE);
    mq_add("events", "$var(id)", "$var(op)$vn(told)");
}

route[TELL_AT_ONCE] {
    # An SBC with many calls sends ${toldAtOnce} datagrams between two batches at most.
    if ($shv(at_once) >= ${toldAtOnce} || $TV(sn) - $shv(heard) > ${silentSeconds} || ${ofTold('kind')} == "probe") return;
    $shv(at_once) = $shv(at_once) + 1;
    $var(lines) = "";
    route(ADD_LINES);
    # The datagram may be lost; the batch is not.
    ${sendAtOnce('$var(lines)')};
}

# The lines that tell an event, which TAKE_LINES reads. In: $var(op), $var(id), and $vn(told): of a call, its entry, with its end if it
# has one; of a side that has moved (p), its name; of a phone that rings (r), its tag; of an INVITE that goes out (b, and i for the first
# of a call), nothing; of records that are delivered (v), their lines. $vn(call), the entry. Adds to $var(lines).
route[ADD_LINES] {
    switch ($var(op)) {
        case "p":
            $var(lines) = $var(lines) + ($_s(p$vn(told)|$sht(sides=>$vn(told))) + "\n");
            return;
        case "r":
            # Unless it has ended meanwhile.
            if ($sht(rang=>$var(id)) != $null) $var(lines) = $var(lines) + ($_s(p$var(id):$vn(told)|$sht(sides=>$var(id):$vn(told))) + "\n");
            return;
        case "i":
            if ($vn(call) != $null) {
                route(TELL_SIDES);
                $var(lines) = $var(lines) + ($_s(+$var(id)|$vn(call)) + "\n");
            }
            if ($sht(sent=>$var(id)) != $null) $var(lines) = $var(lines) + ($_s(b$var(id)|$sht(sent=>$var(id))) + "\n");
            return;
        case "b":
            if ($sht(sent=>$var(id)) != $null) $var(lines) = $var(lines) + ($_s(b$var(id)|$sht(sent=>$var(id))) + "\n");
            return;
        case "v":
            $var(lines) = $var(lines) + $vn(told);
            return;
        case "+":
        case "=":
            route(TELL_SIDES);
    }
    $var(lines) = $var(lines) + ($_s($var(op)$var(id)|$vn(told)) + "\n");
}

# After a freeze, an SBC or a host still has messages that nobody waits for any more: the other SBC has received their
# repetitions. An INVITE among them would be a second call, and a BYE or a timer the end of a call at the wrong time. So until it has
# learned what happened meanwhile it sends nothing, and is not healthy. True while that is so: $shv(awake_until) is two seconds ahead after
# every tick, and 0 for a second after a standstill.
#!define ASLEEP ($TV(sn) > $shv(awake_until))

# Every 50 ms, in a process of its own: events go to the other SBC, and those that make records go on to the records' queue.
modparam("rtimer", "timer", "name=events;interval=50000u;mode=1;")
modparam("rtimer", "exec", "timer=events;route=HAND_ON_EVENTS")
route[HAND_ON_EVENTS] {
    if ($shv(ticked) != 0 && $TV(sn) - $shv(ticked) > 2) {
        $var(n) = $TV(sn) - $shv(ticked);
        xlog("L_WARN", "this SBC stood still for $var(n) s\n");
        $shv(thawed) = $TV(sn);
        $shv(outdated) = 1;
    }
    $shv(ticked) = $TV(sn);
    $shv(at_once) = 0;
    # The clock was set back.
    if ($shv(thawed) > $TV(sn)) $shv(thawed) = 0;
    if ($TV(sn) - $shv(thawed) > 1) $shv(awake_until) = $TV(sn) + 2;
    else $shv(awake_until) = 0;
    if ($shv(joined) == 0) route(JOIN);
    $var(lines) = "";
    while (mq_fetch("events")) {
        $var(id) = $mqk(events);
        $var(op) = $(mqv(events){s.substr,0,1});
        $vn(told) = $(mqv(events){s.substr,1,0});
        $var(record) = "";
        switch ($var(op)) {
            case "=":
                $var(record) = $var(id) + ":start";
                break;
            case "-":
                $var(record) = $var(id) + ":end";
                break;
            case "f":
                $var(record) = $var(id) + ":refused";
                break;
            case "+":
            case "i":
                # The current entry: it must not undo events that were sent at once since then. A call that has ended has its end.
                $vn(told) = $sht(calls=>$var(id));
                break;
            case "?":
                route(SEND_ALL_CALLS);
                $vn(told) = $null;
        }
        if ($vn(told) != $null) {
            $vn(call) = $vn(told);
            # A call of the probe belongs to this SBC alone; its record is an ordinary one.
            if (${ofTold('kind')} != "probe") route(ADD_LINES);
            if ($(var(record){s.len}) > 0) route(RECORD);
        }
        if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LINES);
    }
    # Waiting records, for the other SBC that does not know them: some at a time, because there may be many.
    $var(n) = 0;
    while ($var(n) < 200 && mq_fetch("kept_records")) {
        $var(n) = $var(n) + 1;
        $var(record) = $mqk(kept_records);
        if ($sht(own_records=>$var(record)) != $null) {
            $var(lines) = $var(lines) + $_s(k$var(record)|$sht(own_records=>$var(record))) + "\n";
            if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LINES);
        }
    }
    if ($shv(leaving) > 0) route(TELL_LEAVING);
    if ($var(lines) != "") route(SEND_LINES);
    # A sign of life every second, with the number of the last message received; until the other SBC has sent us its calls, ask for them.
    $var(ticks) = $var(ticks) + 1;
    if ($var(ticks) >= 20) {
        $var(ticks) = 0;
        route(TAKE_OVER_RECORDS);
        if ($shv(synced) == 0) $var(lines) = "?\n";
        else $var(lines) = "." + $shv(taken) + "\n";
        route(TELL_DRAINS);
        route(SEND_LINES);
        # Goes through all of them, so it runs rarely.
        $var(seconds) = $var(seconds) + 1;
        if ($var(seconds) >= 10) {
            $var(seconds) = 0;
            route(FORGET_ENDS);
        }
    }
}

# An SBC that has started knows neither registrations nor calls. Until it has those of the other one it is not ready, and answers OPTIONS with
# 503: keepalived gives it no address, so that the other SBC can be restarted as soon as this one is ready. It waits ${silentSeconds} s for
# another one that says nothing, and ${joiningTurns / 20} s for all that it has. If both start at the same moment, neither has any.
# While it can't read the other one's messages it is not ready at all, because that one has the calls.
route[JOIN] {
    $var(turns) = $var(turns) + 1;
    if ($shv(heard) == 0) {
        if ($var(turns) > ${unheardTurns}) {
            xlog("L_WARN", "${peer.name} says nothing: this SBC begins without registrations and calls\n");
            $shv(joined) = 1;
        } else if ($var(turns) mod 4 == 1) {
            ${sendAtOnce(String.raw`a$shv(told)\n`)};
        }
        return;
    }
    if ($shv(unreadable) == 1 && $TV(sn) - $shv(heard) <= ${silentSeconds}) return;
    $var(n) = $stat(location_contacts);
    if ($shv(synced) == 1 && $shv(registered) >= 0 && $var(n) >= $shv(registered)) {
        xlog("L_NOTICE", "${peer.name} has told its calls and $var(n) registrations\n");
        $shv(joined) = 1;
    } else if ($TV(sn) - $shv(heard) > ${silentSeconds} || $var(turns) > ${joiningTurns}) {
        xlog("L_WARN", "${peer.name} has not told all: this SBC begins with $var(n) registrations of $shv(registered)\n");
        $shv(joined) = 1;
    }
}

# From the host itself, before the addresses are given up on purpose. The answer is 200 once the other SBC knows all calls that this one has
# taken: an INVITE that it does not know would get no answer, and nobody repeats one that has got a 100.
route[LEAVE] {
    if ($shv(active) != 1) {
        sl_send_reply("200", "Not Active");
        exit;
    }
    if ($shv(leaving) == 0) {
        $shv(left_at) = 0;
        $shv(leaving) = ${leavingTurns};
    }
    if ($shv(left_at) > 0 && $shv(confirmed) >= $shv(left_at)) sl_send_reply("200", "Told");
    else sl_send_reply("202", "Telling");
    exit;
}

# In: $var(lines), everything that is left to send. The other SBC answers at once; it is asked until it does.
route[TELL_LEAVING] {
    $shv(leaving) = $shv(leaving) - 1;
    if ($shv(left_at) == 0) {
        if ($shv(leaving) > ${leavingTurns - turnsUntilTold}) return;
        $var(lines) = $var(lines) + "l\n";
        $shv(left_at) = $shv(told) + 1;
        route(SEND_LINES);
    } else if ($shv(confirmed) < $shv(left_at)) {
        ${sendAtOnce(String.raw`l\n`)};
    }
}

# A new INVITE in those moments. Over UDP its sender repeats it half a second later, and the other SBC takes it, as if it had been lost on
# the way; a refusal would have a carrier keep away, and a phone give up. Over TCP and TLS nobody repeats it, and the connection ends with
# this SBC: a caller that gets the answer calls again over the next one.
route[LEAVE_TO_OTHER] {
    if (proto == UDP) {
        prom_counter_inc("dropped_total", "1", "handing_over");
        exit;
    }
    prom_counter_inc("rejected_total", "1", "handing_over");
    append_to_reply("Retry-After: 1\r\n");
    sl_send_reply("503", "Service Unavailable");
    exit;
}

# Its registrations, and the sources that it knows. By the modules' own messages, in which they ask when they start, but not before the other
# SBC takes this one for active again: until then it would not tell what comes after them.
route[ASK_REGISTRATIONS] {
    $shv(outdated) = 0;
    dmq_send_message("usrloc", "${peerUri}", "${askAll.usrloc}", "application/json");
    dmq_send_message("htable", "${peerUri}", "${askAll.htable}", "application/json");
}

# The sides of a call, before the call itself: the caller's, and that of the callee who answered. In: $var(id), $vn(call).
route[TELL_SIDES] {
    $vn(caller) = $sht(sides=>$var(id));
    if ($vn(caller) != $null) $var(lines) = $var(lines) + ($_s(p$var(id)|$vn(caller)) + "\n");
${withCaps(
  cell,
  String.raw`    # What a tenant's caps count, before the call is counted.
    if (${ofCall('kind')} == "out" && $sht(metered=>$var(id)) != $null) $var(lines) = $var(lines) + ($_s(g$var(id)|$sht(metered=>$var(id))) + "\n");
`,
)}    $var(tag) = ${ofCall('answeredBy')};
    if ($var(tag) == "") return;
    $vn(callee) = $sht(sides=>$var(id):$var(tag));
    if ($vn(callee) != $null) $var(lines) = $var(lines) + ($_s(p$var(id):$var(tag)|$vn(callee)) + "\n");
}

# Media hosts that somebody here has drained, or taken back: sent several times, because the other SBC may just be returning.
route[TELL_DRAINS] {
    $var(numbers) = $sht(media=>numbers);
    $var(place) = 0;
    $var(number) = $(var(numbers){s.select,0,:});
    while ($var(number) != "") {
        $var(drain) = 0;
        if ($sht(drains=>$var(number)) != $null) $var(drain) = 1;
        if ($sht(drained=>$var(number)) != $var(drain)) {
            $sht(drained=>$var(number)) = $var(drain);
            $sht(telling=>$var(number)) = $TV(sn) + ${toldSeconds};
        }
        if ($sht(telling=>$var(number)) > $TV(sn)) {
            $var(lines) = $var(lines) + "d" + $var(number) + "|" + $var(drain) + "\n";
        }
        $var(place) = $var(place) + 1;
        $var(number) = $(var(numbers){s.select,$var(place),:});
    }
}

# To that one address and not to all that are known as active: the answer is what makes an SBC active again that had been taken
# for lost, and until then it would miss calls. Nothing is sent to one that is silent: what was still under way to it when
# it comes back would time out, and have it taken for lost once more. Its message counts all the same: it is missing there.
route[SEND_LINES] {
    $shv(told) = $shv(told) + 1;
    if ($TV(sn) - $shv(heard) <= ${silentSeconds}) {
        dmq_send_message("calls", "${peerUri}", "#$shv(told)\nV$shv(format)|$shv(newest_format)\n$var(lines)", "text/plain");
    }
    $var(lines) = "";
}

# What the other SBC asked for: the active calls, and then the ends that it may not know. The mark says how far it then is. The records
# follow.
modparam("mqueue", "mqueue", "name=kept_records;size=200000")
route[SEND_ALL_CALLS] {
    # It has returned: the records that it left are ours, and we replicate them to it from now on.
    route(TAKE_OVER_RECORDS);
    sht_iterator_start("all", "calls");
    while (sht_iterator_next("all")) {
        $var(id) = $shtitkey(all);
        $vn(call) = $shtitval(all);
        if (${ofCall('kind')} != "probe") {
            route(TELL_SIDES);
            $var(lines) = $var(lines) + "s" + $var(id) + "|" + $vn(call) + "\n";
            if ($sht(suppressing=>$var(id)) != $null) $var(lines) = $var(lines) + "n" + $var(id) + "|\n";
            if ($sht(sent=>$var(id)) != $null) $var(lines) = $var(lines) + $_s(b$var(id)|$sht(sent=>$var(id))) + "\n";
        }
        if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LINES);
    }
    sht_iterator_end("all");
    sht_iterator_start("all", "ended");
    while (sht_iterator_next("all")) {
        $var(lines) = $var(lines) + "x" + $shtitkey(all) + "|\n";
        if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LINES);
    }
    sht_iterator_end("all");
    sht_iterator_start("all", "drains");
    while (sht_iterator_next("all")) {
        $var(lines) = $var(lines) + "d" + $shtitkey(all) + "|1\n";
    }
    sht_iterator_end("all");
${withCaps(cell, '    route(TELL_SPENT);\n')}    sht_iterator_start("all", "own_records");
    while (sht_iterator_next("all")) mq_add("kept_records", "$shtitkey(all)", "");
    sht_iterator_end("all");
    $var(lines) = $var(lines) + "o\n!" + $stat(location_contacts) + "\n";
    route(SEND_LINES);
}

modparam("mqueue", "mqueue", "name=old_ends;size=200000")
# Ends that the other SBC has confirmed are no longer needed once no message can be under way that says otherwise.
route[FORGET_ENDS] {
    $var(age) = ${endKept};
    if ($shv(synced) == 1 && $TV(sn) - $shv(heard) <= ${silentSeconds} && $shv(confirmed) >= $shv(told_before)) {
        $var(age) = ${endRemembered};
    }
    $shv(told_before) = $shv(told);
    sht_iterator_start("ends", "ended");
    while (sht_iterator_next("ends")) {
        if ($TV(sn) - $shtitval(ends) > $var(age)) mq_add("old_ends", "$shtitkey(ends)", "");
    }
    sht_iterator_end("ends");
    while (mq_fetch("old_ends")) {
        $var(id) = $mqk(old_ends);
        $sht(ended=>$var(id)) = $null;
    }
}

# Messages of the other SBC. After a silence we do not know what it did meanwhile.
route[REPLICATED] {
    if ($TV(sn) - $shv(heard) > ${silentSeconds}) {
        $shv(synced) = 0;
        if ($shv(heard) != 0) $shv(records_left) = 1;
        if ($shv(heard) != 0 && $TV(sn) - $shv(heard) > ${endKept} && $shv(active) == 0) route(FORGET_CALLS);
    }
    $shv(heard) = $TV(sn);
    if ($rU != "calls") {
        # Somebody who asks for everything repeats it until that is sent.
        if ($(rb{s.len}) == ${askAll.usrloc.replaceAll('\\', '').length}) {
            if ($sht(asked=>$ci) != $null) exit;
            $sht(asked=>$ci) = 1;
        }
        dmq_handle_message();
        exit;
    }
    # A repetition is older than later messages: it gets the same answer and changes nothing.
    if (!t_newtran()) exit;
    $var(body) = $rb;
    $var(i) = 1;
    if (!route(READ_FORMAT)) {
        t_reply("200", "OK");
        exit;
    }
    # A message is missing: its content is requested.
    $var(number) = $(var(body){s.select,0,\n}{s.strip,1}{s.int});
    if ($var(number) == $shv(taken) + 1) {
        $shv(taken) = $var(number);
    } else if ($var(number) > $shv(taken)) {
        $shv(synced) = 0;
    }
    route(TAKE_LINES);
    t_reply("200", "OK");
}

# Which format a message is in, and which is the newest that its sender reads; one from before there were formats has neither. In and
# out: $var(body), $var(i), its line. False: nobody here can read it.
route[READ_FORMAT] {
    $var(format) = 1;
    $var(newest) = 1;
    $var(line) = $(var(body){s.select,$var(i),\n});
    if ($(var(line){s.substr,0,1}) == "V") {
        $var(format) = $(var(line){s.select,0,|}{s.strip,1}{s.int});
        $var(newest) = $(var(line){s.select,1,|}{s.int});
        $var(i) = $var(i) + 1;
    }
    if ($var(newest) > $shv(newest_format)) $var(newest) = $shv(newest_format);
    if ($var(newest) < $shv(oldest_format)) $var(newest) = $shv(oldest_format);
    $shv(format) = $var(newest);
    if ($var(format) >= $shv(oldest_format) && $var(format) <= $shv(newest_format)) {
        $shv(unreadable) = 0;
        return 1;
    }
    if ($shv(unreadable) == 0) {
        xlog("L_ERR", "${peer.name} speaks format $var(format), and this SBC reads $shv(oldest_format) to $shv(newest_format): it knows nothing of that one's calls\n");
    }
    $shv(unreadable) = 1;
    return -1;
}

# In: $var(body), its lines from $var(i) on; $var(number), the number of a batch.
route[TAKE_LINES] {
    $var(line) = $(var(body){s.select,$var(i),\n});
    while ($var(line) != "") {
        $var(op) = $(var(line){s.substr,0,1});
        $var(id) = $(var(line){s.select,0,|}{s.strip,1});
        $var(skip) = $(var(id){s.len}) + 2;
        if ($var(op) == "?") {
            # Asks for all calls: it does not know our state, and may have restarted its count and lost its records.
            if ($var(number) <= $shv(taken)) $shv(records_left) = 1;
            $shv(taken) = $var(number);
            mq_add("events", "all", "?calls");
        } else if ($var(op) == "a") {
            # It has just started, and so has its count.
            $shv(heard) = $TV(sn);
            $shv(records_left) = 1;
            $shv(taken) = $(var(id){s.int});
            mq_add("events", "all", "?calls");
        } else if ($var(op) == "!") {
            # It has sent them all, up to this message, with the number of its registrations.
            $shv(taken) = $var(number);
            $shv(synced) = 1;
            $shv(registered) = $(var(id){s.int});
            if ($shv(outdated) == 1) route(ASK_REGISTRATIONS);
        } else if ($var(op) == ".") {
            # A sign of life, with the number of our last message that it has.
            $shv(confirmed) = $(var(id){s.int});
        } else if ($var(op) == "l") {
            # It is about to release the addresses.
            ${sendAtOnce(String.raw`.$shv(taken)\n`)};
        } else if ($var(op) == "d") {
            # A media host that was drained there, or taken back.
            $sht(drained=>$var(id)) = $(var(line){s.select,1,|}{s.int});
            $sht(telling=>$var(id)) = 0;
            if ($sht(drained=>$var(id)) == 1) $sht(drains=>$var(id)) = 1;
            else $sht(drains=>$var(id)) = $null;
        } else if ($var(op) == "u") {
            # A user that the other one has found in the database.
            $sht(users=>$var(id)) = $(var(line){s.select,1,|});
        } else if ($var(op) == "v") {
            # A record that it has delivered. The message that announced it may be repeated after that.
            $sht(delivered=>$var(id)) = 1;
            $sht(others_records=>$var(id)) = $null;
        } else if ($var(op) == "o") {
            # Its records that wait follow, each of them with k. Others that we have of it are delivered, or nobody's but ours.
            $shv(records_left) = 1;
        } else if ($var(op) == "k") {
            $vn(told) = $(var(line){s.substr,$var(skip),0});
            $var(record) = $var(id);
            route(KEEP_RECORD);
        } else if ($var(op) == "f") {
            # A call that it has refused: a record, and nothing else.
            $vn(told) = $(var(line){s.substr,$var(skip),0});
            $var(record) = $var(id) + ":refused";
            route(KEEP_RECORD);
        } else if ($var(op) == "n") {
            # A call whose phones may suppress silence.
            if ($sht(ended=>$var(id)) == $null) $sht(suppressing=>$var(id)) = 1;
${withCaps(
  cell,
  `        } else if ($var(op) == "g") {
            # Which caps the call that follows counts on.
            if ($sht(ended=>$var(id)) == $null) $sht(metered=>$var(id)) = $(var(line){s.substr,$var(skip),0});
        } else if ($var(op) == "c") {
            # What calls of a tenant or a user have taken today.
            $var(n) = $(var(line){s.select,1,|}{s.int});
            route(TAKE_SPENT);
`,
)}        } else if ($var(op) == "p") {
            $vn(told) = $(var(line){s.substr,$var(skip),0});
            route(SIDE_REPLICATED);
        } else if ($var(op) == "b") {
            # Nobody needs this of a call that is over.
            if ($sht(ended=>$var(id)) == $null) $sht(sent=>$var(id)) = $(var(line){s.substr,$var(skip),0});
        } else if ($var(op) == "-" || $var(op) == "x") {
            if ($var(op) == "-") $vn(told) = $(var(line){s.substr,$var(skip),0});
            route(END_REPLICATED);
        } else if ($var(op) == "+" || $var(op) == "=" || $var(op) == "s") {
            $vn(told) = $(var(line){s.substr,$var(skip),0});
            route(CALL_REPLICATED);
        }
        $var(i) = $var(i) + 1;
        $var(line) = $(var(body){s.select,$var(i),\n});
    }
}

# A side, before its call: until then it is one of a phone that rings, or of a call that is over. In: $var(id), $vn(told).
route[SIDE_REPLICATED] {
    $var(left) = ${ringingSeconds};
    $var(name) = $(var(id){s.select,0,:});
    if ($sht(sides=>$var(id)) != $null) {
        $var(left) = $shtex(sides=>$var(id));
    } else if ($sht(ended=>$var(name)) != $null) {
        $var(left) = ${endedSeconds};
    } else if ($(var(id){s.select,1,:}) != "") {
        # A phone that rings, or has answered: it is forgotten with the call.
        $vn(rang) = $sht(rang=>$var(name));
        if ($vn(rang) == $null) $vn(rang) = "";
        $sht(rang=>$var(name)) = $vn(rang) + $(var(id){s.select,1,:}) + "|";
    }
    if ($var(left) < 1) $var(left) = 1;
    $sht(sides=>$var(id)) = $vn(told);
    $shtex(sides=>$var(id)) = $var(left);
}

# A call that was admitted (+), moved to another trunk (+) or answered (=), or that lives (s). In: $var(op), $var(id), $vn(told), its entry.
route[CALL_REPLICATED] {
    if ($var(op) == "=") {
        $var(record) = $var(id) + ":start";
        route(KEEP_RECORD);
    }
    # A late event may be older than our state: the call may have ended since, or been answered.
    if ($sht(ended=>$var(id)) != $null) return;
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) != $null && $vn(call) == $vn(told)) {
        # Sent at once, and now in the batch.
        sht_unlock("calls=>$var(id)");
        return;
    }
    if ($vn(call) != $null) {
        if (${ofCall('answered')} != "" && ($var(op) == "s" || ${ofTold('answered')} == "")) {
            sht_unlock("calls=>$var(id)");
            return;
        }
        route(UNCOUNT);
    } else if (${ofTold('answered')} == "") {
        $sht(foreign=>$var(id)) = 1;
    }
    $vn(call) = $vn(told);
    $sht(calls=>$var(id)) = $vn(call);
    route(COUNT);
    sht_unlock("calls=>$var(id)");
    route(KEEP_SIDES);
}

# A record of the other SBC. In: $var(record), its name; $vn(told), the entry, with its end if it has one.
route[KEEP_RECORD] {
    if ($sht(delivered=>$var(record)) == $null) $sht(others_records=>$var(record)) = $vn(told);
}

# A call that has ended now (-), or before (x). In: $var(op), $var(id), $vn(told), of the former the entry with its end.
route[END_REPLICATED] {
    if ($var(op) == "-") {
        $var(record) = $var(id) + ":end";
        route(KEEP_RECORD);
    }
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($sht(ended=>$var(id)) == $null) $sht(ended=>$var(id)) = $TV(sn);
    if ($vn(call) != $null) {
        $sht(calls=>$var(id)) = $null;
        route(FORGET_SIDES);
        route(UNCOUNT);${withCaps(
          cell,
          String.raw`
        if ($vn(metered) != $null) route(SETTLE);`,
        )}
    }
    sht_unlock("calls=>$var(id)");
}

# This SBC was away for so long that the other one may have forgotten which calls ended meanwhile: it begins with what the other one sends.
modparam("mqueue", "mqueue", "name=old_calls;size=200000")
route[FORGET_CALLS] {
    sht_iterator_start("old", "calls");
    while (sht_iterator_next("old")) mq_add("old_calls", "$shtitkey(old)", "$shtitval(old)");
    sht_iterator_end("old");
    while (mq_fetch("old_calls")) {
        $var(id) = $mqk(old_calls);
        $vn(call) = $mqv(old_calls);
        $sht(calls=>$var(id)) = $null;
        route(UNCOUNT);
    }
}
`,
  };
}
