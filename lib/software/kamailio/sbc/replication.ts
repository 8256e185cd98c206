import type { Cell, SbcHost } from '../../../cell/cell.ts';
import { internalPorts } from '../../../spec/fixed.ts';
import type { Section } from '../common/section.ts';
import { peerOf, sockets } from './sockets.ts';

/** An SBC that was not heard for so long is taken for lost. */
const silentSeconds = 3;
/** How long a drained media host is told again and again: longer than an SBC that came back may be taken for lost. */
const toldSeconds = 15;

/**
 * What the two SBCs tell each other. Registrations and known sources go by Kamailio's own means; drained media hosts and calls go in
 * batches, so that a call costs a line and not a message, and so that the counters of the other SBC follow them.
 */
export function replication(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const peer = peerOf(cell, host);
  return {
    title: `Replication with ${peer.name}`,
    text: `
modparam("dmq", "server_address", "sip:${host.address}:${internalPorts.sbcReplication}")
modparam("dmq", "server_socket", "${listen.replication}")
modparam("dmq", "notification_address", "sip:${peer.address}:${internalPorts.sbcReplication}")
modparam("dmq", "num_workers", 1)
modparam("dmq", "ping_interval", 10)
# Whether the other SBC has told us its calls, and when it was last heard, in seconds since 1970.
modparam("pv", "shvset", "synced=i:0")
modparam("pv", "shvset", "heard=i:0")

# Every 50 ms, in a process of its own: events go to the other SBC, and those that make records go on to the records' queue.
modparam("rtimer", "timer", "name=events;interval=50000u;mode=1;")
modparam("rtimer", "exec", "timer=events;route=HAND_ON_EVENTS")
route[HAND_ON_EVENTS] {
    $var(lines) = "";
    $var(count) = 0;
    while (mq_fetch("events")) {
        $var(id) = $mqk(events);
        $var(event) = $mqv(events);
        $var(op) = $(var(event){s.substr,0,1});
        $vn(call) = $(var(event){s.substr,1,0});
        if ($var(op) == "?") {
            route(SEND_ALL_CALLS);
        } else if ($var(op) == "-") {
            $var(lines) = $var(lines) + "-" + $var(id) + "\\n";
            route(RECORD_END);
        } else if ($var(op) == "u") {
            $var(lines) = $var(lines) + "u" + $var(id) + "|" + $vn(call) + "\\n";
        } else {
            $var(lines) = $var(lines) + "+" + $var(id) + "|" + $vn(call) + "\\n";
            if ($var(op) == "=") route(RECORD_START);
        }
        $var(count) = $var(count) + 1;
        if ($var(count) >= 30) route(SEND_LINES);
    }
    if ($var(count) > 0) route(SEND_LINES);
    # A sign of life every second; until the other SBC has told us its calls, ask for them.
    $var(ticks) = $var(ticks) + 1;
    if ($var(ticks) >= 20) {
        $var(ticks) = 0;
        if ($shv(synced) == 0) $var(lines) = "?\\n";
        else $var(lines) = ".\\n";
        route(TELL_DRAINS);
        route(SEND_LINES);
    }
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
            $var(lines) = $var(lines) + "d" + $var(number) + "|" + $var(drain) + "\\n";
        }
        $var(number) = $var(number) + 1;
    }
}

# To that one address and not to all that are known as active: the answer is what makes an SBC active again that had been taken
# for lost, and until then it would miss calls. One that is silent is not spoken to: what was still under way to it when
# it comes back would time out, and have it taken for lost once more.
route[SEND_LINES] {
    if ($TV(sn) - $shv(heard) <= ${silentSeconds}) {
        dmq_send_message("calls", "sip:${peer.address}:${internalPorts.sbcReplication}", "$var(lines)", "text/plain");
    }
    $var(lines) = "";
    $var(count) = 0;
}

route[SEND_ALL_CALLS] {
    sht_iterator_start("all", "calls");
    while (sht_iterator_next("all")) {
        $var(lines) = $var(lines) + "s" + $shtitkey(all) + "|" + $shtitval(all) + "\\n";
        $var(count) = $var(count) + 1;
        if ($var(count) >= 30) route(SEND_LINES);
    }
    sht_iterator_end("all");
    sht_iterator_start("all", "drains");
    while (sht_iterator_next("all")) {
        $var(lines) = $var(lines) + "d" + $shtitkey(all) + "|1\\n";
    }
    sht_iterator_end("all");
    $var(lines) = $var(lines) + "!\\n";
    route(SEND_LINES);
}

# What the other SBC says. After a silence we do not know what it did meanwhile.
route[REPLICATED] {
    if ($TV(sn) - $shv(heard) > ${silentSeconds}) $shv(synced) = 0;
    $shv(heard) = $TV(sn);
    if ($rU != "calls") {
        dmq_handle_message();
        exit;
    }
    # A repetition is older than what came since: it gets the same answer and changes nothing.
    if (!t_newtran()) exit;
    $var(body) = $rb;
    $var(i) = 0;
    $var(line) = $(var(body){s.select,0,\\n});
    while ($var(line) != "") {
        $var(op) = $(var(line){s.substr,0,1});
        if ($var(op) == "?") {
            mq_add("events", "all", "?calls");
        } else if ($var(op) == "!") {
            $shv(synced) = 1;
        } else if ($var(op) == ".") {
            # A sign of life.
            $var(id) = "";
        } else if ($var(op) == "d") {
            # A media host that was drained there, or taken back.
            $var(id) = $(var(line){s.select,0,|}{s.strip,1});
            $sht(drained=>$var(id)) = $(var(line){s.select,1,|}{s.int});
            $sht(telling=>$var(id)) = 0;
            if ($sht(drained=>$var(id)) == 1) $sht(drains=>$var(id)) = 1;
            else $sht(drains=>$var(id)) = $null;
        } else if ($var(op) == "u") {
            # A user that the other one has found in the database.
            $var(id) = $(var(line){s.select,0,|}{s.strip,1});
            $sht(users=>$var(id)) = $(var(line){s.select,1,|});
        } else {
            $var(id) = $(var(line){s.select,0,|}{s.strip,1});
            # What is told on request may be older than what we know: of a call that has been answered since, or has ended.
            $vn(call) = $sht(calls=>$var(id));
            if ($var(op) != "s" || ($sht(ended=>$var(id)) == $null
                    && ($vn(call) == $null || $(vn(call){s.select,7,|}) == ""))) {
                route(CALL_REPLICATED);
            }
        }
        $var(i) = $var(i) + 1;
        $var(line) = $(var(body){s.select,$var(i),\\n});
    }
    t_reply("200", "OK");
}

# In: $var(op), $var(id), $var(line).
route[CALL_REPLICATED] {
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) != $null) route(UNCOUNT);
    if ($var(op) != "-") {
        $var(skip) = $(var(id){s.len}) + 2;
        $vn(call) = $(var(line){s.substr,$var(skip),0});
        $sht(calls=>$var(id)) = $vn(call);
        route(COUNT);
    } else if ($vn(call) != $null) {
        $sht(calls=>$var(id)) = $null;
    }
    sht_unlock("calls=>$var(id)");
}
`,
  };
}
