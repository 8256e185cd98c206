import type { Cell } from '../../cell/cell.ts';
import type { Section } from './section.ts';

/** What stops a flood before it costs anything: a source that nobody knows may send a few requests a second. */
export function screen(cell: Cell): Section {
  const { requestsPerSecond, banSeconds } = cell.spec.sbc.flood;
  return {
    title: 'Flood protection',
    text: `
# Ends the script for a banned source; counts the requests of a source that is neither a carrier, nor a tenant's exchange, nor
# has ever logged in.
# Who is banned: kamcmd htable.dump banned. Let one go: kamcmd htable.delete banned ADDRESS
route[SCREEN] {
    # What an edge says of a client inside a call needs no screening: the edge has done it.
    if ($var(edge) == 1 && $var(source) == $si) return;
    $vn(known) = $sht(known=>$var(source));
    if ($vn(known) == 1) return;
    if ($sht(banned=>$var(source)) == 1) {
        prom_counter_inc("dropped_total", "1", "banned");
        exit;
    }
    if ($sht(sources=>$var(source)) != $null || $si == $Ri) return;
    # The second in the upper bits, the requests seen in it in the lower ones.
    $var(second) = ($TV(s) & 16383) << 16;
    $var(n) = $sht(requests=>$var(source));
    if ($var(n) < $var(second) || $var(n) > $var(second) + 65535) $var(n) = $var(second);
    $var(n) = $var(n) + 1;
    $sht(requests=>$var(source)) = $var(n);
    # Spec: sbc.flood.requestsPerSecond
    if ($var(n) - $var(second) > ${requestsPerSecond}) {
        route(BAN);
        exit;
    }
}

route[BAN] {
    $sht(banned=>$var(source)) = 1;
    prom_counter_inc("bans_total", "1");
    xlog("L_NOTICE", "banned $var(source) for ${banSeconds} s\\n");
}

# A log-in that failed: twenty within a minute of each other, and a source that never had one that worked is banned.
route[LOGIN_FAILED] {
    prom_counter_inc("rejected_total", "1", "credentials");
    $var(n) = $shtinc(failures=>$var(source));
    if ($var(n) > 20 && $vn(known) != 1) {
        route(BAN);
        exit;
    }
}

# A log-in that worked.
route[LOGIN_WORKED] {
    if ($vn(known) != 1) {
        $sht(known=>$var(source)) = 1;
    }
}
`,
  };
}
