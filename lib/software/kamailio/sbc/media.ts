import type { Cell } from '../../../fleet/derive/cell.ts';
import { callTimer } from '../../../fleet/call-timers.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import { mediaHostsFolder, mediaHostsProgram } from '../../media-hosts/paths.ts';
import type { Section } from '../common/section.ts';
import { withEmergency } from './with-emergency.ts';
import { ofCall, ofSide } from './call-entry.ts';

/** Seconds without an answer after which a relay that can't move is lost with its calls. A restart takes less. */
const lostSeconds = 10;

/** @param relay expression of the number of a call's relay */
const endLost = (
  relay: string,
): string => `# A relay that can't move is lost: its calls end now, and hang no longer. In: $var(relay).
modparam("mqueue", "mqueue", "name=lost;size=200000")
route[END_LOST] {
    if ($shv(active) != 1) return;
    sht_iterator_start("lost", "calls");
    while (sht_iterator_next("lost")) mq_add("lost", "$shtitkey(lost)", "$shtitval(lost)");
    sht_iterator_end("lost");
    while (mq_fetch("lost")) {
        $var(id) = $mqk(lost);
        $vn(call) = $mqv(lost);
        $var(of) = ${relay};
        if ($var(of) == $var(relay) && ${ofCall('answered')} != "") $sht(ending=>$var(id)) = "media_lost";
    }
}

`;
/**
 * Media relays: one rtpengine set a host, so that the script alone decides which host a call is on. The host's number
 * travels in the Record-Route header and comes back with every request inside the call.
 */
export function media(cell: Cell): Section {
  const { spec } = cell;
  const { relay, rtcpMux, pools } = spec.media;
  const moves = cell.media.some(({ guest }) => guest !== undefined);
  const integer = (text: string) => text.replace(/\)$/, '{s.int})');
  const seconds = (time: string) => time.replace(/\)$/, '{s.select,0,.}{s.int})');
  return {
    title: 'Media',
    text: `
# A set for each media host; the number of the set is the number of the host. ${mediaHostsProgram} makes the list, and this
# module reads it at its start, and again when a host has come (RELOAD_RELAYS).
modparam("db_text", "db_mode", 1)
modparam("rtpengine", "db_url", "text://${mediaHostsFolder}")
# The set for messages that select none; there are no such messages.
modparam("rtpengine", "setid_default", ${cell.media[0]!.number})
# A relay that does not answer costs a worker 2 x 0.25 s, once. Then the module does not ask it for 2 s, and the script not until
# WATCH_MEDIA has found it alive: the module would test it in a worker, and keep all others waiting that need the same relay.
modparam("rtpengine", "rtpengine_tout_ms", 250)
modparam("rtpengine", "rtpengine_retr", 2)
modparam("rtpengine", "rtpengine_disable_tout", 2)
modparam("rtpengine", "hash_table_size", 4096)
# A callee behind a carrier may change: a phone that rings there is not always the one that answers. What the relay knows of the other
# side goes by this name until the side has a tag, and by it again when the tag is another.
modparam("rtpengine", "extra_id_pv", "$var(relayed)")
modparam("rtpengine", "hash_table_tout", 7200)
# Which relay has answered, whatever it said: the module's functions are false for a refusal and for silence alike.
modparam("rtpengine", "rtp_inst_pvar", "$var(relay_answered)")
# What the relay measured, at the end of a call.
modparam("rtpengine", "mos_average_pv", "$avp(mos)")
modparam("rtpengine", "mos_average_jitter_pv", "$avp(jitter)")
modparam("rtpengine", "mos_average_packetloss_pv", "$avp(loss)")
modparam("rtpengine", "mos_average_roundtrip_pv", "$avp(rtt)")

# From here on the relay is asked that has the number $var(m). True only for one that is there: the module takes a number and nothing
# else, and where it has none it asks the first relay of all.
route[SELECT_RELAY] {
    $var(relay) = $(var(m){s.int});
    if ($sht(alive=>$var(relay)) != 1 || !set_rtpengine_set("$var(relay)")) return -1;
    return 1;
}

# While the module reloads its list of relays it knows none of them: for some microseconds, or as long as the reading process gets no
# CPU. True if that may be why a relay has not answered, and the list is there: it is to be asked once more. In: $var(m),
# $var(relay_answered), $var(missed), 1 if it was.
route[MISSED_RELAY] {
    if ($var(missed) == 1 || $var(relay_answered) != "" || $sht(alive=>$var(m)) != 1) return -1;
    if ($shv(relays_reading) == 0 && $TV(sn) - $shv(relays_read) > 1) return -1;
    $var(missed) = 1;
    $var(waits) = 0;
    while ($shv(relays_reading) == 1 && $var(waits) < 100 && usleep("10000")) $var(waits) = $var(waits) + 1;
    return 1;
}

# Anchors the call on the host of the tenant's pool that has the fewest calls, and takes the next one if that does not answer.
# In: $var(tier), $var(flags), $var(id), $var(relayed), $avp(forks), what DESCRIPTION found. Out: $avp(m), the host's number. False: no host
# takes the call, and no other would where $var(refused) is 1: its description is what the relay does not take.
route[ANCHOR] {
    $var(tried) = 0;
    $var(tried_before) = 0;
    $var(attempt) = 0;
    $var(refused) = 0;
    $var(by_branch) = " via-branch=extra";
    while ($var(attempt) < 3) {
        route(CHOOSE_MEDIA_HOST);
        if ($var(m) == 0) {
            return -1;
        }
        if ($avp(probe) == $null) $var(n) = $shtinc(load=>m:$var(m));
        $avp(m) = $var(m);
        # An offer in a 200 (an INVITE without SDP) is made when it comes, and that to several phones for each of them (FORK); until
        # then the host is kept.
        if ($var(description) == 0) {
            $avp(late_offer) = 1;
            return 1;
        }
        if ($avp(forks) != $null) return 1;
        if (route(OFFER)) return 1;
        if ($avp(probe) == $null) $var(n) = $shtdec(load=>m:$var(m));
        $avp(m) = $null;
        # It may have begun the call although its answer was lost.
        route(RELEASE_MEDIA);
        if ($var(refused) == 1) return -1;
        $var(tried_before) = $var(tried);
        $var(tried) = $var(m);
        $var(attempt) = $var(attempt) + 1;
    }
    return -1;
}

# Offers a message's description to the relay, or offers it again. In: $var(m), $var(flags), $var(learn), $var(id), $var(relayed), $var(by_branch).
# False: the description must not pass. Out: $var(refused), why: 0, the relay is away or full; 1, it does not take this
# description; 2, the call has ended meanwhile.
route[OFFER] {
    $var(missed) = 0;
    route(OFFER_ONCE);
    if ($var(offered) != 1 && route(MISSED_RELAY)) route(OFFER_ONCE);
    if ($var(offered) == 1) {
        # The end of a call is noted before its media are released: either that release comes after this offer, or it is noted by now.
        # Otherwise the relay has set the call up again, and nothing would end it.
        if ($sht(ended=>$var(id)) == $null) {
            $sht(unreleased=>$var(m):$var(relayed)) = $null;
            return 1;
        }
        $var(refused) = 2;
        route(RELEASE_MEDIA);
        return -1;
    }
    route(WHY_REFUSED);
    return -1;
}

# Out: $var(offered), 1 if the relay has taken the description.
route[OFFER_ONCE] {
    $var(offered) = 0;
    $var(refused) = 0;
    $var(relay_answered) = "";
    if (route(SELECT_RELAY) && rtpengine_offer("$var(flags)$var(learn) call-id=$var(relayed)$var(by_branch)")) $var(offered) = 1;
}

# The relay did not take a description. In: $var(m), $var(relayed), $var(relay_answered). Out: $var(refused) as above.
route[WHY_REFUSED] {
    $var(refused) = 0;
    if ($var(relay_answered) != "") {
        # The relay has answered; its reason is only in the log. A relay that is full, or has no ports left, has no such call. It
        # reads a fragment of a description also then, keeps it for 3 s, and says whether it can.
        if (rtpengine_query("call-id=$var(relayed) from-tag=none")) {
            $var(refused) = 1;
        } else {
            $var(relay_answered) = "";
            if (!rtpengine_info("fragment call-id=read") && $var(relay_answered) != "") $var(refused) = 1;
            # A fragment needs no address. Here: none for the session, and a stream without one.
            if ($rb =~ "v=0[^\\n]*\\n([^cm\\n][^\\n]*\\n)*m=" && $rb =~ "\\nm=[^\\n]*(\\n[^cm\\n][^\\n]*)*(\\n?$|\\nm=)") $var(refused) = 1;
        }
    }
    # No message can make a relay fail.
    if ($var(refused) == 0) prom_counter_inc("media_failures_total", "1", "media-$var(m)");
}

# Why, for a person (RFC 3261, section 21.4.26). Out: $var(code), $var(phrase), $var(reason).
route[SAY_NOT_ACCEPTABLE] {
    append_to_reply("Warning: 399 ${late(values.publicAddress.name)} \\"The media relay cannot read this session description\\"\\r\\n");
    $var(code) = 488;
    $var(phrase) = "Not Acceptable Here";
    $var(reason) = "media_description";
}

# A call that rings at several phones is a call of its own at the relay for each of them: the ports of one are not those of another,
# and the audio is with the one that answers. In: $avp(id), $avp(m), $var(flags). Out: $var(refused), as of OFFER.
branch_route[FORK] {
    if ($avp(shown) != $null) route(LEAVE_DIVERTED);
    if ($avp(forks) == $null) return;
    $var(m) = $avp(m);
    if ($avp(late_offer) == 1) return;
    $var(id) = $avp(id);
    $var(relayed) = $var(id) + "-" + $T_branch_idx;
    $var(by_branch) = " via-branch=extra";
    # What the relay refuses for one phone, it refuses for another.
    if ($var(refused) != 1 && route(OFFER)) return;
    route(RELEASE_MEDIA);
    drop;
}

# Out: $var(m), 0 if every host of the pool is away, drained, full or tried.
route[CHOOSE_MEDIA_HOST] {
    $var(m) = 0;
    if ($avp(probe) != $null) {
        if ($var(attempt) == 0) $var(m) = $avp(probe);
        return;
    }
    # Spec: media.relay.calls
    $var(least) = ${relay.calls};
    $var(hosts) = $sht(pools=>$var(tier));
    $var(i) = 0;
    # Hosts with equal load take turns.
    $var(turn) = $var(turn) + 1;
    $var(count) = $(var(hosts){s.count,:});
    while ($var(i) < $var(count)) {
        $var(place) = ($var(turn) + $var(i)) mod $var(count);
        $var(host) = $(var(hosts){s.select,$var(place),:}{s.int});
        $var(n) = $sht(load=>m:$var(host));
        if ($var(n) < $var(least) && $var(host) != $var(tried) && $var(host) != $var(tried_before)) {
            # Checked here too, because the pools are up to a second old and a drain must hold from the next call on.
            if ($sht(drains=>$var(host)) == $null && $sht(guests=>$var(host)) == $null) {
                $var(least) = $var(n);
                $var(m) = $var(host);
            }
        }
        $var(i) = $var(i) + 1;
    }
}

# Flags of every offer of a tenant's call, the first or a later one: the codecs that the tenant may use. Without rtcp-mux each side
# keeps what it asked for. In: $var(held), the tenant's name. Out: $var(flags).
route[OFFER_FLAGS] {
    # Spec: media.rtcpMux
    $var(flags) = "${answerFlags}${rtcpMux ? ' rtcp-mux-offer' : ''}";
    $vn(codecs) = $sht(codecs=>$var(held));
    if ($vn(codecs) != $null) $var(flags) = $var(flags) + " " + $vn(codecs);
}

# The same for a call that has begun. In: $var(id). Out: $vn(call), too; null for one that is over.
route[OFFER_FLAGS_OF_CALL] {
    $var(held) = "";
    $vn(call) = $sht(calls=>$var(id));
    if ($sht(ended=>$var(id)) != $null) $vn(call) = $null;
    if ($vn(call) != $null) $var(held) = ${ofCall('tenant')};
    route(OFFER_FLAGS);
}

# A new offer within a call goes to the call's own host. In: $var(m), $var(id), $var(relayed). False: refused, the description must
# not pass. Out: $var(refused), as of OFFER.
route[OFFER_AGAIN] {
    $var(refused) = 2;
    route(OFFER_FLAGS_OF_CALL);
    if ($vn(call) == $null) return -1;
    $var(by_branch) = "";
    if (!route(OFFER)) return -1;
    if ($vn(codecs) == $null) route(NOTE_SILENCE_SUPPRESSION);
    return 1;
}

# The description in an answer. In: $avp(m), $avp(late_offer), $var(id), $var(relayed). False: it must not pass. Out: $var(refused), as
# of OFFER.
route[ANSWER] {
    $var(m) = $avp(m);
    route(NOTE_SILENCE_SUPPRESSION);
    if ($avp(late_offer) == 1) {
        $var(refused) = 2;
        route(OFFER_FLAGS_OF_CALL);
        if ($vn(call) == $null) return -1;
        # The first offer of all tells the relay on which side FreeSWITCH is.
        if (${ofCall('kind')} == "feature" && ${ofCall('answered')} == "") {
            $var(flags) = $var(flags) + " direction=private direction=public";
        }
        $var(by_branch) = "";
        if (route(OFFER)) return 1;
        return -1;
    }
    $var(missed) = 0;
    route(ANSWER_ONCE);
    if ($var(offered) != 1 && route(MISSED_RELAY)) route(ANSWER_ONCE);
    if ($var(offered) == 1) return 1;
    route(WHY_REFUSED);
    return -1;
}

# Out: $var(offered), 1 if the relay has taken the description.
route[ANSWER_ONCE] {
    $var(offered) = 0;
    $var(relay_answered) = "";
    if (route(SELECT_RELAY) && rtpengine_answer("${answerFlags}$var(learn) call-id=$var(relayed) via-branch=extra")) $var(offered) = 1;
}

# The call no longer needs its relay. One that gives no answer is asked again (RELEASE_LATE). The relay must know the tag in the command, else it keeps
# the call and reports success: it knows the caller's, and the callee's only if it has seen an answer. In: $var(m), $var(relayed);
# $var(tag_of_side), 1 where the message is not the caller's, and then $vn(caller). Out: what the relay measured, in $avp(mos) and others.
route[RELEASE_MEDIA] {${withEmergency(
      cell,
      `
    # An emergency call that goes without a relay.
    if ($var(m) == 0) return;`,
    )}
    $var(known_as) = $ft;
    if ($var(tag_of_side) == 1) $var(known_as) = ${ofSide('tag', 'vn(caller)')};
    if (route(SELECT_RELAY)) {
        $var(relay_answered) = "";
        if (rtpengine_delete("call-id=$var(relayed) from-tag=$var(known_as)")) return;
        prom_counter_inc("media_failures_total", "1", "media-$var(m)");
        if ($var(relay_answered) != "") return;
    }
    $sht(unreleased=>$var(m):$var(relayed)) = $var(known_as);
}

# Calls that have ended while their relay gave no answer: asked once more each second while it is alive. In WATCH_MEDIA's process.
modparam("mqueue", "mqueue", "name=unreleased;size=200000")
route[RELEASE_LATE] {
    sht_iterator_start("late", "unreleased");
    while (sht_iterator_next("late")) mq_add("unreleased", "$shtitkey(late)", "$shtitval(late)");
    sht_iterator_end("late");
    while (mq_fetch("unreleased")) {
        $var(late) = $mqk(unreleased);
        $var(m) = $(var(late){s.select,0,:});
        $var(relayed) = $(var(late){s.select,1,:});
        $var(known_as) = $mqv(unreleased);
        # Not one that was offered again under this name.
        if ($sht(unreleased=>$var(late)) != $null && route(SELECT_RELAY)) {
            if (rtpengine_delete("call-id=$var(relayed) from-tag=$var(known_as)")) $sht(unreleased=>$var(late)) = $null;
        }
    }
}

# Releases all that an unanswered call has at its relay. In: $var(m), $var(id), $avp(forks).
route[RELEASE_BRANCHES] {
    $var(relayed) = $var(id);
    if ($avp(forks) == $null) route(RELEASE_MEDIA);
    $var(i) = 0;
    while ($avp(forks) != $null && $var(i) < $avp(forks)) {
        $var(relayed) = $var(id) + "-" + $var(i);
        route(RELEASE_MEDIA);
        $var(i) = $var(i) + 1;
    }
}

# --- Calls whose end this SBC has not seen. The relay gives up a call after the spec's seconds without packets; half as often we ask it for
# every call, in a process that does nothing else, on the active SBC. Spec: calls.silentSeconds
modparam("mqueue", "mqueue", "name=watched;size=200000")
modparam("rtimer", "timer", "name=calls;interval=${callTimer(spec, Math.ceil(spec.calls.silentSeconds / 2))};mode=1;")
modparam("rtimer", "exec", "timer=calls;route=WATCH_CALLS")
route[WATCH_CALLS] {
    if ($shv(active) != 1 || ASLEEP) return;
    $var(now) = $TV(sn);
    sht_iterator_start("watch", "calls");
    # The iterator holds a lock: only note it.
    while (sht_iterator_next("watch")) mq_add("watched", "$shtitkey(watch)", "$shtitval(watch)");
    sht_iterator_end("watch");
    while (mq_fetch("watched")) {
        $var(id) = $mqk(watched);
        $vn(call) = $mqv(watched);
        $var(why) = "";
        $var(m) = ${integer(ofCall('media'))};
        if (${ofCall('answered')} == "") {
            # It may ring for three minutes.
            if ($var(now) - ${seconds(ofCall('invited'))} > 240) $var(why) = "no_answer";
        } else if ($var(now) - ${seconds(ofCall('answered'))} > ${integer(ofCall('longest'))}) {
            $var(why) = "too_long";
        }${withEmergency(cell, ' else if ($var(m) == 0) {\n            # An emergency call that goes without a relay.\n            $var(why) = "";\n        }')} else if (route(SELECT_RELAY)) {
            $var(relayed) = $var(id) + ${ofCall('leg')};
            # A relay that does not answer says nothing about the call, which may have moved to its neighbour.
            $var(relay_answered) = "";
            if (!rtpengine_query("call-id=$var(relayed) from-tag=none") && $var(relay_answered) != "") $var(why) = "media_lost";
        } else if ($sht(media=>$var(m)) == $null && $sht(away=>$var(m)) == 0) {
            # The other SBC knew this host; it was gone before this one started.
            $sht(away=>$var(m)) = $var(now);
        } else if ($sht(away=>$var(m)) != 0 && $var(now) - $sht(away=>$var(m)) > ${callTimer(spec, spec.calls.silentSeconds)}) {
            $var(why) = "media_lost";
        }
        if ($var(why) != "") $sht(ending=>$var(id)) = $var(why);
    }
}

# Which media hosts take calls: asked every second by a process of its own, so that no worker finds out the slow way. Deleting
# a call that does not exist is the question: a relay that is there answers.
modparam("rtimer", "timer", "name=media;interval=1000000u;mode=1;")
modparam("rtimer", "exec", "timer=media;route=WATCH_MEDIA")
route[WATCH_MEDIA] {
    if ($sht(media=>reload) != $null) route(RELOAD_RELAYS);
    $var(numbers) = $sht(media=>numbers);
    $var(place) = 0;
    $var(m) = $(var(numbers){s.select,0,:});
    while ($var(m) != "") {
        # The module wants a number.
        $var(relay) = $(var(m){s.int});
        # A host without a tier and without a call may be removed.
        if ($sht(media=>moving:$var(m)) != $null || ($sht(load=>m:$var(m)) == 0 && $sht(media=>serves:$var(m)) != 1)) {
            $sht(alive=>$var(m)) = 0;
            $sht(away=>$var(m)) = 0;
        } else if (route(SELECT_TO_ASK) && rtpengine_delete("call-id=alive from-tag=alive")) {
            $sht(alive=>$var(m)) = 1;
            $sht(away=>$var(m)) = 0;
        } else {
            $sht(alive=>$var(m)) = 0;
            if ($sht(away=>$var(m)) == 0) $sht(away=>$var(m)) = $TV(sn);${
              moves
                ? ''
                : `
            else if ($TV(sn) - $sht(away=>$var(m)) > ${callTimer(spec, lostSeconds)} && $sht(load=>m:$var(m)) > 0) route(END_LOST);`
            }
        }
        $var(place) = $var(place) + 1;
        $var(m) = $(var(numbers){s.select,$var(place),:});
    }
    route(OPEN_POOLS);
    route(RECOUNT_SHARED);
    route(RELEASE_LATE);
}

${moves ? '' : endLost(integer(ofCall('media')))}# Selects a relay to see whether it is there. The module says -2 where it takes it for away, and selects it all the same; and -1 where
# it does not know it, and the question would go to another one. In: $var(relay).
route[SELECT_TO_ASK] {
    if (set_rtpengine_set("$var(relay)") || $retcode == -2) return 1;
    return -1;
}

# Which media hosts each tier's new calls may go to.
route[OPEN_POOLS] {
    $var(tiers) = "${Object.keys(pools).join(':')}";
    $var(nth) = 0;
    $var(tier) = $(var(tiers){s.select,0,:});
    while ($var(tier) != "") {
        $var(hosts) = "";
        $var(silent) = "";
        $var(serving) = $sht(media=>tier:$var(tier));
        $var(place) = 0;
        $var(m) = $(var(serving){s.select,0,:});
        while ($var(m) != "") {
            if ($sht(alive=>$var(m)) == 1 && $sht(drains=>$var(m)) == $null && $sht(guests=>$var(m)) == $null) {
                if ($sht(silent_media=>$var(m)) == $null) $var(hosts) = $var(hosts) + $var(m) + ":";
                else $var(silent) = $var(silent) + $var(m) + ":";
            }
            $var(place) = $var(place) + 1;
            $var(m) = $(var(serving){s.select,$var(place),:});
        }
        # A host whose calls have no audio, by the probe, is better than none: the probe may be wrong.
        if ($var(hosts) == "") $var(hosts) = $var(silent);
        $sht(pools=>$var(tier)) = $var(hosts);
        $var(nth) = $var(nth) + 1;
        $var(tier) = $(var(tiers){s.select,$var(nth),:});
    }
}

# Until the media hosts have been checked once, all count as present.
route[TAKE_MEDIA_TABLE] {
include_file "${mediaHostsFolder}/table.cfg"
    $var(numbers) = $sht(media=>numbers);
    $var(place) = 0;
    $var(m) = $(var(numbers){s.select,0,:});
    while ($var(m) != "") {
        $sht(alive=>$var(m)) = 1;
        $var(place) = $var(place) + 1;
        $var(m) = $(var(numbers){s.select,$var(place),:});
    }
    route(OPEN_POOLS);
}

# Here and nowhere else: the process that asks whether relays are there must not find them gone while they are read. None of them is
# deleted or tested by that; new ones are added. The module refuses it within 10 s of the last time.
modparam("pv", "shvset", "relays_read=i:0")
modparam("pv", "shvset", "relays_reading=i:0")
route[RELOAD_RELAYS] {
    $shv(relays_read) = $TV(sn);
    $shv(relays_reading) = 1;
    if (jsonrpc_exec('{"jsonrpc": "2.0", "method": "rtpengine.reload", "id": 1}') && $jsonrpl(code) == 200) $sht(media=>reload) = $null;
    $shv(relays_reading) = 0;
    $shv(relays_read) = $TV(sn);
}
`,
  };
}

/** With strict-source, packets of a call are taken from where its two sides send, as the relay has learned, and from nowhere else. */
const answerFlags = 'replace-origin replace-session-connection strict-source ICE=remove';
