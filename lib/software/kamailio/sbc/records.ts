import type { Cell, SbcHost } from '../../../cell/cell.ts';
import type { SizeName } from '../../../spec/sizes.ts';
import { late } from '../../host-config.ts';
import { redisTunnelPort } from '../../stunnel/index.ts';
import { values } from '../../values.ts';
import { callFields, endFields } from './calls.ts';
import type { Section } from '../common/section.ts';

/** Key of the Redis stream that takes the call records. Each entry has one field, `event`, with a `CallEvent` as JSON. */
export const callRecordStream = 'call-records';

/**
 * An event of a call, as it stands in the stream. Times are seconds since 1970 with microseconds. A consumer must bear to see an
 * event twice (call and event name it), and an end without a start.
 */
export interface CallEvent {
  readonly event: 'start' | 'end';
  /** Call-ID. */
  readonly call: string;
  readonly tenant: string;
  /** user: within a tenant; in, out: from and to a carrier; feature: to FreeSWITCH. */
  readonly kind: 'user' | 'in' | 'out' | 'feature';
  readonly from: string;
  readonly to: string;
  /** Name of the trunk, empty within a tenant. */
  readonly trunk: string;
  /** Number of the media host. */
  readonly media: number;
  /** Name of the SBC that says it. */
  readonly sbc: string;
  readonly invited: number;
  /** Null if the call was never answered. */
  readonly answered: number | null;
  /** From here on in end events only. */
  readonly ended?: number;
  /** SIP status that ended it; 200 for a call that was hung up. */
  readonly cause?: number;
  readonly reason?: 'hung_up' | 'cancelled' | 'refused' | 'no_answer' | 'media_lost';
  /**
   * Mean opinion score 1 to 5, jitter in milliseconds, packet loss in percent, round trip in microseconds; null where the relay
   * could not measure it (the phones sent no RTCP).
   */
  readonly mos?: number | null;
  readonly jitter?: number | null;
  readonly loss?: number | null;
  readonly roundTrip?: number | null;
}

/**
 * Entries that the stream keeps at most. One takes about 500 bytes: half of the memory that Redis has by the size of the cell.
 */
const longestStream: Readonly<Record<SizeName, number>> = { test: 50_000, small: 500_000, standard: 2_000_000 };

/** Records that wait in memory at most, about 600 bytes each. */
export const longestQueue = 100_000;

const fieldOfCall = (name: (typeof callFields)[number]) => `$(vn(call){s.select,${callFields.indexOf(name)},|})`;
const fieldOfEnd = (name: (typeof endFields)[number]) =>
  `$(vn(call){s.select,${callFields.length + endFields.indexOf(name)},|})`;

/** A value of the JSON object that a record is: a text in quotes, or what is a number or `null` as it stands. */
const text = (value: string) => String.raw`\"${value}\"`;

/** A JSON object as the contents of a text of Kamailio's, whose variables it fills in. */
function json(fields: Readonly<Record<string, string>>): string {
  return `{${Object.entries(fields)
    .map(([name, value]) => `${text(name)}:${value}`)
    .join(',')}}`;
}

/** Call records: events to a Redis stream, by a process that may wait for it. */
export function records(cell: Cell, host: SbcHost): Section {
  const { recordDays } = cell.spec.retention;
  const orNull = (variable: string, field: string) => `    $var(${variable}) = ${field};
    if ($var(${variable}) == "" || $var(${variable}) == "<null>") $var(${variable}) = "null";`;
  const common = {
    call: text('$var(id)'),
    tenant: text(fieldOfCall('tenant')),
    kind: text(fieldOfCall('kind')),
    from: text(fieldOfCall('from')),
    to: text(fieldOfCall('to')),
    trunk: text(fieldOfCall('trunk')),
    media: fieldOfCall('media'),
    sbc: text(host.name),
    invited: fieldOfCall('invited'),
    answered: '$var(answered)',
  };
  const start = json({ event: text('start'), ...common });
  const end = json({
    event: text('end'),
    ...common,
    ended: fieldOfEnd('ended'),
    cause: fieldOfEnd('cause'),
    reason: text(fieldOfEnd('reason')),
    mos: '$var(mos)',
    jitter: '$var(jitter)',
    loss: '$var(loss)',
    roundTrip: '$var(rtt)',
  });
  return {
    title: 'Call records',
    text: `
# Redis wants TLS, which this version's module does not speak: a tunnel on loopback does.
modparam("ndb_redis", "server", "name=records;addr=127.0.0.1;port=${redisTunnelPort};pass=${late(values.redisPassword.name)}")
modparam("ndb_redis", "init_without_redis", 1)
modparam("ndb_redis", "connect_timeout", 1000)
modparam("ndb_redis", "cmd_timeout", 1000)
# After a failure wait a second before the next attempt.
modparam("ndb_redis", "allowed_timeouts", 0)
modparam("ndb_redis", "disable_time", 1)
# Waits here while Redis is away; a full queue loses the oldest, and metrics count it.
modparam("mqueue", "mqueue", "name=records;size=${longestQueue}")

route[COUNT_RECORD] {
    if ($mq_size(records) >= ${longestQueue}) prom_counter_inc("records_total", "1", "lost");
    prom_counter_inc("records_total", "1", "queued");
}

# In: $var(id), $vn(call).
route[RECORD_START] {
${orNull('answered', fieldOfCall('answered'))}
    route(COUNT_RECORD);
    mq_add("records", "$var(id)", "${start}");
}

route[RECORD_END] {
${orNull('answered', fieldOfCall('answered'))}
${orNull('mos', fieldOfEnd('mos'))}
${orNull('jitter', fieldOfEnd('jitter'))}
${orNull('loss', fieldOfEnd('loss'))}
${orNull('rtt', fieldOfEnd('roundTrip'))}
    route(COUNT_RECORD);
    mq_add("records", "$var(id)", "${end}");
}

# Every 100 ms, one after the other: what Redis does not confirm goes back into the queue. Not as a pipeline: when Redis was slow, the
# module took the answers to the commands before for those to the last ones, which then were repeated, or not sent at all.
# Redis took 8,000 a second so on one machine; with 1 ms to it some 900 are left. 300 calls a second are 600 records.
modparam("rtimer", "timer", "name=records;interval=100000u;mode=1;")
modparam("rtimer", "exec", "timer=records;route=SEND_RECORDS")
route[SEND_RECORDS] {
    $var(failed) = 0;
    while ($var(failed) == 0 && mq_fetch("records")) {
        $vn(record) = $mqv(records);
        # Type 1 is a text: the id of the entry.
        if (redis_cmd("records", "XADD ${callRecordStream} MAXLEN ~ ${longestStream[cell.spec.size]} * event %s", "$vn(record)", "reply")
                && $redis(reply=>type) == 1) {
            prom_counter_inc("records_total", "1", "sent");
        } else {
            $var(failed) = 1;
            mq_add("records", "again", "$vn(record)");
            prom_counter_inc("record_failures_total", "1");
        }
        redis_free("reply");
    }
    route(TRIM_RECORDS);
}

# Once a minute what is older than the spec's days leaves the stream. Spec: retention.recordDays
route[TRIM_RECORDS] {
    $var(minute) = $TV(sn) / 60;
    if ($var(minute) == $var(trimmed) || $var(failed) == 1) return;
    $var(trimmed) = $var(minute);
    $var(oldest) = $TV(sn) - ${recordDays * 86400};
    redis_cmd("records", "XTRIM ${callRecordStream} MINID ~ $var(oldest)000", "reply");
    redis_free("reply");
}
`,
  };
}
