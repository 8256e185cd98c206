import type { Section } from '../common/section.ts';

/** Order of the fields of a call in the table `calls`; at its end follow the fields of its end. */
export const callFields = ['tenant', 'trunk', 'media', 'kind', 'from', 'to', 'invited', 'answered'] as const;
export const endFields = ['ended', 'cause', 'reason', 'mos', 'jitter', 'loss', 'roundTrip'] as const;

/**
 * Calls in progress: one entry a call, from the INVITE to its end, and counters that follow the entries exactly. What happens
 * to a call is an event in a queue; a process of its own takes it from there to the other SBC and to Redis.
 */
export function calls(): Section {
  return {
    title: 'Calls in progress',
    text: `
# Events on their way out of the workers. A full queue loses the oldest.
modparam("mqueue", "mqueue", "name=events;size=200000")

# A Call-ID that is in use is refused: it would get at the other call's media, and end it. Asked before the media is anchored, and
# once more, under a lock, when the call is entered.
route[REFUSE_CALL_ID_IN_USE] {
    $var(code) = 482;
    $var(phrase) = "Call-ID In Use";
    $var(reason) = "call_id_in_use";
    route(REFUSE);
}

# A call was let in. In: $var(name), $var(trunk), $avp(m), $var(kind), $var(from), $var(to).
route[CALL_INVITED] {
    $var(m) = $avp(m);
    sht_lock("calls=>$ci");
    if ($sht(calls=>$ci) != $null) {
        sht_unlock("calls=>$ci");
        route(REFUSE_CALL_ID_IN_USE);
    }
    sht_setxs("calls", "$ci", "$var(name)|$var(trunk)|$var(m)|$var(kind)|$var(from)|$var(to)|$TV(Sn)|", "0");
    sht_unlock("calls=>$ci");
    mq_add("events", "$ci", "+$sht(calls=>$ci)");
    prom_counter_inc("setups_total", "1", "$var(kind)");
    $avp(invited_s) = $TV(sn);
    $avp(invited_us) = $TV(un);
}

# The callee rings, or answers at once: how long the caller has waited for that counts once.
route[POST_DIAL_DELAY] {
    if ($avp(invited_s) == $null) return;
    $var(ms) = ($TV(sn) - $avp(invited_s)) * 1000 + ($TV(un) - $avp(invited_us)) / 1000;
    $avp(invited_s) = $null;
    # Clocks are set.
    if ($var(ms) < 0) return;
    prom_counter_inc("post_dial_delay_milliseconds_total", "$var(ms)");
    prom_counter_inc("post_dial_delay_samples_total", "1");
}

# It goes over another trunk than it first did. In: $vn(call), $var(trunk).
route[CALL_MOVED_TO_TRUNK] {
    $vn(call) = $(vn(call){s.select,0,|}) + "|" + $var(trunk) + "|" + $(vn(call){s.select,2,|}) + "|out|" + $(vn(call){s.select,4,|})
        + "|" + $(vn(call){s.select,5,|}) + "|" + $(vn(call){s.select,6,|}) + "|";
    $sht(calls=>$ci) = $vn(call);
    mq_add("events", "$ci", "+$vn(call)");
}

# A 2xx passed. Its retransmissions pass too, on a busy host in another worker at the same moment: hence the lock.
route[CALL_ANSWERED] {
    sht_lock("calls=>$ci");
    $vn(call) = $sht(calls=>$ci);
    if ($vn(call) == $null || $(vn(call){s.select,7,|}) != "") {
        sht_unlock("calls=>$ci");
        return;
    }
    $vn(call) = $vn(call) + $TV(Sn);
    $sht(calls=>$ci) = $vn(call);
    sht_unlock("calls=>$ci");
    mq_add("events", "$ci", "=$vn(call)");
    prom_counter_inc("answered_total", "1");
}

# Nobody answered it, it was refused, or the caller gave up. In: $var(cause).
route[CALL_REFUSED] {
    $var(m) = $avp(m);
    route(RELEASE_MEDIA);
    $var(id) = $ci;
    $var(why) = "refused";
    if ($var(cause) == 487) $var(why) = "cancelled";
    if ($var(cause) == 408) $var(why) = "no_answer";
    route(CALL_ENDED);
}

# BYE. In: $var(m).
route[HANG_UP] {
    route(RELEASE_MEDIA);
    $var(id) = $ci;
    $var(cause) = 200;
    $var(why) = "hung_up";
    route(CALL_ENDED);
}

# Takes the call out of the table, once, gives back what it held, and tells. In: $var(id), $var(cause), $var(why), and what the
# relay measured.
route[CALL_ENDED] {
    sht_lock("calls=>$var(id)");
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) == $null) {
        # Ended before, or set up while neither SBC was told.
        sht_unlock("calls=>$var(id)");
        return;
    }
    $sht(calls=>$var(id)) = $null;
    sht_unlock("calls=>$var(id)");
    if ($shv(synced) == 0) $sht(ended=>$var(id)) = 1;
    route(UNCOUNT);
    mq_add("events", "$var(id)", "-$vn(call)|$TV(Sn)|$var(cause)|$var(why)|$avp(mos)|$avp(jitter)|$avp(loss)|$avp(rtt)");
    prom_counter_inc("ended_total", "1", "$var(why)");
    if ($avp(jitter) == $null || $avp(loss) == $null) return;
    prom_counter_inc("jitter_milliseconds_total", "$avp(jitter)");
    prom_counter_inc("loss_percent_total", "$avp(loss)");
    prom_counter_inc("media_samples_total", "1");
}

# In: $vn(call).
route[UNCOUNT] {
    $var(held) = $(vn(call){s.select,0,|});
    route(UNCOUNT_TENANT);
    $var(held) = $(vn(call){s.select,1,|});
    if ($var(held) != "") $var(n) = $shtdec(load=>k:$var(held));
    $var(held) = $(vn(call){s.select,2,|});
    $var(n) = $shtdec(load=>m:$var(held));
}

route[COUNT] {
    $var(held) = $(vn(call){s.select,0,|});
    route(COUNT_TENANT);
    $var(held) = $(vn(call){s.select,1,|});
    if ($var(held) != "") $var(n) = $shtinc(load=>k:$var(held));
    $var(held) = $(vn(call){s.select,2,|});
    $var(n) = $shtinc(load=>m:$var(held));
}

# --- Calls whose end nobody told us: the phones crashed, the network went away, an SBC died while they rang. The relay gives
# up a call after a minute without packets; once a minute we ask it for every call that is older than a minute, in a
# process that does nothing else, on both SBCs.
modparam("mqueue", "mqueue", "name=old_calls;size=200000")
modparam("rtimer", "timer", "name=lost_calls;interval=60;mode=1;")
modparam("rtimer", "exec", "timer=lost_calls;route=FIND_LOST_CALLS")
route[FIND_LOST_CALLS] {
    $var(now) = $TV(sn);
    sht_iterator_start("old", "calls");
    while (sht_iterator_next("old")) {
        $vn(call) = $shtitval(old);
        $var(age) = $var(now) - $(vn(call){s.select,6,|}{s.select,0,.}{s.int});
        # The iterator holds a lock: only note it.
        if ($var(age) > 60) mq_add("old_calls", "$shtitkey(old)", "$vn(call)");
    }
    sht_iterator_end("old");
    while (mq_fetch("old_calls")) {
        $var(id) = $mqk(old_calls);
        $vn(call) = $mqv(old_calls);
        $var(m) = $(vn(call){s.select,2,|});
        $var(age) = $var(now) - $(vn(call){s.select,6,|}{s.select,0,.}{s.int});
        $var(why) = "";
        if ($(vn(call){s.select,7,|}) == "") {
            # It may ring for three minutes.
            if ($var(age) > 240) $var(why) = "no_answer";
        } else if ($sht(alive=>$var(m)) == 1) {
            set_rtpengine_set("$var(m)");
            if (!rtpengine_query("call-id=$var(id)") && $sht(alive=>$var(m)) == 1) $var(why) = "media_lost";
        }
        if ($var(why) != "") {
            $var(cause) = 408;
            route(CALL_ENDED);
        }
    }
}
`,
  };
}
