import type { Cell } from '../../../cell/cell.ts';
import { streamRequests, streamSeconds } from '../common/connections.ts';
import type { Section } from '../common/section.ts';

/**
 * How many times as much a source may do from which somebody has logged in. Behind one address there may be an office of phones,
 * one of them with a wrong password; and one account of any tenant must not be a licence.
 */
const knownFactor = 20;

/** What stops a flood before it costs anything: a source that nobody knows may send a few requests a second. */
export function screen(cell: Cell): Section {
  const { connections, flood } = cell.spec.sbc;
  const { requestsPerSecond, banSeconds } = flood;
  return {
    title: 'Flood protection',
    text: `
# Ends the script for a banned source; counts the requests of a source that is neither a carrier nor a tenant's exchange.
# Who is banned: kamcmd htable.dump banned. Let one go: kamcmd htable.delete banned ADDRESS
route[SCREEN] {
    # What an edge says of a client inside a call needs no screening: the edge has done it.
    if ($var(edge) == 1 && $var(source) == $si) return;
    # FreeSWITCH, which is all that reaches this address.
    if ($Ri == "${cell.overlayAddress}") return;
    if ($sht(banned=>$var(source)) == 1) {
        prom_counter_inc("dropped_total", "1", "banned");
        exit;
    }
    $vn(known) = $sht(known=>$var(source));
    $var(address) = $var(source);
    route(OWNER);
    if ($vn(owner) != $null || $si == $Ri) {
        route(KEEP_CLIENT);
        return;
    }
    if ($var(stream) == 1) {
        route(COUNT_STREAM);
        return;
    }
    # Spec: sbc.flood.requestsPerSecond
    $var(most) = ${requestsPerSecond};
    if ($vn(known) == 1) $var(most) = ${knownFactor * requestsPerSecond};
    # The second in the upper bits, the requests seen in it in the lower ones.
    $var(second) = ($TV(s) & 16383) << 16;
    $var(n) = $sht(requests=>$var(source));
    if ($var(n) < $var(second) || $var(n) > $var(second) + 65535) $var(n) = $var(second);
    $var(n) = $var(n) + 1;
    $sht(requests=>$var(source)) = $var(n);
    if ($var(n) - $var(second) > $var(most)) {
        route(BAN);
        exit;
    }
}

# Over TCP and TLS, where no address can be forged, all phones of an office may register at once after a power cut: counted over
# ${streamSeconds} s, and one request more for each connection that it may hold. Spec: sbc.flood.requestsPerSecond, sbc.connections.perSource
route[COUNT_STREAM] {
    $var(most) = ${streamRequests(requestsPerSecond, connections)};
    if ($vn(known) == 1) $var(most) = ${streamRequests(knownFactor * requestsPerSecond, connections)};
    $var(moment) = $TV(s) / ${streamSeconds};
    if ($shtinc(streams=>$var(source):$var(moment)) > $var(most)) {
        route(BAN);
        exit;
    }
}

# Whose an address is: "trunk|NAME" of a carrier, "tenant|DOMAIN" of an exchange, or nobody's that we know. Ranges are kept as
# whole octets: the longest that is known wins. In: $var(address). Out: $vn(owner).
route[OWNER] {
    $vn(owner) = $sht(sources=>$var(address));
    if ($vn(owner) != $null) return;
    if ($sht(sources=>wide) == 1) {
        $var(octets) = $(var(address){s.select,0,.});
        $vn(owner) = $sht(sources=>$var(octets));
        $var(octets) = $var(octets) + "." + $(var(address){s.select,1,.});
        if ($sht(sources=>$var(octets)) != $null) $vn(owner) = $sht(sources=>$var(octets));
        $var(octets) = $var(octets) + "." + $(var(address){s.select,2,.});
        if ($sht(sources=>$var(octets)) != $null) $vn(owner) = $sht(sources=>$var(octets));
    }
    if ($vn(owner) == $null) $vn(owner) = $sht(resolved=>$var(address));
}

route[BAN] {
    $sht(banned=>$var(source)) = 1;
    prom_counter_inc("bans_total", "1");
    if (proto != UDP) route(BAN_CONNECTION);
    xlog("L_NOTICE", "banned $var(source) for ${banSeconds} s\\n");
}

# A log-in that failed: twenty within a minute of each other, and a source that never had one that worked is banned; ${20 * knownFactor}, and
# any is.
route[LOGIN_FAILED] {
    prom_counter_inc("rejected_total", "1", "credentials");
    $var(n) = $shtinc(failures=>$var(source));
    if ($var(n) > ${20 * knownFactor} || ($var(n) > 20 && $vn(known) != 1)) {
        route(BAN);
        exit;
    }
}

# A log-in that worked.
route[LOGIN_WORKED] {
    if ($vn(known) != 1) {
        $sht(known=>$var(source)) = 1;
    }
    route(KEEP_CLIENT);
}

# Carriers, exchanges and who has logged in keep their connection.
route[KEEP_CLIENT] {
    if (proto == UDP) return;
    $var(connection) = $conid;
    $var(client) = $si + ":" + $sp;
    route(KEEP_CONNECTION);
}
`,
  };
}
