import type { Cell } from '../../../fleet/derive/cell.ts';
import { streamRequests, streamSeconds } from '../common/connections.ts';
import { bannedInEmergency, withEmergency } from './with-emergency.ts';
import { selfAddress } from './call-entry.ts';
import type { Section } from '../common/section.ts';

/**
 * How many times as many requests a source may send from which somebody has logged in. Behind one address there may be an office
 * of phones; and one account of any tenant must not be a licence.
 */
const knownFactor = 20;

/**
 * What is not a phone with an old password, nor an office with a few of them. A phone that repeats its registration every ten seconds
 * fails six times a minute.
 */
export const failedLogIns = { ofUser: 20, userSeconds: 60, users: 20, usersSeconds: 3600 } as const;

/**
 * Lines that put into $vn(owner) whose an address is: "trunk|NAME" of a carrier, "tenant|DOMAIN" of an exchange, null if nobody's that
 * we know.
 */
export const findOwner = (address: string) => `$vn(owner) = $sht(sources=>${address});
    if ($vn(owner) == $null) {
        $var(address) = ${address};
        route(OWNER);
    }`;

/** What stops a flood before it costs anything: a source that nobody knows may send a few requests a second. */
export function screen(cell: Cell): Section {
  const { connections, flood } = cell.spec.sbc;
  const { requestsPerSecond, banSeconds } = flood;
  /** Before a request is dropped. */
  const unlessEmergency = (indent: string) => withEmergency(cell, `\n${indent}if (route(BANNED_IN_EMERGENCY)) return;`);
  return {
    title: 'Flood protection',
    text: `
# Ends the script for a banned source; counts the requests of a source that is neither a carrier nor a tenant's exchange.
# Who is banned: kamcmd htable.dump banned. Let one go: kamcmd htable.delete banned ADDRESS
# One user at an address: ADDRESS|USER@DOMAIN
route[SCREEN] {
    # A client's request inside a call needs no screening here: the edge has done it.
    if ($var(edge) == 1 && $var(source) == $si) return;
    # FreeSWITCH, the only one that reaches this address.
    if (dst_ip == ${cell.overlayAddress}) return;
    if ($sht(banned=>$var(source)) != $null) {${unlessEmergency('        ')}
        prom_counter_inc("dropped_total", "1", "banned");
        exit;
    }
    ${findOwner('$var(source)')}
    if ($vn(owner) != $null || $si == $Ri || $si == "${selfAddress}") {
        if (proto != UDP) route(KEEP_CLIENT);
        return;
    }
    if ($var(stream) == 1) {
        route(COUNT_STREAM);
        return;
    }
    # Spec: sbc.flood.requestsPerSecond
    $var(most) = ${requestsPerSecond};
    if ($sht(known=>$var(source)) == 1) $var(most) = ${knownFactor * requestsPerSecond};
    # The second in the upper bits, the requests seen in it in the lower ones.
    $var(second) = ($TV(s) & 16383) << 16;
    $var(n) = $sht(requests=>$var(source));
    if ($var(n) < $var(second) || $var(n) > $var(second) + 65535) $var(n) = $var(second);
    $var(n) = $var(n) + 1;
    $sht(requests=>$var(source)) = $var(n);
    if ($var(n) - $var(second) > $var(most)) {
        route(BAN);${unlessEmergency('        ')}
        exit;
    }
}

# Over TCP and TLS, where no address can be forged, all phones of an office may register at once after a power cut: counted over
# ${streamSeconds} s, and one request more for each connection that it may hold. Spec: sbc.flood.requestsPerSecond, sbc.connections.perSource
route[COUNT_STREAM] {
    $var(most) = ${streamRequests(requestsPerSecond, connections)};
    if ($sht(known=>$var(source)) == 1) $var(most) = ${streamRequests(knownFactor * requestsPerSecond, connections)};
    $var(moment) = $TV(s) / ${streamSeconds};
    if ($shtinc(streams=>$var(source):$var(moment)) > $var(most)) {
        route(BAN);${unlessEmergency('        ')}
        exit;
    }
}

# Whose an address is that does not stand in the table itself. Ranges are kept as whole octets: the longest that is known wins. In:
# $var(address). Out: $vn(owner), as in the table sources, or null.
route[OWNER] {
    if ($sht(sources=>wide) != $null) {
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

# A source that guesses a user's password may not log in as that user from there for a while, not even with the right one. In: $var(login), the
# source and the user.
route[SCREEN_LOG_IN] {
    if ($sht(banned=>$var(login)) == $null) return;${withEmergency(
      cell,
      `
    # A call to emergency services passes, but not so often that passwords could be guessed by it.
    if ($var(sos) == 1 && is_method("INVITE") && !has_totag()) {
        $var(bucket) = $var(login);
        $var(every) = ${bannedInEmergency.login.every};
        $var(burst) = ${bannedInEmergency.login.burst};
        if (route(TAKE_EMERGENCY_TOKEN)) return;
    }`,
    )}
    prom_counter_inc("rejected_total", "1", "banned_user");
    $var(reason) = "banned_user";
    $var(code) = 503;
    if (is_method("INVITE") && !has_totag()) route(NOTE_REFUSAL);
    append_to_reply("Retry-After: ${banSeconds}\\r\\n");
    send_reply("503", "Service Unavailable");
    exit;
}

# A log-in that failed. It counts for the user and not for the source: an old password in one phone must not cost its office the
# others. Over ${failedLogIns.ofUser} times in ${failedLogIns.userSeconds} s, and the user is banned at this source. A source where more users fail within ${failedLogIns.usersSeconds} s than ${failedLogIns.users}, and more
# than log in, tries users: it is banned. In: $var(login).
route[LOGIN_FAILED] {
    prom_counter_inc("rejected_total", "1", "credentials");
    $var(reason) = "credentials";
    $var(code) = 407;
    if (is_method("INVITE") && !has_totag()) route(NOTE_REFUSAL);
    $var(n) = $shtinc(failures=>$var(login));
    if ($var(n) > ${failedLogIns.ofUser}) {
        $sht(banned=>$var(login)) = 1;
        prom_counter_inc("bans_total", "1");
        xlog("L_NOTICE", "banned $var(login) for ${banSeconds} s\\n");
    }
    if ($sht(failing=>$var(login)) != $null) return;
    $sht(failing=>$var(login)) = 1;
    $var(n) = $shtinc(failing_users=>$var(source));
    if ($var(n) <= ${failedLogIns.users}) return;
    # The day has just begun, perhaps.
    $var(day) = $TV(sn) / 86400;
    $var(day_before) = $var(day) - 1;
    if ($var(n) > $sht(good_users=>$var(source)|$var(day)) && $var(n) > $sht(good_users=>$var(source)|$var(day_before))) route(BAN);
}

# A log-in that worked: it excuses this user's failures, and nobody else's. In: $var(login).
route[LOGIN_WORKED] {
    if ($sht(failing=>$var(login)) != $null) {
        $sht(failing=>$var(login)) = $null;
        $sht(failures=>$var(login)) = $null;
        $var(n) = $shtdec(failing_users=>$var(source));
    }
    $var(day) = $TV(sn) / 86400;
    if ($sht(log_ins=>$var(login)) != $var(day)) {
        $sht(log_ins=>$var(login)) = $var(day);
        $var(n) = $shtinc(good_users=>$var(source)|$var(day));
    }
    if ($sht(known=>$var(source)) == $null) $sht(known=>$var(source)) = 1;
    if (proto != UDP) route(KEEP_CLIENT);
}

# Carriers, exchanges and who has logged in keep their connection over TCP or TLS.
route[KEEP_CLIENT] {
    $var(connection) = $conid;
    $var(client) = $si + ":" + $sp;
    route(KEEP_CONNECTION);
}
`,
  };
}
