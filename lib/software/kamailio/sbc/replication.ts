import type { Cell, SbcHost } from '../../../cell/cell.ts';
import { internalPorts } from '../../../spec/fixed.ts';
import type { Section } from '../common/section.ts';
import { endedSeconds, ofCall, ringingSeconds } from './call-entry.ts';
import { peerOf, sockets } from './sockets.ts';

/** An SBC that was not heard for so long is taken for lost. */
export const silentSeconds = 3;
/** How long a drained media host is told again and again: longer than an SBC that came back may be taken for lost. */
const toldSeconds = 15;
/**
 * How long the end of a call is remembered at least: longer than a message that spoke of it may be on its way (32 s, RFC 3261, timer F).
 */
const endRemembered = 64;
/** How long it is remembered for an SBC that is away. One that was away for longer begins with what it is told. */
const endKept = 900;
/** Bytes of lines after which a message is full. */
export const fullMessage = 8000;

/**
 * What the two SBCs tell each other. Registrations and known sources go by Kamailio's own means; drained media hosts and calls go in
 * batches, so that a call costs a line and not a message, and so that the counters of the other SBC follow them.
 *
 * Each message is numbered, and the other SBC says up to which number it has them all. An end that it has not confirmed is kept, and
 * told again when it comes back: what is told of a call is that it lives, or that it has ended, and an end wins.
 */
export function replication(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const peer = peerOf(cell, host);
  return {
    title: `Replication with ${peer.name}`,
    text: String.raw`
modparam("dmq", "server_address", "sip:${host.address}:${internalPorts.sbcReplication}")
modparam("dmq", "server_socket", "${listen.replication}")
modparam("dmq", "notification_address", "sip:${peer.address}:${internalPorts.sbcReplication}")
modparam("dmq", "num_workers", 1)
modparam("dmq", "ping_interval", 10)
# Whether the other SBC has told us its calls, and when it was last heard, in seconds since 1970.
modparam("pv", "shvset", "synced=i:0")
modparam("pv", "shvset", "heard=i:0")
# The number of our last message; up to which of them the other SBC has all; up to which of its messages we have all.
modparam("pv", "shvset", "told=i:0")
modparam("pv", "shvset", "told_before=i:0")
modparam("pv", "shvset", "confirmed=i:0")
modparam("pv", "shvset", "taken=i:0")

# Every 50 ms, in a process of its own: events go to the other SBC, and those that make records go on to the records' queue. The lines
# are those of REPLICATED.
modparam("rtimer", "timer", "name=events;interval=50000u;mode=1;")
modparam("rtimer", "exec", "timer=events;route=HAND_ON_EVENTS")
route[HAND_ON_EVENTS] {
    $var(lines) = "";
    while (mq_fetch("events")) {
        $var(id) = $mqk(events);
        $var(event) = $mqv(events);
        $var(op) = $(var(event){s.substr,0,1});
        $vn(call) = $(var(event){s.substr,1,0});
        if ($var(op) == "?") {
            route(SEND_ALL_CALLS);
        } else if ($var(op) == "-") {
            $var(lines) = $var(lines) + $_s(-$var(id)|$vn(call)) + "\n";
            $var(record) = $var(id) + ":end";
            route(RECORD);
        } else if ($var(op) == "f") {
            $var(lines) = $var(lines) + "f" + $var(id) + "|" + $vn(call) + "\n";
            $var(record) = $var(id) + ":refused";
            route(RECORD);
        } else if ($var(op) == "u" || $var(op) == "v" || $var(op) == "n") {
            $var(lines) = $var(lines) + $_s($var(op)$var(id)|$vn(call)) + "\n";
        } else if ($var(op) == "p") {
            $var(lines) = $var(lines) + "p" + $var(id) + "|" + $sht(sides=>$var(id)) + "\n";
        } else if ($var(op) == "r") {
            # Unless it has ended meanwhile.
            if ($sht(branches=>$var(id)) != $null) {
                $var(lines) = $var(lines) + "p" + $var(id) + ":" + $vn(call) + "|" + $sht(sides=>$var(id):$vn(call)) + "\n"
                    + "b" + $var(id) + "|" + $sht(branches=>$var(id)) + "\n";
            }
        } else {
            route(TELL_SIDES);
            $var(lines) = $var(lines) + $_s($var(op)$var(id)|$vn(call)) + "\n";
            if ($var(op) == "=") {
                $var(record) = $var(id) + ":start";
                route(RECORD);
            }
        }
        if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LINES);
    }
    if ($var(lines) != "") route(SEND_LINES);
    # A sign of life every second, with what we have of the other's messages; until it has told us its calls, ask for them.
    $var(ticks) = $var(ticks) + 1;
    if ($var(ticks) >= 20) {
        $var(ticks) = 0;
        if ($shv(synced) == 0) $var(lines) = "?\n";
        else $var(lines) = "." + $shv(taken) + "\n";
        route(TELL_DRAINS);
        route(SEND_LINES);
        route(TAKE_OVER_RECORDS);
        # Goes through all of them: seldom.
        $var(seconds) = $var(seconds) + 1;
        if ($var(seconds) >= 10) {
            $var(seconds) = 0;
            route(FORGET_ENDS);
        }
    }
}

# The sides of a call, before the call itself: the caller's, and that of the callee who answered. In: $var(id), $vn(call).
route[TELL_SIDES] {
    $vn(caller) = $sht(sides=>$var(id));
    if ($vn(caller) != $null) $var(lines) = $var(lines) + $_s(p$var(id)|$vn(caller)) + "\n";
    $var(tag) = ${ofCall('answeredBy')};
    if ($var(tag) == "") return;
    $vn(callee) = $sht(sides=>$var(id):$var(tag));
    if ($vn(callee) != $null) $var(lines) = $var(lines) + $_s(p$var(id):$var(tag)|$vn(callee)) + "\n";
}

# Media hosts that somebody here has drained, or taken back: told several times, because the other SBC may just be coming back.
route[TELL_DRAINS] {
    $var(number) = 1;
    while ($var(number) <= ${cell.media.length}) {
        $var(drain) = 0;
        if ($sht(drains=>$var(number)) != $null) $var(drain) = 1;
        if ($sht(drained=>$var(number)) != $var(drain)) {
            $sht(drained=>$var(number)) = $var(drain);
            $sht(telling=>$var(number)) = $TV(sn) + ${toldSeconds};
        }
        if ($sht(telling=>$var(number)) > $TV(sn)) {
            $var(lines) = $var(lines) + "d" + $var(number) + "|" + $var(drain) + "\n";
        }
        $var(number) = $var(number) + 1;
    }
}

# To that one address and not to all that are known as active: the answer is what makes an SBC active again that had been taken
# for lost, and until then it would miss calls. One that is silent is not spoken to: what was still under way to it when
# it comes back would time out, and have it taken for lost once more. Its message counts all the same: it is missing there.
route[SEND_LINES] {
    $shv(told) = $shv(told) + 1;
    if ($TV(sn) - $shv(heard) <= ${silentSeconds}) {
        dmq_send_message("calls", "sip:${peer.address}:${internalPorts.sbcReplication}", "#$shv(told)\n$var(lines)", "text/plain");
    }
    $var(lines) = "";
}

# What the other SBC asked for: the calls that live, and then the ends that it may not know. The mark says how far it then is.
route[SEND_ALL_CALLS] {
    sht_iterator_start("all", "calls");
    while (sht_iterator_next("all")) {
        $var(id) = $shtitkey(all);
        $vn(call) = $shtitval(all);
        route(TELL_SIDES);
        $var(lines) = $var(lines) + "s" + $var(id) + "|" + $vn(call) + "\n";
        if ($sht(suppressing=>$var(id)) != $null) $var(lines) = $var(lines) + "n" + $var(id) + "|\n";
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
    $var(lines) = $var(lines) + "!\n";
    route(SEND_LINES);
}

modparam("mqueue", "mqueue", "name=old_ends;size=200000")
# Ends that the other SBC has confirmed are needed no more once no message can be under way that says otherwise.
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

# What the other SBC says. After a silence we do not know what it did meanwhile.
route[REPLICATED] {
    if ($TV(sn) - $shv(heard) > ${silentSeconds}) {
        $shv(synced) = 0;
        if ($shv(heard) != 0 && $TV(sn) - $shv(heard) > ${endKept} && $shv(active) == 0) route(FORGET_CALLS);
    }
    $shv(heard) = $TV(sn);
    if ($rU != "calls") {
        dmq_handle_message();
        exit;
    }
    # A repetition is older than what came since: it gets the same answer and changes nothing.
    if (!t_newtran()) exit;
    $var(body) = $rb;
    # A message is missing: what it said is asked for.
    $var(number) = $(var(body){s.select,0,\n}{s.strip,1}{s.int});
    if ($var(number) == $shv(taken) + 1) {
        $shv(taken) = $var(number);
    } else if ($var(number) > $shv(taken)) {
        $shv(synced) = 0;
    }
    $var(i) = 1;
    $var(line) = $(var(body){s.select,1,\n});
    while ($var(line) != "") {
        $var(op) = $(var(line){s.substr,0,1});
        $var(id) = $(var(line){s.select,0,|}{s.strip,1});
        $var(skip) = $(var(id){s.len}) + 2;
        if ($var(op) == "?") {
            # Asks for all calls: it does not know what we do, and may have restarted its count.
            $shv(taken) = $var(number);
            mq_add("events", "all", "?calls");
        } else if ($var(op) == "!") {
            # It has told them all, up to this message.
            $shv(taken) = $var(number);
            $shv(synced) = 1;
        } else if ($var(op) == ".") {
            # A sign of life, with what it has of ours.
            $shv(confirmed) = $(var(id){s.int});
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
            # A record that it has delivered.
            $sht(others_records=>$var(id)) = $null;
        } else if ($var(op) == "f") {
            # A call that it has refused: a record, and nothing else.
            $sht(others_records=>$var(id):refused) = $(var(line){s.substr,$var(skip),0});
        } else if ($var(op) == "n") {
            # A call whose phones may suppress silence.
            if ($sht(ended=>$var(id)) == $null) $sht(suppressing=>$var(id)) = 1;
        } else if ($var(op) == "p") {
            $vn(told) = $(var(line){s.substr,$var(skip),0});
            route(SIDE_REPLICATED);
        } else if ($var(op) == "b") {
            $sht(branches=>$var(id)) = $(var(line){s.substr,$var(skip),0});
        } else if ($var(op) == "-" || $var(op) == "x") {
            if ($var(op) == "-") $vn(told) = $(var(line){s.substr,$var(skip),0});
            route(END_REPLICATED);
        } else {
            $vn(told) = $(var(line){s.substr,$var(skip),0});
            route(CALL_REPLICATED);
        }
        $var(i) = $var(i) + 1;
        $var(line) = $(var(body){s.select,$var(i),\n});
    }
    t_reply("200", "OK");
}

# A side, before its call is told: until then it is one of a phone that rings, or of a call that is over. In: $var(id), $vn(told).
route[SIDE_REPLICATED] {
    $var(left) = ${ringingSeconds};
    $var(name) = $(var(id){s.select,0,:});
    if ($sht(sides=>$var(id)) != $null) $var(left) = $shtex(sides=>$var(id));
    else if ($sht(ended=>$var(name)) != $null) $var(left) = ${endedSeconds};
    if ($var(left) < 1) $var(left) = 1;
    $sht(sides=>$var(id)) = $vn(told);
    $shtex(sides=>$var(id)) = $var(left);
}

# A call that was let in (+), moved to another trunk (+) or answered (=), or that lives (s). In: $var(op), $var(id), $vn(told), its entry.
route[CALL_REPLICATED] {
    if ($var(op) == "=") $sht(others_records=>$var(id):start) = $vn(told);
    # What is told late may be older than what we know: that it has ended since, or been answered.
    if ($sht(ended=>$var(id)) != $null) return;
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) != $null) {
        if ($var(op) == "s" && ${ofCall('answered')} != "") {
            sht_unlock("calls=>$var(id)");
            return;
        }
        route(UNCOUNT);
    }
    $vn(call) = $vn(told);
    $sht(calls=>$var(id)) = $vn(call);
    route(COUNT);
    sht_unlock("calls=>$var(id)");
    route(KEEP_SIDES);
}

# A call that has ended now (-), or before (x). In: $var(op), $var(id), $vn(told), of the former the entry with its end.
route[END_REPLICATED] {
    if ($var(op) == "-") {
        $sht(others_records=>$var(id):end) = $vn(told);
    }
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($sht(ended=>$var(id)) == $null) $sht(ended=>$var(id)) = $TV(sn);
    if ($vn(call) != $null) {
        $sht(calls=>$var(id)) = $null;
        route(FORGET_SIDES);
        route(UNCOUNT);
    }
    sht_unlock("calls=>$var(id)");
}

# This SBC was away for so long that the other one may have forgotten which calls ended meanwhile: it begins with what it is told.
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
