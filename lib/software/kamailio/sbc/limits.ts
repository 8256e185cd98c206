import type { Cell } from '../../../fleet/derive/cell.ts';
import { cellBurstSeconds } from '../../../fleet/schema/fixed.ts';
import { callsWithOneHostLost } from '../../../fleet/relay-capacity.ts';
import type { Section } from '../common/section.ts';
import { withEmergency } from './with-emergency.ts';
import { number, tenantFields, trunkFields } from './tables.ts';

/** Causes by ITU-T Q.850 that stand in the Reason of a refusal. */
export const q850 = { userBusy: 17, noCircuit: 34, congestion: 42 } as const;

/** Milliseconds of a clock that starts again every 2^20 s, which is 12 days. */
export const milliseconds = '($TV(sn) & 1048575) * 1000 + $TV(un) / 1000';

/**
 * Limits on call set-ups: a token bucket (rate and burst) and a cap on calls at the same time, for every tenant and every
 * trunk, and a token bucket for the cell. A tenant's calls up to its guarantee are always admitted. Where a tenant of the cell has
 * a guarantee, each call above its tenant's takes a place of the shared part: what the cell relays with one media host lost,
 * less all guarantees.
 *
 * Kamailio's numbers have 32 bits. A bucket therefore counts in hundred-thousandths of a token: at a rate of R hundredths of a
 * call per second it gains exactly R of them in a millisecond, and 10,000 tokens are 1,000,000,000. Time is in `milliseconds`.
 */
export function limits(cell: Cell): Section {
  const { setupsPerSecond } = cell.spec.sbc;
  return {
    title: 'Limits on call set-ups',
    text: `
# Takes a token. In: $var(bucket), $var(rate) (calls per 100 s), $var(burst). Out: $var(wait), 0 if there was one, else the
# seconds until there will be one.
route[TAKE_TOKEN] {
    sht_lock("tokens=>$var(bucket)");
    $var(now) = ${milliseconds};
    # All levels here are without the token that is taken.
    $var(level) = ($var(burst) - 1) * 100000;
    $vn(level) = $sht(tokens=>$var(bucket));
    if ($vn(level) != $null) {
        $var(idle) = $var(now) - $sht(refilled=>$var(bucket));
        if ($var(idle) < 0) {
            # The clock of 12 days has started again, or the host's clock was set back.
            if ($var(idle) < -500000000) {
                $var(idle) = $var(idle) + 1048576000;
            } else {
                $var(idle) = 0;
            }
        }
        # Less than what it lacks. Compared before it is multiplied, so that it fits 32 bits.
        if ($var(idle) <= ($var(burst) * 100000 - $vn(level)) / $var(rate)) $var(level) = $vn(level) + $var(idle) * $var(rate) - 100000;
    }
    $var(wait) = 0;
    if ($var(level) < 0) {
        # Seconds, rounded up; the token is not taken.
        $var(wait) = ((0 - $var(level)) / $var(rate)) / 1000 + 1;
        $var(level) = $var(level) + 100000;
    }
    $sht(tokens=>$var(bucket)) = $var(level);
    $sht(refilled=>$var(bucket)) = $var(now);
    sht_unlock("tokens=>$var(bucket)");
}

# The cell's own bucket, asked after the tenant's: a tenant that floods empties its own. Spec: sbc.setupsPerSecond, with a burst of one second.
route[ADMIT_CELL] {
    $var(bucket) = "cell";
    $var(rate) = ${setupsPerSecond * 100};
    $var(burst) = ${setupsPerSecond * cellBurstSeconds};
    route(TAKE_TOKEN);
    if ($var(wait) > 0) {
        $var(reason) = "cell_rate";
        route(REFUSE_BUSY);
    }
}

# The tenant's cap and bucket. In: $vn(tenant), the tenant's record.
route[ADMIT_TENANT] {
    $var(cap) = ${number('tenant', tenantFields, 'calls')};
    $var(held) = $var(name);
    route(COUNT_TENANT);
    $var(holds_tenant) = 1;
    if ($var(n) > $var(cap)) {
        # All calls of its limit are in use.
        $var(code) = 486;
        $var(phrase) = "Busy Here";
        $var(reason) = "tenant_calls";
        $var(q850) = ${q850.userBusy};
        $var(wait) = 5;
        route(REFUSE_AT_LIMIT);
    }
    # Spec: media.relay.calls, with one media host lost. A guaranteed call takes no place.
    if ($var(place) > 0 && $var(place) > ${callsWithOneHostLost(cell.spec)} - $sht(guarantees=>*)) {
        # The cell still takes guaranteed calls of others.
        $var(reason) = "shared_calls";
        $var(q850) = ${q850.noCircuit};
        $var(wait) = 5;
        route(REFUSE_FOR_NOW);
    }
    $var(bucket) = $_s(t:$var(name));
    $var(rate) = ${number('tenant', tenantFields, 'rate')};
    $var(burst) = ${number('tenant', tenantFields, 'burst')};
    route(TAKE_TOKEN);
    if ($var(wait) > 0) {
        $var(reason) = "tenant_rate";
        $var(q850) = ${q850.congestion};
        route(REFUSE_FOR_NOW);
    }
}

# One more call of a tenant: the step over its guarantee takes a shared place, the step back gives it back, in whatever order
# the workers take them. In: $var(held). Out: $var(n), the tenant's calls; $var(place), shared places taken, 0 if it needs none.
route[COUNT_TENANT] {
    $var(place) = 0;
    $var(n) = $shtinc(load=>t:$var(held));
    if ($sht(guarantees=>*) > 0 && $var(n) > $sht(guarantees=>$var(held))) $var(place) = $shtinc(load=>shared);
}

# One less. In: $var(held).
route[UNCOUNT_TENANT] {
    $var(n) = $shtdec(load=>t:$var(held));
    if ($sht(guarantees=>*) > 0 && $var(n) >= $sht(guarantees=>$var(held))) $var(n) = $shtdec(load=>shared);
}

# Every second, by the process that watches the media hosts: when a guarantee is changed, calls that are up need more or fewer
# shared places than they took. A difference is real if nothing moved while it was counted and it was the same a second before.
route[RECOUNT_SHARED] {
    $var(counted) = $sht(load=>shared);
    $var(drift) = 0 - $var(counted);
    if ($sht(guarantees=>*) > 0) {
        sht_iterator_start("counted", "load");
        while (sht_iterator_next("counted")) {
            $var(held) = $shtitkey(counted);
            if ($(var(held){s.substr,0,2}) == "t:") {
                $var(held) = $(var(held){s.strip,2});
                $var(above) = $shtitval(counted) - $sht(guarantees=>$var(held));
                if ($var(above) > 0) $var(drift) = $var(drift) + $var(above);
            }
        }
        sht_iterator_end("counted");
    }
    if ($sht(load=>shared) != $var(counted)) $var(drift) = 0;
    if ($var(drift) != 0 && $var(drift) == $var(drift_before)) {
        prom_counter_inc("shared_recounts_total", "1");
        while ($var(drift) > 0) {
            $var(n) = $shtinc(load=>shared);
            $var(drift) = $var(drift) - 1;
        }
        while ($var(drift) < 0) {
            $var(n) = $shtdec(load=>shared);
            $var(drift) = $var(drift) + 1;
        }
    }
    $var(drift_before) = $var(drift);
}

# The trunk's cap and bucket. In: $var(trunk), $vn(record), the trunk's record. True: the call may use the trunk, and is
# counted on it. False: $var(reason), $var(q850), $var(wait).
route[ADMIT_TRUNK] {
    $var(cap) = ${number('record', trunkFields, 'calls')};
    $var(n) = $shtinc(load=>k:$var(trunk));${withEmergency(
      cell,
      `
    if ($avp(sos) != $null) {
        # It counts, and passes.
        $var(holds_trunk) = $var(trunk);
        return 1;
    }`,
    )}
    if ($var(n) > $var(cap)) {
        $var(n) = $shtdec(load=>k:$var(trunk));
        $var(reason) = "trunk_calls";
        $var(q850) = ${q850.noCircuit};
        $var(wait) = 5;
        return -1;
    }
    $var(bucket) = $_s(k:$var(trunk));
    $var(rate) = ${number('record', trunkFields, 'rate')};
    $var(burst) = ${number('record', trunkFields, 'burst')};
    route(TAKE_TOKEN);
    if ($var(wait) > 0) {
        $var(n) = $shtdec(load=>k:$var(trunk));
        $var(reason) = "trunk_rate";
        $var(q850) = ${q850.congestion};
        return -1;
    }
    $var(holds_trunk) = $var(trunk);
    return 1;
}
`,
  };
}
