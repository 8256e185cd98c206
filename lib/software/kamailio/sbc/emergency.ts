import type { Cell } from '../../../fleet/derive/cell.ts';
import { countries, emergencyAnywhere, numberOfService } from '../../../fleet/countries.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import { calledSeconds, endedSeconds } from './call-entry.ts';
import { testTarget } from './emergency-test.ts';
import { bannedInEmergency, emergencyPattern } from './with-emergency.ts';
import type { Section } from '../common/section.ts';
import { field, tenantFields, trunkFields } from './tables.ts';

type Emergency = Pick<Cell, 'spec'>;

/** INVITEs to emergency numbers from all banned sources together. */
const fromBanned = { perSecond: 20, burst: 100 } as const;

/**
 * How often a trunk is asked whether it is there, and after how many questions without an answer it is not.
 */
export const emergencyWatch = { seconds: 10, unanswered: 3 } as const;

/** The trunks of a route as a list; the first one once more at its end: the last is tried even if it was silent a moment ago. */
function route(trunks: readonly string[]): string {
  return (trunks.length > 1 ? [...trunks, trunks[0]!] : trunks).join(':');
}

/** An empty bucket is full again within this time, seconds. */
const bucketSeconds = Math.max(...Object.values(bannedInEmergency).map(({ every, burst }) => every * burst));

/** In place of the country of somebody who is nowhere that the cell knows of. */
const nowhere = '-';

/** Rows of the table `emergency`. */
export function emergencyTable(cell: Emergency): ReadonlyMap<string, string> {
  const routes = Object.entries(cell.spec.emergency);
  const all = [...new Set(routes.flatMap(([, { trunks }]) => trunks))];
  const urn = routes.every(([, { form }]) => form === 'urn');
  return new Map([
    [nowhere, `${route(all)}|${urn ? 'urn' : 'number'}`],
    ...emergencyAnywhere.map((number) => [`${nowhere}:${number}`, 'urn:service:sos'] as const),
    [`${nowhere}:urn:service:sos`, emergencyAnywhere[0]],
    ...routes.flatMap(([code, { trunks, form }]): (readonly [string, string])[] => {
      const country = countries[code]!;
      return [
        [code, `${route(trunks)}|${form}`],
        ...(testTarget(cell, code) === undefined ? [] : [[`${code}:test`, testTarget(cell, code)!] as const]),
        ...country.emergency.map(([number, service]) => [`${code}:${number}`, `urn:service:${service}`] as const),
        ...(['sos', 'sos.ambulance', 'sos.fire', 'sos.police'] as const).map(
          (service) => [`${code}:urn:service:${service}`, numberOfService(country, service)] as const,
        ),
      ];
    }),
  ]);
}

/**
 * Emergency calls. They pass every limit, ban and drain, take any relay and in the end none, and go over the trunks of the caller's country. Other
 * sections call what is here only in a cell that has routes.
 */
export function emergency(cell: Cell): Section {
  const publicAddress = late(values.publicAddress.name);
  const trunks = [...new Set(Object.values(cell.spec.emergency).flatMap((way) => way.trunks))];
  return {
    title: 'Emergency calls',
    text: String.raw`
# country => trunks|form; country:number => service; country:service => number. The country of somebody who is nowhere that we know of is ${nowhere}.
# Spec: emergency
modparam("htable", "htable", "emergency=>size=8;")
# name of an emergency call => country; until its end is forgotten
modparam("htable", "htable", "sos=>size=8;autoexpire=${calledSeconds};")
# address, address|user@domain, name of an emergency call => when its bucket will be full again, in seconds since 1970
modparam("htable", "htable", "sos_buckets=>size=8;autoexpire=${bucketSeconds};")
# trunk => questions (OPTIONS) since its last answer
modparam("htable", "htable", "unanswered=>size=4;initval=0;")
route[TAKE_EMERGENCY_TABLE] {
${[...emergencyTable(cell)].map(([key, value]) => `    $sht(emergency=>${key}) = "${value}";`).join('\n')}
}

# What is dialled may be an emergency number; whether it is one decides the caller's country. In: $var(dialled). Out: $var(sos), 1 if
# so; $var(service), empty if a number was dialled. A URN has no domain: from here on it is at our address.
route[NOTE_EMERGENCY] {
    $var(service) = "";
    if ($var(dialled) == "service") {
        if (!($ru =~ "^urn:service:sos([.][-.a-z0-9]+)?$")) return;
        $var(service) = $(ru{s.tolower});
        $var(dialled) = "sos";
        $ru = "sip:sos@${publicAddress}";
    }
    $var(sos) = 1;
}

# Takes a token of a bucket that is forgotten once it is full: strangers choose whose there are. In: $var(bucket), its name; $var(every), the
# seconds in which it gains a token; $var(burst). True: there was one.
route[TAKE_EMERGENCY_TOKEN] {
    $var(now) = $TV(s) + 0;
    sht_lock("sos_buckets=>$var(bucket)");
    $var(full) = $var(now);
    $vn(full) = $sht(sos_buckets=>$var(bucket));
    if ($vn(full) != $null && $vn(full) > $var(now)) $var(full) = $vn(full);
    $var(full) = $var(full) + $var(every);
    $var(lacks) = $var(full) - $var(now);
    $var(most) = $var(burst) * $var(every);
    if ($var(lacks) <= $var(most)) $sht(sos_buckets=>$var(bucket)) = $var(full);
    sht_unlock("sos_buckets=>$var(bucket)");
    if ($var(lacks) <= $var(most)) return 1;
    return -1;
}

# A request that would be dropped, because its source floods us or has done so. True: it belongs to an emergency call, and goes on.
route[BANNED_IN_EMERGENCY] {
    if (is_method("INVITE") && !has_totag()) {
        route(DIALLED);
        if (!($var(dialled) =~ "${emergencyPattern(cell)}") || $var(dialled) == "service" && !($ru =~ "^urn:service:sos")) return -1;
        # Its own bucket first: one source must not empty that of all.
        $var(bucket) = $var(source);
        $var(every) = ${bannedInEmergency.source.every};
        $var(burst) = ${bannedInEmergency.source.burst};
        if (!route(TAKE_EMERGENCY_TOKEN)) return -1;
        $var(bucket) = "emergency calls of the banned";
        $var(rate) = ${100 * fromBanned.perSecond};
        $var(burst) = ${fromBanned.burst};
        route(TAKE_TOKEN);
        if ($var(wait) == 0) return 1;
        return -1;
    }
    if (has_totag() && $route_uri != $null) {
        $var(id) = $(route_uri{uri.param,c});
    } else if (is_method("CANCEL|ACK")) {
        # They have the Call-ID, the From tag and the number of their INVITE. Nothing else without a Route is of a call.
        route(NAME_CALL);
    } else {
        return -1;
    }
    if ($sht(sos=>$var(id)) == $null) return -1;
    $var(bucket) = $var(id);
    $var(every) = ${bannedInEmergency.call.every};
    $var(burst) = ${bannedInEmergency.call.burst};
    if (route(TAKE_EMERGENCY_TOKEN)) return 1;
    return -1;
}

# A call of somebody who has dialled what may be an emergency number. Comes back for one that is not, with $var(sos) 0. In: what
# IDENTIFY_CALLER has found out, $var(dialled), $var(service).
route[CALL_EMERGENCY] {
    $var(sos) = 0;
    if ($(var(trunk){s.len}) > 0) return;
    # Where the caller is. Spec: tenants.country, tenants.sites
    $vn(site) = $sht(places=>$var(from));
    if ($vn(site) == $null) $vn(site) = "";
    $vn(place) = $sht(places=>$var(domain)|$vn(site));
    if ($vn(place) == $null) $vn(place) = "${nowhere}||";
    $var(country) = $(vn(place){s.select,0,|});
    $var(callback) = $(vn(place){s.select,1,|});
    if ($(var(country){s.len}) == 0 || $sht(emergency=>$var(country)) == $null) $var(country) = "${nowhere}";
    if ($(var(service){s.len}) == 0) {
        $vn(service) = $sht(emergency=>$var(country):$var(dialled));
        # Not in that country.
        if ($vn(service) == $null) return;
        $var(to) = $var(dialled);
    } else {
        # A service that has no number of its own has the one of all.
        $vn(service) = $var(service);
        $vn(number) = $sht(emergency=>$var(country):$var(service));
        if ($vn(number) == $null) $vn(number) = $sht(emergency=>$var(country):urn:service:sos);
        $var(to) = $vn(number);
    }
    $var(sos) = 1;
    $avp(sos) = $var(country);
    xlog("L_ALERT", "emergency call $ci: $var(from) of tenant '$var(name)' calls $var(to) ($vn(service)), country '$var(country)', site '$vn(site)'\n");
    prom_counter_inc("emergency_calls_total", "1");
    # For the ACK of a refusal, and for longer from CALL_INVITED on.
    $sht(sos=>$var(id)) = $var(country);
    $shtex(sos=>$var(id)) = ${endedSeconds};
    if (!route(DESCRIPTION)) {
        route(SAY_WHAT_IS_ACCEPTED);
        route(REFUSE_EMERGENCY);
    }
    $var(said) = $hdr(Geolocation);
    if ($hdr(Geolocation) == $null) {
        $var(said) = "";
        route(SAY_LOCATION);
    }
    $var(kind) = "out";
    $var(tier) = ${field('tenant', tenantFields, 'tier')};
    $var(held) = $var(name);
    route(OFFER_FLAGS);
    $var(flags) = $var(flags) + " RTP/AVP";
    # It counts, and is not refused.
    route(COUNT_TENANT);
    $var(holds_tenant) = 1;
    $vn(way) = $sht(emergency=>$var(country));
    $avp(trunks) = $(vn(way){s.select,0,|});
    $avp(trunk_index) = 0;
    if ($(vn(way){s.select,1,|}) == "urn") $avp(sos_uri) = $vn(service);
    if (!route(NEXT_TRUNK)) {
        $var(trunk) = "";
        $var(code) = 500;
        $var(phrase) = "No Trunk Takes The Call";
        $var(reason) = "no_trunk";
        route(REFUSE_EMERGENCY);
    }
    route(IDENTITY);
    append_hf("Priority: emergency\r\n");
    if ($(var(said){s.len}) > 0) append_hf("Geolocation: $var(said)\r\nGeolocation-Routing: yes\r\n");
    route(SEND);
}

route[REFUSE_EMERGENCY] {
    prom_counter_inc("emergency_failed_total", "1");
    route(REFUSE);
}

# The location of the caller's site, where the phone has not told its own (RFC 6442: one location, the nearest to its source). In:
# $vn(place), $var(description). Out: $var(said), the value of Geolocation, empty if there is none.
route[SAY_LOCATION] {
    $vn(location) = $(vn(place){s.select,2,|});
    if ($vn(location) == "") return;
    if (!starts_with("$vn(location)", "<")) {
        $var(said) = $_s(<$vn(location)>);
        return;
    }
    if ($bs > 0 && $var(description) == 0) return;
    $var(cid) = $_s($var(id)@${publicAddress});
    if ($bs == 0) {
        if (!set_body("$vn(location)", "application/pidf+xml")) return;
        append_hf("Content-ID: <$var(cid)>\r\n");
    } else if ($cT =~ "^multipart") {
        # What the phone has put beside its description says nothing of a place.
        return;
    } else {
        $var(boundary) = $_s(cellstamp-$var(id));
        if (!set_body("--$var(boundary)\r\nContent-Type: application/sdp\r\n\r\n$rb\r\n--$var(boundary)\r\nContent-Type: application/pidf+xml\r\nContent-ID: <$var(cid)>\r\n\r\n$vn(location)\r\n--$var(boundary)--\r\n", "multipart/mixed;boundary=$var(boundary)")) return;
        remove_hf("MIME-Version");
        append_hf("MIME-Version: 1.0\r\n");
    }
    if (!msg_apply_changes()) return;
    $var(said) = $_s(<cid:$var(cid)>);
}

# No host of the tenant's pool takes the call: any host of the cell that is there, drained or full or another tenant's. In the end it goes without a
# relay, by the addresses that the two sides have said, which a phone behind NAT may not be reached by. In and out: as of ANCHOR.
route[ANCHOR_ANYWHERE] {
    $var(numbers) = $sht(media=>numbers);
    $var(nth) = 0;
    $var(m) = $(var(numbers){s.select,0,:});
    while ($var(m) != "") {
        if ($sht(alive=>$var(m)) == 1) {
            $var(n) = $shtinc(load=>m:$var(m));
            $avp(m) = $(var(m){s.int});
            if ($var(description) == 0) {
                $avp(late_offer) = 1;
                return 1;
            }
            if (route(OFFER)) return 1;
            $var(n) = $shtdec(load=>m:$var(m));
            route(RELEASE_MEDIA);
        }
        $var(nth) = $var(nth) + 1;
        $var(m) = $(var(numbers){s.select,$var(nth),:});
    }
    $var(m) = 0;
    $avp(m) = 0;
    $var(n) = $shtinc(load=>m:0);
    $var(refused) = 0;
    # The phone's private address means nothing to anybody else.
    if ($(var(learn){s.len}) > 0 && !fix_nated_sdp("2", "$var(source)")) xlog("L_WARN", "emergency call $ci names a private address\n");
    prom_counter_inc("emergency_without_relay_total", "1");
    xlog("L_ALERT", "emergency call $ci goes without a relay: no media host takes it\n");
}

# No trunk has taken it. In a failure route.
route[EMERGENCY_FAILED] {
    if ($var(cause) == 487) return;
    prom_counter_inc("emergency_failed_total", "1");
    xlog("L_ALERT", "emergency call $ci failed: $var(cause)\n");
}

# Whether the trunks are there: every ${emergencyWatch.seconds} s the active SBC asks each of them. Any answer will do.
modparam("rtimer", "timer", "name=emergency;interval=${emergencyWatch.seconds};mode=1;")
modparam("rtimer", "exec", "timer=emergency;route=WATCH_EMERGENCY")
route[WATCH_EMERGENCY] {
    if ($shv(active) != 1 || ASLEEP) {
${trunks.map((trunk) => `        $sht(unanswered=>${trunk}) = 0;`).join('\n')}
        return;
    }
${trunks
  .map(
    (trunk) => `    $var(trunk) = "${trunk}";
    route(ASK_TRUNK);`,
  )
  .join('\n')}
}

# In: $var(trunk).
route[ASK_TRUNK] {
    $var(n) = $shtinc(unanswered=>$var(trunk));
    if ($var(n) == ${emergencyWatch.unanswered + 1}) xlog("L_ALERT", "emergency trunk $var(trunk) does not answer\n");
    $vn(record) = $sht(trunks=>$var(trunk));
    if ($vn(record) == $null) return;
    route(CHOOSE_ADDRESS);
    if ($vn(address) == "") return;
    $var(way) = ":" + ${field('record', trunkFields, 'port')} + ";transport=" + ${field('record', trunkFields, 'transport')};
    if (${field('record', trunkFields, 'transport')} == "tls") $xavp(tls=>server_name) = ${field('record', trunkFields, 'address')};
    $uac_req(method) = "OPTIONS";
    $uac_req(ruri) = "sip:" + $vn(address) + $var(way);
    $uac_req(furi) = "sip:sbc@${publicAddress}";
    $uac_req(turi) = $uac_req(ruri);
    $uac_req(callid) = "emergency-" + $var(trunk) + "-" + $TV(sn);
    $uac_req(evroute) = 1;
    $uac_req(evparam) = "emergency|" + $var(trunk);
    if (!uac_req_send()) xlog("L_ERR", "emergency trunk $var(trunk): its OPTIONS is not sent\n");
}

# In: $vn(asked).
route[EMERGENCY_ANSWERED] {
    # 408 is our own, after silence; 478 and 503 say that nothing could be sent.
    if ($uac_req(evcode) == 408 || $uac_req(evcode) == 478 || $uac_req(evtype) != 1) return;
    $var(trunk) = $(vn(asked){s.select,1,|});
    $sht(unanswered=>$var(trunk)) = 0;
}
`,
  };
}

/** For the metrics' page. */
export function emergencyMetrics(cell: Emergency): string {
  return `    prom_counter_inc("emergency_calls_total", "0");
    prom_counter_inc("emergency_failed_total", "0");
    prom_counter_inc("emergency_without_relay_total", "0");
    $var(failing) = 0;
${Object.entries(cell.spec.emergency)
  .map(
    ([country, { trunks }]) => `    $var(up) = 0;
    if (${trunks.map((trunk) => `$sht(unanswered=>${trunk}) < ${emergencyWatch.unanswered + 1}`).join(' || ')}) $var(up) = 1;
    else $var(failing) = $var(failing) + 1;
    prom_gauge_set("emergency_route_up", "$var(up)", "${country}");`,
  )
  .join('\n')}
    prom_gauge_set("emergency_routes_down", "$var(failing)");
`;
}
