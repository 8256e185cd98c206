/**
 * What wakes somebody, as plain data, on what the hosts publish themselves: a new alert is an entry here. A target makes its own alarms
 * of them, and adds those on what only it measures (its machines, its database, its Redis).
 *
 * A metric that is missing is unknown; only where its absence is itself the trouble does an alert say so (`missing: 'breaching'`).
 */
import type { Cell, MediaHost, SbcHost } from '../fleet/derive/cell.ts';
import type { EdgeHost, FrontRegion } from '../fleet/derive/front.ts';
import { longestRecordQueue } from '../fleet/schema/fixed.ts';
import type { HostMetricName } from './host-metrics.ts';

export interface HostReading {
  /** Name of the host. */
  readonly host: string;
  readonly metric: HostMetricName;
  /** Over the minute, or over all minutes that are looked at together. */
  readonly statistic: 'Maximum' | 'Minimum' | 'Sum';
}

export interface Alert {
  /** Stable within the cell or the front: `sbc-1-healthy`. */
  readonly id: string;
  /** What it means, and what to do first. */
  readonly description: string;
  /** One reading, or several under the names that `expression` uses. */
  readonly readings: Readonly<Record<string, HostReading>>;
  /**
   * In CloudWatch's metric math.
   * @default - the only reading
   */
  readonly expression?: string;
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

/** Tracked connections still allowed below which an operator should look; a small instance has some 100,000 in all. */
const fewConnections = 10000;

/** An SBC reads its tables every 30 s. */
const oldTablesSeconds = 300;

/** Percent of packets relayed in userspace. A call's first seconds are, until rtpengine knows both ends. */
const userspaceShare = 25;

const reading = ({ name }: WatchedHost, metric: HostMetricName, statistic: HostReading['statistic']): HostReading => ({
  host: name,
  metric,
  statistic,
});

/** An alert of one host; a missing metric is unknown. */
const hostAlert = (host: WatchedHost, id: string, rest: Omit<Alert, 'id' | 'missing'> & Partial<Alert>): Alert => ({
  missing: 'missing',
  ...rest,
  id: `${host.name}-${id}`,
});

/** Of any host. */
export function hostAlerts(host: WatchedHost): readonly Alert[] {
  return [
    hostAlert(host, 'healthy', {
      description: `A service of ${host.hostname} is down, or the host says nothing: systemctl --failed; of one that nobody reaches, its stream in the log group of the hosts, and the console’s output`,
      readings: { m: reading(host, 'HostHealthy', 'Minimum') },
      when: 'below',
      threshold: 1,
      minutes: 3,
      missing: 'breaching',
    }),
    hostAlert(host, 'allowance', {
      description: `EC2 holds packets of ${host.hostname} back: a larger instance type, or fewer calls a host`,
      readings: {
        in: reading(host, 'BandwidthInExceeded', 'Sum'),
        out: reading(host, 'BandwidthOutExceeded', 'Sum'),
        packets: reading(host, 'PacketsExceeded', 'Sum'),
        conntrack: reading(host, 'ConntrackExceeded', 'Sum'),
      },
      expression: 'in + out + packets + conntrack',
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
    hostAlert(host, 'connections', {
      description: `EC2 can soon track no more connections of ${host.hostname}: is a port's rule narrower than everywhere?`,
      readings: { m: reading(host, 'ConntrackAvailable', 'Minimum') },
      when: 'below',
      threshold: fewConnections,
      minutes: 3,
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
  ];
}

function userspaceAlert(host: MediaHost): Alert {
  return hostAlert(host, 'userspace', {
    description: `${host.hostname} relays packets itself that its kernel should forward: lsmod, rtpengine's log`,
    readings: { user: reading(host, 'UserspacePackets', 'Sum'), kernel: reading(host, 'KernelPackets', 'Sum') },
    expression: 'IF(user + kernel > 3000, 100 * user / (user + kernel), 0)',
    when: 'above',
    threshold: userspaceShare,
    minutes: 5,
  });
}

function pairAlerts([first, second]: Cell['sbcs']): readonly Alert[] {
  return [
    {
      id: 'active-sbc',
      description: 'No SBC is active, or both think they are: keepalived on both, claim-addresses in their journals',
      readings: { a: reading(first, 'Active', 'Maximum'), b: reading(second, 'Active', 'Maximum') },
      // A host that says nothing does not count as active: with the other one active all is well.
      expression: 'ABS(FILL(a, 0) + FILL(b, 0) - 1)',
      when: 'above',
      threshold: 0,
      minutes: 2,
      missing: 'breaching',
    },
    {
      id: 'records',
      description: 'Calls were answered in the last ten minutes, but no record reached Redis: redis-tunnel, Redis',
      readings: {
        answered1: reading(first, 'AnsweredCalls', 'Sum'),
        answered2: reading(second, 'AnsweredCalls', 'Sum'),
        sent1: reading(first, 'RecordsSent', 'Sum'),
        sent2: reading(second, 'RecordsSent', 'Sum'),
      },
      // Only the active SBC answers calls; a counter that has not moved since the start is not published.
      expression: 'IF(FILL(answered1, 0) + FILL(answered2, 0) > 0 AND FILL(sent1, 0) + FILL(sent2, 0) == 0, 1, 0)',
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
      description: `${host.hostname} drops requests from edges’ addresses: somebody forges them, or the keys differ (learn-edges)`,
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

/** What the edges of a region have beyond those of any host. */
export function regionAlerts({ region, edges }: Pick<FrontRegion, 'region' | 'edges'>): readonly Alert[] {
  return [
    ...edges.flatMap(edgeAlerts),
    {
      id: `${region}-ready`,
      description: `No edge in ${region} takes traffic; clients are sent to other regions, if there are any`,
      readings: Object.fromEntries(edges.map((edge) => [`e${edge.number}`, reading(edge, 'Ready', 'Maximum')])),
      // An edge that says nothing does not count as ready: with another one ready all is well.
      expression: edges.map((edge) => `FILL(e${edge.number}, 0)`).join(' + '),
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
      description: `${edge.hostname} refuses entries of the directory: journalctl -u cellstamp-directory-agent says which`,
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
