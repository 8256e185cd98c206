import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { longestRecordQueue } from '../../../fleet/schema/fixed.ts';
import type { SizeName } from '../../../fleet/schema/sizes.ts';
import { late } from '../../../fleet/late-bound.ts';
import { redisTunnelPort } from '../../stunnel/index.ts';
import { values } from '../../values.ts';
import { callFields, endFields, ofCall, type endings } from './call-entry.ts';
import type { refusalReasons } from './refusals.ts';
import { silentSeconds } from './replication.ts';
import type { Section } from '../common/section.ts';

/** Key of the Redis stream that takes the call records. Each entry has one field, `event`, with a `CallEvent` as JSON. */
export const callRecordStream = 'call-records';

/** The same for calls of the probe, which are nobody's. */
export const probeRecordStream = 'probe-records';
const longestProbeStream = 1000;

/**
 * An event of a call, as it stands in the stream. Times are seconds since 1970 with microseconds. `id` and `event` name it, and the
 * stream has it once, unless an SBC was away for longer than 15 minutes and brings it then. An end without a start is that of a call
 * that was admitted and not answered; of any other the start comes first.
 * `refused` stands alone, for a call that was not admitted: it has the fields of an end, and no media host (0). What a stranger tried is
 * no call of anybody's and has no record.
 */
export interface CallEvent {
  readonly event: 'start' | 'end' | 'refused';
  /** Call-ID. A caller may use one again for another call. */
  readonly call: string;
  /** Name of the call: start and end of one call have the same, and no other call has it. */
  readonly id: string;
  readonly tenant: string;
  /** user: within a tenant; in, out: from and to a carrier; feature: to FreeSWITCH; probe: of the cell's probe, in a stream of their own. */
  readonly kind: 'user' | 'in' | 'out' | 'feature' | 'probe';
  readonly from: string;
  readonly to: string;
  /** Name of the trunk, empty within a tenant. */
  readonly trunk: string;
  /** Number of the media host; 0 of a call that was not admitted. */
  readonly media: number;
  /** Name of the SBC that says it. */
  readonly sbc: string;
  readonly invited: number;
  /** Null if the call was never answered. */
  readonly answered: number | null;
  /** From here on in end and refused events only. */
  readonly ended?: number;
  /** SIP status that ended it; 200 for a call that was hung up. */
  readonly cause?: number;
  /** `refused`: by the callee or its carrier. */
  readonly reason?: 'hung_up' | 'cancelled' | 'refused' | keyof typeof endings | (typeof refusalReasons)[number];
  /**
   * Mean opinion score 1 to 5, jitter in milliseconds, packet loss in percent, round trip in microseconds; null where the relay
   * could not measure it (the phones sent no RTCP).
   */
  readonly mos?: number | null;
  readonly jitter?: number | null;
  readonly loss?: number | null;
  readonly roundTrip?: number | null;
  /** Whether these are about a part of the call only: another media host has taken it over meanwhile, or given it back. */
  readonly partial?: boolean;
}

/**
 * Entries that the stream keeps at most. One takes about 500 bytes: half of the memory that Redis has by the size of the cell.
 */
const longestStream: Readonly<Record<SizeName, number>> = { test: 50_000, small: 500_000, standard: 2_000_000 };

/**
 * How long Redis remembers which records it has, in seconds: for longer than an SBC that was away may come back with some of them.
 */
const remembered = 900;

/** Bytes of records that go to Redis in one command. */
const fullBatch = 16000;

/** How long a replica may take to have a record. Without a replica the records of so long go in one command. */
const copyMilliseconds = 100;

/** A field of a call's entry in the script below, whose lists count from 1. */
const inEntry = (name: (typeof callFields)[number] | (typeof endFields)[number]) =>
  `entry[${([...callFields, ...endFields] as const).indexOf(name) + 1}]`;

/**
 * What Redis runs for a batch: takes each record once, whoever brings it and however often (one that an SBC could not deliver is brought
 * by the other one, and an answer that was lost has it brought again), and writes it as JSON. In: lines of a record's name, a tab, and the
 * call's entry. (No value in an entry has a quotation mark.)
 */
export function takeRecords(longest: number, sbc: string): string {
  const text = (name: keyof CallEvent, value: string) => `text('${name}', ${value})`;
  const number = (name: keyof CallEvent, value: string) => `number('${name}', ${value})`;
  const ofStart = [
    text('event', 'event'),
    text('call', inEntry('callId')),
    text('id', 'id'),
    ...(['tenant', 'kind', 'from', 'to', 'trunk'] as const).map((name) => text(name, inEntry(name))),
    number('media', inEntry('media')),
    text('sbc', `'${sbc}'`),
    ...(['invited', 'answered'] as const).map((name) => number(name, inEntry(name))),
  ];
  const ofEnd = [
    ...(['ended', 'cause'] as const).map((name) => number(name, inEntry(name))),
    text('reason', inEntry('reason')),
    ...(['mos', 'jitter', 'loss', 'roundTrip'] as const).map((name) => number(name, inEntry(name))),
    `'"partial":' .. tostring(${inEntry('partial')} == '1')`,
  ];
  const member = String.raw`'"' .. name .. '":`;
  return [
    String.raw`local function text(name, value) return ${member}"' .. value .. '"' end`,
    // What the relay could not measure is not a number, and the answer of a call that had none is empty.
    String.raw`local function number(name, value) return ${member}' .. (string.find(value, '^[%d.]+') and value or 'null') end`,
    String.raw`for name, call in string.gmatch(ARGV[1], '([^\t\n]+)\t([^\n]+)') do`,
    `if redis.call('SET', 'record:' .. name, 1, 'NX', 'EX', ${remembered}) then`,
    `local id, event = string.match(name, '([^:]+):(%a+)')`,
    `local entry = {}`,
    `for field in string.gmatch(call .. '|', '([^|]*)|') do entry[#entry + 1] = field end`,
    `local record = table.concat({ ${ofStart.join(', ')} }, ',')`,
    `if event ~= 'start' then record = record .. ',' .. table.concat({ ${ofEnd.join(', ')} }, ',') end`,
    `local stream, longest = KEYS[1], ${longest}`,
    `if ${inEntry('kind')} == 'probe' then stream, longest = KEYS[2], ${longestProbeStream} end`,
    `redis.call('XADD', stream, 'MAXLEN', '~', longest, '*', 'event', '{' .. record .. '}')`,
    `end end return 1`,
  ].join(' ');
}

/** Call records: events to a Redis stream, by a process that may wait for it. */
export function records(cell: Cell, host: SbcHost): Section {
  const { recordDays } = cell.spec.retention;
  return {
    title: 'Call records',
    text: String.raw`
# Redis requires TLS, which this version's module does not support; a tunnel on loopback adds it.
modparam("ndb_redis", "server", "name=records;addr=127.0.0.1;port=${redisTunnelPort};pass=${late(values.redisPassword.name)}")
modparam("ndb_redis", "init_without_redis", 1)
modparam("ndb_redis", "connect_timeout", 1000)
modparam("ndb_redis", "cmd_timeout", 1000)
# After a failure wait a second before the next attempt.
modparam("ndb_redis", "allowed_timeouts", 0)
modparam("ndb_redis", "disable_time", 1)
# Names of records that wait here while Redis is away; a full queue loses the oldest, and metrics count it.
modparam("mqueue", "mqueue", "name=records;size=${longestRecordQueue}")

# A record to be delivered. It is kept until then here, and, by the line that announced it, at the other SBC. In: $var(record), its
# name; $vn(call), the entry, with its end if it has one.
route[RECORD] {
    if ($mq_size(records) >= ${longestRecordQueue} && mq_fetch("records")) {
        prom_counter_inc("records_total", "1", "lost");
        $sht(own_records=>$mqk(records)) = $null;
        $var(lines) = $var(lines) + "v" + $mqk(records) + "|\n";
    }
    prom_counter_inc("records_total", "1", "queued");
    $sht(own_records=>$var(record)) = $vn(call);
    mq_add("records", "$var(record)", "");
}

# While the other SBC is away, and when it has come back without them, its records are ours: starts first, as they would have come. (An entry that is removed while a table is
# gone through has the next one skipped.)
modparam("mqueue", "mqueue", "name=left_starts;size=200000")
modparam("mqueue", "mqueue", "name=left_ends;size=200000")
route[TAKE_OVER_RECORDS] {
    if ($shv(records_left) == 0 && ($shv(heard) == 0 || $TV(sn) - $shv(heard) <= ${silentSeconds})) return;
    $shv(records_left) = 0;
    sht_iterator_start("left", "others_records");
    while (sht_iterator_next("left")) {
        $var(record) = $shtitkey(left);
        if ($(var(record){s.select,1,:}) == "start") mq_add("left_starts", "$var(record)", "$shtitval(left)");
        else mq_add("left_ends", "$var(record)", "$shtitval(left)");
    }
    sht_iterator_end("left");
    while (mq_fetch("left_starts")) {
        $var(record) = $mqk(left_starts);
        $sht(own_records=>$var(record)) = $mqv(left_starts);
        route(TAKE_OVER_RECORD);
    }
    while (mq_fetch("left_ends")) {
        $var(record) = $mqk(left_ends);
        $sht(own_records=>$var(record)) = $mqv(left_ends);
        route(TAKE_OVER_RECORD);
    }
}

route[TAKE_OVER_RECORD] {
    $sht(others_records=>$var(record)) = $null;
    mq_add("records", "$var(record)", "");
    # Should this SBC die before it has delivered it.
    mq_add("kept_records", "$var(record)", "");
    prom_counter_inc("records_total", "1", "taken_over");
}

# Every 100 ms: several in one command, which takes each of them once. What Redis does not confirm is sent again, before newer records.
# One command after the other: when Redis was slow, the module took the answers to the commands before for those to the last ones.
modparam("rtimer", "timer", "name=records;interval=100000u;mode=1;")
modparam("rtimer", "exec", "timer=records;route=SEND_RECORDS")
route[SEND_RECORDS] {
    if ($var(unconfirmed) == 0) {
        $var(names) = "";
        $var(batch) = "";
    } else {
        route(SEND_BATCH);
    }
    while ($var(unconfirmed) == 0 && mq_fetch("records")) {
        $var(record) = $mqk(records);
        route(WRITE_RECORD);
        if ($(var(batch){s.len}) > ${fullBatch}) route(SEND_BATCH);
    }
    if ($var(unconfirmed) == 0 && $var(batch) != "") route(SEND_BATCH);
    route(TRIM_RECORDS);
}

# In: $var(record), its name. Adds its line to $var(batch).
route[WRITE_RECORD] {
    $vn(call) = $sht(own_records=>$var(record));
    # Delivered meanwhile.
    if ($vn(call) == $null) return;
    # Its start first, where that is not delivered: the SBC that had it may be dead, or have it behind this end in its queue. Redis takes
    # it once.
    if ($(var(record){s.select,1,:}) == "end" && ${ofCall('answered')} != "") {
        $var(start) = $(var(record){s.select,0,:}) + ":start";
        if ($sht(others_records=>$var(start)) != $null || $sht(own_records=>$var(start)) != $null) {
            $var(batch) = $var(batch) + ($var(start) + "\t" + $vn(call) + "\n");
        }
    }
    $var(names) = $_s($var(names)$var(record) );
    $var(batch) = $var(batch) + ($var(record) + "\t" + $vn(call) + "\n");
}

route[SEND_BATCH] {
    $vn(script) = "${takeRecords(longestStream[cell.spec.size], host.name).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}";
    # Type 3 is a number: the script has finished.
    if (!redis_cmd("records", "EVAL %s 2 ${callRecordStream} ${probeRecordStream} %s", "$vn(script)", "$var(batch)", "reply") || $redis(reply=>type) != 3) {
        redis_free("reply");
        $var(unconfirmed) = 1;
        prom_counter_inc("record_failures_total", "1");
        return;
    }
    redis_free("reply");
    # A replica has it too, because it may become the primary at any moment. If no replica confirms in time, one Redis is enough.
    if (!redis_cmd("records", "WAIT 1 ${copyMilliseconds}", "reply") || $redis(reply=>type) != 3) {
        redis_free("reply");
        $var(unconfirmed) = 1;
        prom_counter_inc("record_failures_total", "1");
        return;
    }
    redis_free("reply");
    $var(unconfirmed) = 0;
    # The other SBC no longer needs them.
    $var(delivered) = "";
    $var(i) = 0;
    $var(record) = $(var(names){s.select,0, });
    while ($var(record) != "") {
        $sht(own_records=>$var(record)) = $null;
        $var(delivered) = $_s($var(delivered)v$var(record)|) + "\n";
        $var(i) = $var(i) + 1;
        $var(record) = $(var(names){s.select,$var(i), });
    }
    mq_add("events", "records", "v$var(delivered)");
    prom_counter_inc("records_total", "$var(i)", "sent");
    $var(names) = "";
    $var(batch) = "";
}

# Once a minute, records older than the spec's days are removed from the stream. Spec: retention.recordDays
route[TRIM_RECORDS] {
    $var(minute) = $TV(sn) / 60;
    if ($var(minute) == $var(trimmed) || $var(unconfirmed) == 1) return;
    $var(trimmed) = $var(minute);
    $var(oldest) = $TV(sn) - ${recordDays * 86400};
    if (!redis_cmd("records", "XTRIM ${callRecordStream} MINID ~ $var(oldest)000", "reply")) prom_counter_inc("record_failures_total", "1");
    redis_free("reply");
}
`,
  };
}
