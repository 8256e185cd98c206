import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { probeDomain } from '../../probe/paths.ts';
import type { Section } from '../common/section.ts';
import { selfAddress } from './call-entry.ts';
import { testedCountries, testRoute } from './emergency-test.ts';
import { probeSocket } from './sockets.ts';

/** Calls that the probe of this host (`../../probe`) places through its own SBC, to see whether media hosts carry audio. */
export function probe(cell: Cell, host: SbcHost): Section {
  const tests = testedCountries(cell).length > 0;
  return {
    title: 'Calls of the probe',
    text: `
# ha1 => what the probe of this host logs in with: it makes a password at each start, and passes it over the control socket
modparam("htable", "htable", "probe=>size=2;")
# media-NUMBER, sbc, record, database => 1 if the probe's last look was good, 0 if it was not. Spec: probe.intervalSeconds
modparam("htable", "htable", "probed=>size=4;autoexpire=120;")
# Time of its last report, in seconds since 1970.
modparam("pv", "shvset", "probed=i:0")

# A call of the probe. It arrives only on loopback, whose address nobody can forge. It goes through the media host that its Request-URI names,
# and to the probe's own other end. Limits and counters ignore it (see $avp(probe)), and it is not replicated to the other SBC.
route[CALL_OF_PROBE] {
    $avp(probe) = $(rU{s.strip,6}{s.int});${
      tests
        ? `
    # emergency-COUNTRY-NUMBER
    if (starts_with("$rU", "emergency-")) $avp(probe) = $(rU{s.strip,13}{s.int});`
        : ''
    }
    $var(kind) = "probe";
    $var(caller_is) = "probe";
    $vn(tenant) = "";
    $var(from) = "probe";
    $var(to) = $rU;
    if (!($rU =~ "^${tests ? '(media|emergency-[A-Z][A-Z])' : 'media'}-[1-9][0-9]{0,3}$") || $rd != "${probeDomain}" || $sht(probe=>ha1) == $null) {
        $var(code) = 403;
        $var(phrase) = "Forbidden";
        route(REFUSE);
    }
    if ($au == $null || $ar != "${probeDomain}" || !pv_auth_check("${probeDomain}", "$sht(probe=>ha1)", "1", "0")) {
        auth_challenge("${probeDomain}", "1");
        exit;
    }
    if ($sht(calls=>$var(id)) != $null || $sht(ended=>$var(id)) != $null) route(REFUSE_CALL_IN_USE);
    route(CHECK_OFFER);
    $var(held) = "-";
    route(OFFER_FLAGS);
    $var(tier) = "";
    $var(hidden) = 0;${
      tests
        ? `
    if (starts_with("$rU", "emergency-")) route(TEST_EMERGENCY);`
        : ''
    }
    # By the relay's private address: the media guard lets nothing else into the cell.
    $var(flags) = $var(flags) + " direction=private direction=private";
    $ru = "sip:probe@${selfAddress}:${internalPorts.probeCallee}";
    $fs = "${probeSocket(cell, host).name}";
    route(SEND);
}
${tests ? `\n${testRoute}` : ''}`,
  };
}

/** Whether the cell has a probe. */
export const hasProbe = ({ spec }: Pick<Cell, 'spec'>): boolean => spec.probe.intervalSeconds !== 'off';

/** For the metrics' page. */
export const probeMetrics = `    $var(failing) = 0;
    $var(now) = $TV(sn) - $shv(probed);
    if ($shv(probed) != 0) {
        prom_gauge_set("probe_age_seconds", "$var(now)");
        sht_iterator_start("probed", "probed");
        while (sht_iterator_next("probed")) {
            prom_gauge_set("probe_good", "$shtitval(probed)", "$shtitkey(probed)");
            if ($shtitval(probed) == 0) $var(failing) = $var(failing) + 1;
        }
        sht_iterator_end("probed");
        prom_gauge_set("probe_failing", "$var(failing)");
    }
`;
