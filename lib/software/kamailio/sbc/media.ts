import type { Cell } from '../../../cell/cell.ts';
import { internalPorts } from '../../../spec/fixed.ts';
import type { Section } from '../common/section.ts';

/** Statements that put every media host into service, in every pool. */
export function mediaStates(cell: Cell): string {
  return [
    ...cell.media.map(({ number }) => `    $sht(alive=>${number}) = 1;`),
    '    # Spec: media.pools',
    ...Object.entries(cell.spec.media.pools).map(
      ([tier, hosts]) => `    $sht(pools=>${tier}) = "${hosts.map((number) => `${number}:`).join('')}";`,
    ),
  ].join('\n');
}

/**
 * Media relays: one rtpengine set a host, so that the script alone decides which host a call is on. The host's number
 * travels in the Record-Route header and comes back with every request inside the call.
 */
export function media(cell: Cell): Section {
  const { relay, rtcpMux, pools } = cell.spec.media;
  return {
    title: 'Media',
    text: `
# A set for each media host; the number of the set is the number of the host.
${cell.media
  .map(
    ({ number, address }) =>
      `modparam("rtpengine", "rtpengine_sock", "${number} == udp:${address}:${internalPorts.rtpengineControl}")`,
  )
  .join('\n')}
modparam("rtpengine", "setid_default", ${cell.media[0]!.number})
# A relay that does not answer costs a worker 2 x 0.25 s, once. Then the module asks it no more for 2 s, and the script not until
# WATCH_MEDIA has found it alive: the module would test it in a worker, and keep all others waiting that need the same relay.
modparam("rtpengine", "rtpengine_tout_ms", 250)
modparam("rtpengine", "rtpengine_retr", 2)
modparam("rtpengine", "rtpengine_disable_tout", 2)
modparam("rtpengine", "hash_table_size", 4096)
modparam("rtpengine", "hash_table_tout", 7200)
# What the relay measured, at the end of a call.
modparam("rtpengine", "mos_average_pv", "$avp(mos)")
modparam("rtpengine", "mos_average_jitter_pv", "$avp(jitter)")
modparam("rtpengine", "mos_average_packetloss_pv", "$avp(loss)")
modparam("rtpengine", "mos_average_roundtrip_pv", "$avp(rtt)")

# Anchors the call on the host of the tenant's pool that has the fewest calls, and takes the next one if that does not answer.
# In: $var(tier), $var(flags), what DESCRIPTION found. Out: $avp(m), the host's number. False: no host takes the call.
route[ANCHOR] {
    $var(tried) = 0;
    $var(tried_before) = 0;
    $var(attempt) = 0;
    while ($var(attempt) < 3) {
        route(CHOOSE_MEDIA_HOST);
        if ($var(m) == 0) {
            return -1;
        }
        $var(n) = $shtinc(load=>m:$var(m));
        $avp(m) = $var(m);
        # An offer in a 200 (an INVITE without SDP) is made when it comes; until then the host is only kept.
        if ($var(description) == 0) {
            $avp(late_offer) = 1;
            return 1;
        }
        set_rtpengine_set("$var(m)");
        if (rtpengine_offer("$var(flags)$var(learn)")) {
            return 1;
        }
        $var(n) = $shtdec(load=>m:$var(m));
        $avp(m) = $null;
        prom_counter_inc("media_failures_total", "1", "media-$var(m)");
        $var(tried_before) = $var(tried);
        $var(tried) = $var(m);
        $var(attempt) = $var(attempt) + 1;
    }
    return -1;
}

# Out: $var(m), 0 if every host of the pool is away, drained, full or tried.
route[CHOOSE_MEDIA_HOST] {
    $var(m) = 0;
    # Spec: media.relay.calls
    $var(least) = ${relay.calls};
    $var(hosts) = $sht(pools=>$var(tier));
    $var(i) = 0;
    # Of equals another one each time.
    $var(turn) = $var(turn) + 1;
    $var(count) = $(var(hosts){s.count,:});
    while ($var(i) < $var(count)) {
        $var(place) = ($var(turn) + $var(i)) mod $var(count);
        $var(host) = $(var(hosts){s.select,$var(place),:}{s.int});
        $var(n) = $sht(load=>m:$var(host));
        if ($var(n) < $var(least) && $var(host) != $var(tried) && $var(host) != $var(tried_before)) {
            $var(least) = $var(n);
            $var(m) = $var(host);
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

# The same for a call that has begun. Out: $vn(call), too.
route[OFFER_FLAGS_OF_CALL] {
    $var(held) = "";
    $vn(call) = $sht(calls=>$ci);
    if ($vn(call) != $null) $var(held) = $(vn(call){s.select,0,|});
    route(OFFER_FLAGS);
}

# A new offer within a call goes to the call's own host. In: $var(m). False: refused, the description must not pass.
route[OFFER_AGAIN] {
    if ($sht(alive=>$var(m)) == 1) {
        set_rtpengine_set("$var(m)");
        route(OFFER_FLAGS_OF_CALL);
        if (rtpengine_offer("$var(flags)$var(learn)")) return 1;
    }
    prom_counter_inc("media_failures_total", "1", "media-$var(m)");
    return -1;
}

# The description in an answer. In: $avp(m), $avp(late_offer). False: it must not pass.
route[ANSWER] {
    if ($sht(alive=>$avp(m)) == 1) {
        set_rtpengine_set("$avp(m)");
        if ($avp(late_offer) == 1) {
            route(OFFER_FLAGS_OF_CALL);
            # The first offer of all tells the relay on which side FreeSWITCH is.
            if ($vn(call) != $null && $(vn(call){s.select,3,|}) == "feature" && $(vn(call){s.select,7,|}) == "") {
                $var(flags) = $var(flags) + " direction=private direction=public";
            }
            if (rtpengine_offer("$var(flags)$var(learn)")) return 1;
        } else if (rtpengine_answer("${answerFlags}$var(learn)")) {
            return 1;
        }
    }
    prom_counter_inc("media_failures_total", "1", "media-$avp(m)");
    return -1;
}

# The call needs its relay no more. In: $var(m). Out: what the relay measured, in $avp(mos) and others.
route[RELEASE_MEDIA] {
    if ($sht(alive=>$var(m)) == 1) {
        set_rtpengine_set("$var(m)");
        rtpengine_delete();
    }
}

# Which media hosts take calls: asked every second by a process of its own, so that no worker finds out the slow way. Deleting
# a call that does not exist is the question: a relay that is there answers.
modparam("rtimer", "timer", "name=media;interval=1000000u;mode=1;")
modparam("rtimer", "exec", "timer=media;route=WATCH_MEDIA")
route[WATCH_MEDIA] {
${cell.media
  .map(
    ({ number, name }) => `    # ${name}
    set_rtpengine_set("${number}");
    if (rtpengine_delete("call-id=alive from-tag=alive")) {
        $sht(alive=>${number}) = 1;
    } else {
        $sht(alive=>${number}) = 0;
    }`,
  )
  .join('\n')}
    # Spec: media.pools
${Object.entries(pools)
  .map(
    ([tier, hosts]) => `    $var(hosts) = "";
${hosts
  .map(
    (number) =>
      `    if ($sht(alive=>${number}) == 1 && $sht(drains=>${number}) == $null) $var(hosts) = $var(hosts) + "${number}:";`,
  )
  .join('\n')}
    $sht(pools=>${tier}) = $var(hosts);`,
  )
  .join('\n')}
    route(RECOUNT_SHARED);
}
`,
  };
}

/** With strict-source, packets of a call are taken from where its two sides send, as the relay has learned, and from nowhere else. */
const answerFlags = 'replace-origin replace-session-connection strict-source ICE=remove';
