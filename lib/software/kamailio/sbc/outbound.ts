import type { Cell } from '../../../fleet/derive/cell.ts';
import { abroadInNorthAmerica, highRiskPrefixes, prefixPattern } from '../../../fleet/countries.ts';
import { callFields, calledSeconds, fullMessage, ofCall } from './call-entry.ts';
import { q850 } from './limits.ts';
import type { Section } from '../common/section.ts';
import { field, number, outboundFields } from './tables.ts';

type Fraud = Pick<Cell, 'spec'>;

/** Whether calls to carriers have limits beside those of all calls. */
export const hasOutbound = ({ spec }: Fraud): boolean => spec.fraud.byTenant || spec.fraud.highRisk === 'refused';

/** Text of a configuration that only a cell has whose tenants may have limits of their own. */
export const withCaps = ({ spec }: Fraud, text: string): string => (spec.fraud.byTenant ? text : '');

/** Between two looks at the calls that go on. */
const meterSeconds = 10;

const highRisk = prefixPattern(highRiskPrefixes);

/** A condition of a script: whether a call to the carriers' side may not be. In: $var(number), $var(name), $var(from), $var(diverter), $var(id). */
export function isBarred({ spec }: Fraud): string {
  return spec.fraud.byTenant ? '!route(MAY_CALL)' : `$var(number) =~ "${highRisk}"`;
}

/** Whether a number is one that fraud calls, unless the spec allows them. */
const risky = ({ spec }: Fraud, prefix: string): string =>
  spec.fraud.highRisk === 'allowed'
    ? ''
    : `
    if ($var(number) =~ "${highRisk}"${prefix === '' ? '' : ` && !(${prefix} =~ "${highRisk}")`}) {
        $var(reason) = "high_risk";
        return -1;
    }`;

/** Fraud: where calls to carriers may go, for how long, and how many at the same time. Emergency calls do not come here. */
export function outbound(cell: Cell): Section {
  return {
    title: 'What calls to carriers may cost',
    text: cell.spec.fraud.byTenant
      ? caps(cell)
      : `
# A call to a number that costs a multiple of others: premium rate, satellites, international networks. Spec: fraud.highRisk
route[REFUSE_OUTBOUND] {
    $var(reason) = "high_risk";
    $var(code) = 403;
    $var(phrase) = "Destination Not Allowed";
    route(REFUSE);
}
`,
  };
}

/** Adds the seconds of a call that has ended to what its tenant or its user has spent, and takes them from what goes on. */
const spend = (key: string) => `    $var(key) = ${key};
    $var(n) = $sht(running=>$var(key)) - $var(seconds);
    if ($var(n) < 0) $var(n) = 0;
    if ($sht(running=>$var(key)) > 0) $sht(running=>$var(key)) = $var(n);
    $var(key) = $var(key) + ":" + $var(day);
    sht_lock("spent=>$var(key)");
    $sht(spent=>$var(key)) = $sht(spent=>$var(key)) + $var(seconds);
    sht_unlock("spent=>$var(key)");`;

/** A cap on minutes of a day. @param name of the field, and of the reason */
const minutesCap = (name: 'minutes' | 'userMinutes', key: string, reason: string) => `
    $var(cap) = ${number('limits', outboundFields, name)};
    if ($var(cap) > 0) {
        $var(key) = ${key};
        $var(n) = $sht(spent=>$var(key):$var(day)) + $sht(running=>$var(key));
        # In seconds: 60 / 100 of minutes and percent.
        $var(limit) = $var(cap) * ${number('limits', outboundFields, 'alarm')} / 5 * 3;
        if ($var(n) >= $var(limit)) route(NEAR_CAP);
        if ($var(n) >= $var(cap) * 60) {
            $var(reason) = "${reason}";
            return -1;
        }
    }`;

const callsCap = (name: 'calls' | 'userCalls', key: string, reason: string) => `
    $var(key) = ${key};
    $var(cap) = ${number('limits', outboundFields, name)};
    $var(n) = $shtinc(load=>a:$var(key));
    if ($var(cap) > 0) {
        if ($var(n) * 100 >= $var(cap) * ${number('limits', outboundFields, 'alarm')}) route(NEAR_CAP);
        if ($var(n) > $var(cap)) $var(reason) = "${reason}";
    }`;

function caps(cell: Cell): string {
  return String.raw`
# name of a call out => tenant|user who pays|1 if it is international: of a tenant with limits of its own
modparam("htable", "htable", "metered=>size=12;autoexpire=${calledSeconds};")
# t:tenant:day, u:user@domain:day (days since 1970, UTC) => seconds of calls that have ended; without a day => of those that go on
modparam("htable", "htable", "spent=>size=12;autoexpire=172800;initval=0;")
modparam("htable", "htable", "running=>size=12;autoexpire=${3 * meterSeconds};initval=0;")
# The same while they are added up.
modparam("htable", "htable", "tally=>size=12;initval=0;")
# t:tenant, u:user@domain => 1: a cap was nearly reached within the last ten minutes
modparam("htable", "htable", "near=>size=8;autoexpire=600;")

# Whether a call may leave through a carrier, as far as its tenant's limits on destinations, minutes and international calls go. In: $var(number),
# $var(name), $var(domain), $var(from), $var(caller_is), $var(diverter), who pays where the call is forwarded; $var(id). False: $var(reason). Out:
# $var(metered), 1 if it counts.
route[MAY_CALL] {
    $vn(limits) = $sht(outbound=>$var(name));
    if ($vn(limits) == $null) {${risky(cell, '').replaceAll('\n', '\n    ')}
        return 1;
    }
    # The longest prefix of the tenant's that the number has. Spec: tenants.outbound.destinations
    $var(length) = ${number('limits', outboundFields, 'longest')};
    if ($var(length) > $(var(number){s.len})) $var(length) = $(var(number){s.len});
    $var(prefix) = "";
    while ($var(length) > 0) {
        $var(prefix) = $(var(number){s.substr,0,$var(length)});
        if ($sht(outbound=>$var(name)|$var(prefix)) != $null) break;
        $var(prefix) = "";
        $var(length) = $var(length) - 1;
    }
    if ($(var(prefix){s.len}) == 0) {
        $var(reason) = "destination";
        return -1;
    }
    # Spec: fraud.highRisk. One that is opened by a prefix is opened by a prefix of its own.${risky(cell, '$var(prefix)')}
    # An exchange may write any user into its From.
    $var(payer) = $var(diverter);
    if ($(var(payer){s.len}) == 0) {
        $var(payer) = $var(from);
        if ($var(caller_is) == "exchange") $var(payer) = "*@" + $var(domain);
    }
    $var(day) = $TV(sn) / 86400;${minutesCap('minutes', '"t:" + $var(name)', 'tenant_minutes')}${minutesCap('userMinutes', '"u:" + $var(payer)', 'user_minutes')}
    # Whether it goes to another country. Spec: tenants.country
    $var(abroad) = 0;
    $var(home) = "+" + ${field('limits', outboundFields, 'home')};
    if (!starts_with("$var(number)", "$var(home)") || ($var(home) == "+1" && $var(number) =~ "${prefixPattern(abroadInNorthAmerica)}")) {
        $var(abroad) = 1;
        $var(reason) = "";${callsCap('calls', '"t:" + $var(name)', 'tenant_international')}${callsCap('userCalls', '"u:" + $var(payer)', 'user_international')}
        if ($(var(reason){s.len}) > 0) {
            $var(n) = $shtdec(load=>a:t:$var(name));
            $var(n) = $shtdec(load=>a:u:$var(payer));
            return -1;
        }
    }
    $var(metered) = 1;
    $vn(metered) = $_s($var(name)|$var(payer)|$var(abroad));
    $sht(metered=>$var(id)) = $vn(metered);
    return 1;
}

# In: $var(key).
route[NEAR_CAP] {
    if ($sht(near=>$var(key)) == $null) xlog("L_WARN", "near its cap on calls to carriers: $var(key)\n");
    $sht(near=>$var(key)) = 1;
}

# In: $var(reason).
route[REFUSE_OUTBOUND] {
    if ($var(reason) == "high_risk" || $var(reason) == "destination") {
        $var(code) = 403;
        $var(phrase) = "Destination Not Allowed";
        route(REFUSE);
    }
    $var(wait) = 5;
    # Until the next day begins.
    if ($var(reason) =~ "minutes") $var(wait) = 86400 - $TV(sn) mod 86400;
    $var(q850) = ${q850.congestion};
    route(REFUSE_FOR_NOW);
}

# A call that MAY_CALL has counted is not to be. In: $var(id), $vn(metered).
route[UNMETER] {
    $var(metered) = 0;
    route(UNCOUNT_ABROAD);
    if ($var(reason) != "call_in_use") $sht(metered=>$var(id)) = $null;
}

# In: $vn(metered).
route[UNCOUNT_ABROAD] {
    if ($(vn(metered){s.select,2,|}) != "1") return;
    $var(payer) = $(vn(metered){s.select,0,|});
    $var(n) = $shtdec(load=>a:t:$var(payer));
    $var(payer) = $(vn(metered){s.select,1,|});
    $var(n) = $shtdec(load=>a:u:$var(payer));
}

route[COUNT_ABROAD] {
    $vn(metered) = $sht(metered=>$var(id));
    if ($vn(metered) == $null || $(vn(metered){s.select,2,|}) != "1") return;
    $var(payer) = $(vn(metered){s.select,0,|});
    $var(n) = $shtinc(load=>a:t:$var(payer));
    $var(payer) = $(vn(metered){s.select,1,|});
    $var(n) = $shtinc(load=>a:u:$var(payer));
}

# It has ended: its seconds count on the day of its end. In: $var(id), $vn(call), $vn(metered).
route[SETTLE] {
    $sht(metered=>$var(id)) = $null;
    if (${ofCall('answered')} == "") return;
    $var(seconds) = $TV(sn) - $(vn(call){s.select,${callFields.indexOf('answered')},|}{s.select,0,.}{s.int});
    if ($var(seconds) < 1) $var(seconds) = 1;
    $var(day) = $TV(sn) / 86400;
${spend('"t:" + $(vn(metered){s.select,0,|})')}
${spend('"u:" + $(vn(metered){s.select,1,|})')}
}

# What the calls that go on have taken so far, on each SBC by the calls that it knows.
modparam("mqueue", "mqueue", "name=metered;size=200000")
modparam("rtimer", "timer", "name=meter;interval=${meterSeconds};mode=1;")
modparam("rtimer", "exec", "timer=meter;route=METER")
route[METER] {
    sht_iterator_start("meter", "metered");
    # The iterator holds a lock: only note it.
    while (sht_iterator_next("meter")) mq_add("metered", "$shtitkey(meter)", "$shtitval(meter)");
    sht_iterator_end("meter");
    if (!sht_reset("tally")) return;
    while (mq_fetch("metered")) {
        $var(id) = $mqk(metered);
        $vn(metered) = $mqv(metered);
        $vn(call) = $sht(calls=>$var(id));
        if ($vn(call) != $null && ${ofCall('answered')} != "") {
            $var(seconds) = $TV(sn) - $(vn(call){s.select,${callFields.indexOf('answered')},|}{s.select,0,.}{s.int});
            if ($var(seconds) > 0) {
                $var(key) = "t:" + $(vn(metered){s.select,0,|});
                $sht(tally=>$var(key)) = $sht(tally=>$var(key)) + $var(seconds);
                $var(key) = "u:" + $(vn(metered){s.select,1,|});
                $sht(tally=>$var(key)) = $sht(tally=>$var(key)) + $var(seconds);
            }
        }
    }
    sht_iterator_start("meter", "tally");
    while (sht_iterator_next("meter")) {
        $var(key) = $shtitkey(meter);
        $sht(running=>$var(key)) = $shtitval(meter);
    }
    sht_iterator_end("meter");
}

# For the other SBC, which does not know what calls have cost before it started. In: $var(lines).
route[TELL_SPENT] {
    sht_iterator_start("told", "spent");
    while (sht_iterator_next("told")) {
        $var(lines) = $var(lines) + "c" + $shtitkey(told) + "|" + $shtitval(told) + "\n";
        if ($(var(lines){s.len}) > ${fullMessage}) route(SEND_LINES);
    }
    sht_iterator_end("told");
}

# In: $var(id), the key of a row of spent; $var(n).
route[TAKE_SPENT] {
    sht_lock("spent=>$var(id)");
    if ($sht(spent=>$var(id)) < $var(n)) $sht(spent=>$var(id)) = $var(n);
    sht_unlock("spent=>$var(id)");
}
`;
}

/** For the metrics' page. */
export const outboundMetrics = `    $var(near) = 0;
    sht_iterator_start("near", "near");
    while (sht_iterator_next("near")) $var(near) = $var(near) + 1;
    sht_iterator_end("near");
    prom_gauge_set("near_caps", "$var(near)");
`;
