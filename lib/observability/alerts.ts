/**
 * What wakes somebody, as plain data, on what the hosts publish themselves: a new alert is an entry here. A target makes its own alarms
 * of them, and adds those on what only it measures (its machines, its database, its Redis).
 *
 * A metric that is missing is unknown; only where its absence is itself the trouble does an alert say so (`missing: 'breaching'`).
 */
import type { Cell, MediaHost, SbcHost } from '../fleet/derive/cell.ts';
import type { EdgeHost, FrontRegion } from '../fleet/derive/front.ts';
import { longestRecordQueue } from '../fleet/schema/fixed.ts';
import { responseTo, type AlertKind, type Response } from './alert-kinds.ts';
import type { HostMetricName } from './host-metrics.ts';

export interface HostReading {
  /** Name of the host. */
  readonly host: string;
  readonly metric: HostMetricName;
  /** Over the minute, or over all minutes that are looked at together. */
  readonly statistic: 'Maximum' | 'Minimum' | 'Sum';
}

/**
 * Arithmetic over the readings of an alert, in prefix notation; a target writes it in its own language. A text is the name of a reading,
 * which is unknown while it is missing; `orZero` takes 0 for it then. A comparison is 1 or 0.
 */
export type Expression =
  | string
  | number
  | readonly ['orZero', string]
  | readonly ['abs', Expression]
  | readonly ['+' | '-' | '*' | '/' | '>' | '==' | 'and', Expression, Expression]
  | readonly ['if', condition: Expression, then: Expression, otherwise: number];

export interface Alert extends Response {
  /** Stable within the cell or the front: `sbc-1-healthy`. */
  readonly id: string;
  /** What it means. */
  readonly description: string;
  /** One reading, or several under the names that `expression` uses. */
  readonly readings: Readonly<Record<string, HostReading>>;
  /** @default - the only reading */
  readonly expression?: Expression;
  readonly when: 'above' | 'below';
  readonly threshold: number;
  /** Minutes in a row; with `together`, minutes that are added up to one value. */
  readonly minutes: number;
  /** @default false */
  readonly together?: boolean;
  readonly missing: 'missing' | 'breaching' | 'notBreaching';
}

/** A host, as much of it as its alerts say. */
export interface WatchedHost {
  readonly name: string;
  readonly hostname: string;
}

/** An SBC reads its tables every 30 s. */
const oldTablesSeconds = 300;

/** A probe says something every two seconds. */
const silentProbeSeconds = 120;

/** Who renews certificates by a program does it a month ahead; after two weeks of failures a person has two weeks left. */
const fewCertificateDays = 14;

/** Percent of packets relayed in userspace. A call's first seconds are, until rtpengine knows both ends. */
const userspaceShare = 25;

const orZero = (name: string): Expression => ['orZero', name];

/** @param terms at least one */
const sum = (terms: readonly Expression[]): Expression => terms.reduce((left, right) => ['+', left, right]);

const reading = ({ name }: WatchedHost, metric: HostMetricName, statistic: HostReading['statistic']): HostReading => ({
  host: name,
  metric,
  statistic,
});

/** An alert of one host; a missing metric is unknown. */
const hostAlert = (
  host: WatchedHost,
  kind: AlertKind,
  rest: Omit<Alert, 'id' | 'missing' | keyof Response> & Partial<Alert>,
): Alert => ({
  missing: 'missing',
  ...responseTo(kind),
  ...rest,
  id: `${host.name}-${kind}`,
});

/**
 * Of any host.
 *
 * @param look what to look at when a service is down
 */
export function hostAlerts(host: WatchedHost, look: string): readonly Alert[] {
  return [
    hostAlert(host, 'healthy', {
      description: `A service of ${host.hostname} is down, or the host says nothing`,
      firstLook: look,
      readings: { m: reading(host, 'HostHealthy', 'Minimum') },
      when: 'below',
      threshold: 1,
      minutes: 3,
      missing: 'breaching',
    }),
    hostAlert(host, 'allowance', {
      description: `EC2 holds packets of ${host.hostname} back`,
      readings: {
        in: reading(host, 'BandwidthInExceeded', 'Sum'),
        out: reading(host, 'BandwidthOutExceeded', 'Sum'),
        packets: reading(host, 'PacketsExceeded', 'Sum'),
        conntrack: reading(host, 'ConntrackExceeded', 'Sum'),
      },
      expression: sum(['in', 'out', 'packets', 'conntrack']),
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
    hostAlert(host, 'memory', {
      description: `${host.hostname} runs out of memory`,
      readings: { m: reading(host, 'MemoryAvailable', 'Minimum') },
      when: 'below',
      threshold: 10,
      minutes: 5,
    }),
    hostAlert(host, 'disk', {
      description: `${host.hostname} runs out of disk`,
      readings: { m: reading(host, 'DiskUsed', 'Maximum') },
      when: 'above',
      threshold: 85,
      minutes: 5,
    }),
  ];
}

/** What a cell's hosts have beyond those of any host. */
export function cellAlerts(cell: Cell): readonly Alert[] {
  return [
    ...(cell.spec.media.kernelForwarding === 'off' ? [] : cell.media.map(userspaceAlert)),
    ...pairAlerts(cell.sbcs),
    ...cell.sbcs.flatMap(sbcAlerts),
    ...(Object.keys(cell.spec.emergency).length === 0 ? [] : cell.sbcs.flatMap(emergencyAlerts)),
    ...(cell.spec.fraud.byTenant ? cell.sbcs.map(nearCapAlert) : []),
    ...(cell.spec.trunks.some(({ register }) => register) ? cell.sbcs.map(unregisteredAlert) : []),
    ...(cell.spec.probe.intervalSeconds === 'off' ? [] : cell.sbcs.flatMap(probeAlerts)),
    ...(cell.spec.sbc.transports.tls === 'off' ? [] : cell.sbcs.map(certificateAlert)),
  ];
}

function userspaceAlert(host: MediaHost): Alert {
  const all = sum(['user', 'kernel']);
  return hostAlert(host, 'userspace', {
    description: `${host.hostname} relays packets itself that its kernel should forward`,
    readings: { user: reading(host, 'UserspacePackets', 'Sum'), kernel: reading(host, 'KernelPackets', 'Sum') },
    expression: ['if', ['>', all, 3000], ['/', ['*', 100, 'user'], all], 0],
    when: 'above',
    threshold: userspaceShare,
    minutes: 5,
  });
}

/** Of a host that answers SIP over TLS. */
export function certificateAlert(host: WatchedHost): Alert {
  return hostAlert(host, 'certificate', {
    description: `The certificate of SIP over TLS on ${host.hostname} expires within two weeks`,
    readings: { m: reading(host, 'CertificateDays', 'Maximum') },
    when: 'below',
    threshold: fewCertificateDays,
    minutes: 5,
  });
}

function pairAlerts([first, second]: Cell['sbcs']): readonly Alert[] {
  return [
    {
      ...responseTo('active-sbc'),
      id: 'active-sbc',
      description: 'No SBC is active, or both think they are',
      readings: { a: reading(first, 'Active', 'Maximum'), b: reading(second, 'Active', 'Maximum') },
      // A host that says nothing does not count as active: with the other one active all is well.
      expression: ['abs', ['-', sum([orZero('a'), orZero('b')]), 1]],
      when: 'above',
      threshold: 0,
      minutes: 2,
      missing: 'breaching',
    },
    {
      ...responseTo('records'),
      id: 'records',
      description: 'Calls were answered in the last ten minutes, but no record reached Redis',
      readings: {
        answered1: reading(first, 'AnsweredCalls', 'Sum'),
        answered2: reading(second, 'AnsweredCalls', 'Sum'),
        sent1: reading(first, 'RecordsSent', 'Sum'),
        sent2: reading(second, 'RecordsSent', 'Sum'),
      },
      // Only the active SBC answers calls; a counter that has not moved since the start is not published.
      expression: [
        'if',
        [
          'and',
          ['>', sum([orZero('answered1'), orZero('answered2')]), 0],
          ['==', sum([orZero('sent1'), orZero('sent2')]), 0],
        ],
        1,
        0,
      ],
      when: 'above',
      threshold: 0,
      minutes: 10,
      together: true,
      missing: 'missing',
    },
  ];
}

function sbcAlerts(host: SbcHost): readonly Alert[] {
  return [
    hostAlert(host, 'unproved', {
      description: `${host.hostname} drops requests from edges’ addresses: somebody forges them, or the keys differ`,
      readings: { m: reading(host, 'UnprovedEdge', 'Sum') },
      when: 'above',
      threshold: 0,
      minutes: 3,
    }),
    hostAlert(host, 'tables-age', {
      description: `${host.hostname} has not read its tables from the database for minutes: calls go on with what it has, changes do not arrive`,
      readings: { m: reading(host, 'TablesAge', 'Minimum') },
      when: 'above',
      threshold: oldTablesSeconds,
      minutes: 3,
    }),
    hostAlert(host, 'records-waiting', {
      description: `Records wait on ${host.hostname} because Redis does not take them; ${longestRecordQueue.toLocaleString('en')} find room there`,
      readings: { m: reading(host, 'RecordsWaiting', 'Minimum') },
      when: 'above',
      threshold: 1000,
      minutes: 3,
    }),
  ];
}

function emergencyAlerts(host: SbcHost): readonly Alert[] {
  return [
    hostAlert(host, 'emergency-route', {
      description: `${host.hostname} gets no answer from any trunk to the emergency services of a country: emergency calls there would fail`,
      readings: { m: reading(host, 'EmergencyRoutesDown', 'Minimum') },
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
    hostAlert(host, 'emergency-call', {
      description: `An emergency call through ${host.hostname} failed, or went without a relay`,
      readings: { m: reading(host, 'EmergencyFaults', 'Sum') },
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
  ];
}

function nearCapAlert(host: SbcHost): Alert {
  return hostAlert(host, 'near-cap', {
    description: `A tenant or a user of the cell has nearly reached a cap on calls to carriers: fraud, or a cap that is too low`,
    readings: { m: reading(host, 'NearCaps', 'Maximum') },
    when: 'above',
    threshold: 0,
    minutes: 1,
  });
}

/** A registration is renewed after half of its time: one that fails has some minutes until it expires. */
function unregisteredAlert(host: SbcHost): Alert {
  return hostAlert(host, 'unregistered', {
    description: `A carrier with which ${host.hostname} registers does not have the cell’s binding: its calls do not arrive`,
    readings: { m: reading(host, 'TrunksUnregistered', 'Minimum') },
    when: 'above',
    threshold: 0,
    minutes: 2,
  });
}

function probeAlerts(host: SbcHost): readonly Alert[] {
  return [
    hostAlert(host, 'probe', {
      description: `Calls of the probe of ${host.hostname} fail, or their record or the database does`,
      readings: { m: reading(host, 'ProbeFailing', 'Minimum') },
      when: 'above',
      threshold: 0,
      minutes: 2,
    }),
    hostAlert(host, 'probe-age', {
      description: `The probe of ${host.hostname} says nothing, so nobody sees whether calls have audio`,
      readings: { m: reading(host, 'ProbeAge', 'Minimum') },
      when: 'above',
      threshold: silentProbeSeconds,
      minutes: 2,
    }),
  ];
}

/** What the edges of a region have beyond those of any host. */
export function regionAlerts({ region, edges }: Pick<FrontRegion, 'region' | 'edges'>): readonly Alert[] {
  return [
    ...edges.flatMap(edgeAlerts),
    {
      ...responseTo('ready'),
      id: `${region}-ready`,
      description: `No edge in ${region} takes traffic; clients are sent to other regions, if there are any`,
      readings: Object.fromEntries(edges.map((edge) => [`e${edge.number}`, reading(edge, 'Ready', 'Maximum')])),
      // An edge that says nothing does not count as ready: with another one ready all is well.
      expression: sum(edges.map((edge) => orZero(`e${edge.number}`))),
      when: 'below',
      threshold: 1,
      minutes: 2,
      missing: 'breaching',
    },
  ];
}

function edgeAlerts(edge: EdgeHost): readonly Alert[] {
  return [
    hostAlert(edge, 'directory', {
      description: `The tenant directory does not answer ${edge.hostname} or was emptied; it goes on with what it knows`,
      readings: { m: reading(edge, 'DirectoryReachable', 'Maximum') },
      when: 'below',
      threshold: 1,
      minutes: 5,
    }),
    hostAlert(edge, 'refused', {
      description: `${edge.hostname} refuses entries of the directory`,
      readings: { m: reading(edge, 'DirectoryRefused', 'Sum') },
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
    hostAlert(edge, 'untold', {
      description: `Kamailio on ${edge.hostname} does not take all of the directory: its memory is full (directory.entries), or it hangs`,
      readings: { m: reading(edge, 'DirectoryUntold', 'Minimum') },
      when: 'above',
      threshold: 0,
      minutes: 5,
    }),
    hostAlert(edge, 'clock', {
      description: `The clock of ${edge.hostname} or of a cell is wrong; calls go on, as edges follow the cells’ clocks`,
      readings: { m: reading(edge, 'ClockOffset', 'Minimum') },
      when: 'above',
      threshold: 5,
      minutes: 3,
    }),
    hostAlert(edge, 'cells', {
      description: `${edge.hostname} turned requests away because no SBC of their cell answered`,
      readings: { m: reading(edge, 'CellUnreachable', 'Sum') },
      when: 'above',
      threshold: 0,
      minutes: 2,
    }),
  ];
}
