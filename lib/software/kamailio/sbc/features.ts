import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { featureNamePattern } from '../../freeswitch/features.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import { mediaHostsFolder, mediaHostsProgram } from '../../media-hosts/paths.ts';
import { featureCodes } from './feature-codes.ts';
import { q850 } from './limits.ts';
import type { Section } from '../common/section.ts';
import { sockets } from './sockets.ts';

/** Calls to FreeSWITCH: which of its hosts, and what it is asked for (`../freeswitch/features.ts` is the contract). */
export function features(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  return {
    title: 'Features (FreeSWITCH)',
    text: `
# Which of the hosts answer; which one gets a call is decided below. ${mediaHostsProgram} makes the list.
modparam("dispatcher", "list_file", "${mediaHostsFolder}/dispatcher.list")
# Asked from this host's own address, so that the standby knows too: FreeSWITCH's answers to the overlay address go to the
# active one. A host that answers 503 (full, or paused to be drained) is out until it answers 200.
modparam("dispatcher", "ds_ping_from", "sip:sbc@${late(values.publicAddress.name)}")
modparam("dispatcher", "ds_ping_interval", 2)
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "ds_probing_threshold", 2)
modparam("dispatcher", "ds_inactive_threshold", 1)
modparam("dispatcher", "ds_default_socket", "${listen.replication}")

# In: $var(target), a feature code; $var(from), $var(name), $var(tier).
route[TO_FEATURE] {
    if (route(FIND_FEATURE)) return;
    if ($var(feature) == "") {
        $var(code) = 404;
        $var(phrase) = "Not Found";
        $var(reason) = "unknown_number";
        route(REFUSE);
    }
    $var(reason) = "no_feature_host";
    $var(q850) = ${q850.congestion};
    $var(wait) = 5;
    route(REFUSE_FOR_NOW);
}

# In: the same. Out: $var(feature), empty if there is none by this code; $ru, $var(kind), $var(flags). False: it is not available.
route[FIND_FEATURE] {
    $var(kind) = "feature";
    $avp(any_host) = $null;
    $var(feature) = "";
    $var(named) = 0;
    $var(box) = 0;
    # Two digits, with or without a name.
    if ($var(target) =~ "^[*][0-9][0-9]") {
        $var(digits) = $(var(target){s.substr,1,2});
    } else {
        $var(digits) = "";
    }
    $var(rest) = $(var(target){s.strip,3});
    if ($var(digits) == "${featureCodes.echo}" && $var(rest) == "") {
        $var(feature) = "echo";
    } else if ($var(digits) == "${featureCodes.tone}" && $var(rest) == "") {
        $var(feature) = "tone";
    } else if ($var(digits) == "${featureCodes.mailbox}" && $var(rest) == "" && $var(trunk) == "") {
        # Only its owner can listen to a mailbox.
        $var(rest) = $(var(from){s.select,0,@});
        $var(feature) = "mailbox-";
        $var(named) = 1;
        $var(box) = 1;
    } else if ($var(digits) == "${featureCodes.voicemail}") {
        $var(feature) = "voicemail-";
        $var(named) = 1;
        $var(box) = 1;
    } else if ($var(digits) == "${featureCodes.conference}") {
        $var(feature) = "conference-";
        $var(named) = 1;
    } else if ($var(digits) == "${featureCodes.ivr}") {
        $var(feature) = "ivr-";
        $var(named) = 1;
    }
    if ($var(named) == 1) {
        # Each tenant has its own rooms and mailboxes.
        if ($var(rest) =~ "^${featureNamePattern}$") {
            $var(feature) = $var(feature) + $var(name) + "." + $var(rest);
        } else {
            $var(feature) = "";
        }
        # All calls to a room or a box meet on one host. A room goes elsewhere when its host is away; a box does not.
        $avp(feature) = $var(name) + "." + $var(rest);
    } else {
        $avp(feature) = $ci;
        $avp(any_host) = 1;
    }
    if ($var(feature) == "") return -1;
    if ($var(box) == 1) {
        # A box is on the disk of one host, whichever others are there. While that one is drained or away, its calls are refused: a
        # message on another host would be heard by nobody. Spec: media.pools
        $var(hosts) = "";
        $var(count) = 1;
${Object.entries(cell.spec.media.pools)
  .map(
    ([tier, hosts]) => `        if ($var(tier) == "${tier}") {
            $var(hosts) = "${hosts.join(':')}";
            $var(count) = ${hosts.length};
        }`,
  )
  .join('\n')}
        $var(place) = $(avp(feature){s.corehash,65536}{s.int}) mod $var(count);
        $var(host) = $(var(hosts){s.select,$var(place),:});
        $var(home) = "sip:" + $sht(media=>$var(host)) + ":${internalPorts.freeswitchSip}";
        if (!ds_is_active("1", "$var(home)")) return -1;
        $du = $var(home);
    } else {
        $avp(feature_tier) = $var(tier);
        $avp(feature_tried) = ":";
        if (!route(CHOOSE_FEATURE_HOST)) return -1;
    }
    $avp(feature_user) = $var(feature);
    route(AIM_AT_FEATURE_HOST);
    $var(flags) = $var(flags) + " direction=public direction=private RTP/AVP";
    return 1;
}

# Of the hosts that serve the tier and answer, the one that comes first in an order of the room's, or of the call's, own: where a host
# comes or goes, no other loses what it has. In: $avp(feature), $avp(feature_tier), $avp(feature_tried). Out: $du.
route[CHOOSE_FEATURE_HOST] {
    $var(most) = -1;
    $var(serving) = $sht(media=>tier:$avp(feature_tier));
    $var(nth) = 0;
    $var(host) = $(var(serving){s.select,0,:});
    while ($var(host) != "") {
        $var(uri) = "sip:" + $sht(media=>$var(host)) + ":${internalPorts.freeswitchSip}";
        $var(n) = $(_s($var(host)|$avp(feature)){s.md5}{s.corehash,65536}{s.int});
        $var(tried) = ":" + $var(host) + ":";
        if ($var(n) > $var(most) && !($avp(feature_tried) =~ $var(tried)) && ds_is_active("1", "$var(uri)")) {
            $var(most) = $var(n);
            $var(first) = $var(host);
            $var(home) = $var(uri);
        }
        $var(nth) = $var(nth) + 1;
        $var(host) = $(var(serving){s.select,$var(nth),:});
    }
    if ($var(most) < 0) return -1;
    $avp(feature_tried) = $avp(feature_tried) + $var(first) + ":";
    $du = $var(home);
    return 1;
}

route[AIM_AT_FEATURE_HOST] {
    $ru = "sip:" + $avp(feature_user) + "@" + $dd + ":" + $dp;
    $fs = "${listen.overlay}";
    t_set_fr(180000, 2000);
}

# After 503 or silence. True: on its way to another host. A room or a box is on one host only.
route[OTHER_FEATURE_HOST] {
    if ($avp(any_host) != 1 || !route(CHOOSE_FEATURE_HOST)) return -1;
    route(AIM_AT_FEATURE_HOST);
    t_on_reply("CALL_REPLY");
    t_on_failure("CALL_FAILED");
    if (t_relay()) return 1;
    return -1;
}
`,
  };
}
