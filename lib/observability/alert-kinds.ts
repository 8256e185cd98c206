/**
 * What a person does about each kind of alert, as plain data: how urgent it is, who looks first, at what, and the page that says the rest.
 * Every kind has a page in `docs/runbooks`, and every page there belongs to a kind (`test/observability/alert-kinds.test.ts`).
 */

export type Severity = 'P0' | 'P1' | 'P2' | 'P3';

/** `page` wakes somebody at any hour; a ticket waits for working hours. */
export const severities: Readonly<
  Record<Severity, { readonly notify: 'page' | 'ticket'; readonly means: string; readonly answer: string }>
> = {
  P0: { notify: 'page', means: 'calls of a whole cell or region fail', answer: 'within 5 minutes' },
  P1: {
    notify: 'page',
    means: 'some calls fail, records are at risk, or one more fault stops calls',
    answer: 'within 15 minutes',
  },
  P2: { notify: 'ticket', means: 'calls work with less margin than planned', answer: 'the same working day' },
  P3: { notify: 'ticket', means: 'nothing is at risk yet', answer: 'within a week' },
};

/** Who looks first: a role, which an organisation gives to its own teams. */
export const owners = {
  voice: 'SIP, media, the probe, the front',
  platform: 'hosts, network, the cloud’s machines',
  data: 'PostgreSQL, Redis, call records',
  security: 'keys, forged requests',
} as const;

export type Owner = keyof typeof owners;

/** How somebody responds to an alert. */
export interface Response {
  readonly severity: Severity;
  readonly owner: Owner;
  /** A command, or a short list of them; where the command depends on the target, each with its target. */
  readonly firstLook: string;
  /** The page, from the root of a project that has the package installed. */
  readonly runbook: string;
}

interface Kind extends Omit<Response, 'runbook'> {
  /** For the list of all alerts, in words that name no host. */
  readonly title: string;
  /**
   * Name of its page, which alerts on the same trouble share.
   * @default - the name of the kind
   */
  readonly page?: string;
}

const probeNow = '/usr/local/lib/cellstamp/probe now, on the SBC';

/** In the order of the list: hosts, cell, front, AWS's services, service levels. */
export const alertKinds = {
  healthy: {
    title: 'A service of a host is down, or the host sends nothing',
    severity: 'P1',
    owner: 'platform',
    firstLook: 'systemctl --failed, on the host',
  },
  allowance: {
    title: 'EC2 holds packets of a host back',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'npx cellstamp capacity CELL, and the traffic of the host',
  },
  memory: {
    title: 'A host runs out of memory',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'ps -eo rss,comm --sort=-rss | head, on the host',
  },
  disk: {
    title: 'The root volume of a host fills up',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'du -xh --max-depth=2 /var | sort -h | tail, on the host',
  },
  userspace: {
    title: 'A media host relays packets in userspace that its kernel should forward',
    severity: 'P2',
    owner: 'voice',
    firstLook: 'lsmod | grep RTPENGINE, on the media host',
  },
  'active-sbc': {
    title: 'No SBC of a cell is active, or both are',
    severity: 'P0',
    owner: 'voice',
    firstLook: 'journalctl -u keepalived -n 100, on both SBCs',
  },
  records: {
    title: 'Calls are answered, and no call record reaches Redis',
    severity: 'P1',
    owner: 'data',
    firstLook: 'journalctl -u redis-tunnel -n 50, on the active SBC',
  },
  'records-waiting': {
    title: 'Call records wait on an SBC because Redis does not take them',
    severity: 'P2',
    owner: 'data',
    firstLook: 'journalctl -u redis-tunnel -n 50, on the SBC',
  },
  'tables-age': {
    title: 'An SBC has not read its tables from the database for minutes',
    severity: 'P2',
    owner: 'data',
    firstLook: 'journalctl -u cellstamp-tables -n 50, on the SBC',
  },
  unregistered: {
    title: 'A carrier does not have the binding of a trunk that registers',
    severity: 'P1',
    owner: 'voice',
    firstLook: 'npx cellstamp logs sbc-1; journalctl -u kamailio, on the active SBC',
  },
  unproved: {
    title: 'An SBC drops requests from the addresses of edges, because they have no valid proof',
    severity: 'P2',
    owner: 'security',
    firstLook: 'npx cellstamp edge-keys; journalctl -u kamailio, on the SBC',
  },
  'emergency-route': {
    title: 'No trunk to the emergency services of a country answers',
    severity: 'P0',
    owner: 'voice',
    firstLook: 'kamcmd -s unix:/run/kamailio/control.sock htable.dump unanswered, on the active SBC',
  },
  'emergency-call': {
    title: 'An emergency call failed, or went without a relay',
    severity: 'P0',
    owner: 'voice',
    firstLook: 'journalctl -u kamailio | grep "emergency call", on the active SBC',
  },
  'near-cap': {
    title: 'A tenant or a user has nearly reached a cap on calls to carriers',
    severity: 'P2',
    owner: 'security',
    firstLook: 'kamcmd -s unix:/run/kamailio/control.sock htable.dump near, on the active SBC',
  },
  probe: {
    title: 'Test calls of an SBC fail, or their record or the database does',
    severity: 'P1',
    owner: 'voice',
    firstLook: probeNow,
  },
  'probe-age': {
    title: 'The probe of an SBC sends no results',
    severity: 'P2',
    owner: 'voice',
    firstLook: 'journalctl -u cellstamp-probe -n 50, on the SBC',
  },
  certificate: {
    title: 'The certificate of SIP over TLS expires within two weeks',
    severity: 'P2',
    owner: 'security',
    firstLook: 'journalctl -u cellstamp-certificate -n 50, on the host',
  },
  ready: {
    title: 'No edge in a region takes traffic',
    severity: 'P0',
    owner: 'voice',
    firstLook: 'journalctl -u cellstamp-edge-health -n 50, on each edge of the region',
  },
  cells: {
    title: 'An edge turned requests away because no SBC of their cell answered',
    severity: 'P1',
    owner: 'voice',
    firstLook: 'the alerts of the cells: active-sbc, healthy',
  },
  directory: {
    title: 'The tenant directory does not answer an edge, or was emptied',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'journalctl -u cellstamp-directory-agent -n 50, on the edge',
  },
  refused: {
    title: 'An edge refuses entries of the directory',
    severity: 'P3',
    owner: 'voice',
    firstLook: 'journalctl -u cellstamp-directory-agent -n 50, on the edge',
  },
  untold: {
    title: 'Kamailio on an edge does not take all of the directory',
    severity: 'P2',
    owner: 'voice',
    firstLook: 'journalctl -u kamailio -n 50, on the edge',
  },
  clock: {
    title: 'The clock of an edge or of a cell is wrong',
    severity: 'P3',
    owner: 'platform',
    firstLook: 'timedatectl timesync-status, on the edge',
  },
  system: {
    title: 'The machine under a host has failed; EC2 recovers the instance',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'aws ec2 describe-instance-status --instance-ids INSTANCE',
  },
  instance: {
    title: 'The system on a host does not answer EC2, which reboots the instance',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'aws ec2 get-console-output --latest --instance-id INSTANCE',
  },
  cpu: {
    title: 'A host has little processor time to spare',
    severity: 'P2',
    owner: 'platform',
    firstLook: 'top -b -n 1 | head -20, on the host',
  },
  'database-cpu': {
    title: 'The database has little processor time to spare',
    severity: 'P3',
    owner: 'data',
    firstLook: 'Performance Insights of the cluster',
  },
  'database-memory': {
    title: 'The database runs out of memory',
    severity: 'P2',
    owner: 'data',
    firstLook: 'DatabaseConnections and FreeableMemory of the cluster, in CloudWatch',
  },
  'database-replica-lag': {
    title: 'A reader of the database is behind the writer',
    severity: 'P3',
    owner: 'data',
    firstLook: 'AuroraReplicaLag of each reader, in CloudWatch',
  },
  'redis-cpu': {
    title: 'Redis has little processor time to spare',
    severity: 'P3',
    owner: 'data',
    firstLook: 'the slow log of the replication group',
  },
  'redis-memory': {
    title: 'Redis fills up',
    severity: 'P2',
    owner: 'data',
    firstLook: 'DatabaseMemoryUsagePercentage of each node over a day, in CloudWatch',
  },
  'redis-lag': {
    title: 'A replica of Redis is behind the primary',
    severity: 'P3',
    owner: 'data',
    firstLook: 'ReplicationLag and NetworkBytesOut of the node, in CloudWatch',
  },
  'calls-budget-fast': {
    title: 'Calls fail by the fault of the cell, faster than its service level allows',
    severity: 'P1',
    owner: 'voice',
    firstLook: 'rejected_total and ended_total of the active SBC by reason, and the last change',
    page: 'calls-budget',
  },
  'calls-budget-slow': {
    title: 'Calls have failed by the fault of the cell for hours, faster than its service level allows',
    severity: 'P1',
    owner: 'voice',
    firstLook: 'rejected_total and ended_total of the active SBC by reason, and the last change',
    page: 'calls-budget',
  },
  'calls-budget-low': {
    title: 'Calls have failed by the fault of the cell for days, faster than its service level allows',
    severity: 'P2',
    owner: 'voice',
    firstLook: 'rejected_total and ended_total of the active SBC by reason, and the last change',
    page: 'calls-budget',
  },
  'minutes-budget-fast': {
    title: 'For minutes of the last hour no call of the probe worked in the cell',
    severity: 'P0',
    owner: 'voice',
    firstLook: '/usr/local/lib/cellstamp/probe now, on both SBCs',
    page: 'minutes-budget',
  },
  'minutes-budget-slow': {
    title: 'For minutes of the last hours no call of the probe worked in the cell',
    severity: 'P1',
    owner: 'voice',
    firstLook: '/usr/local/lib/cellstamp/probe now, on both SBCs',
    page: 'minutes-budget',
  },
  'minutes-budget-low': {
    title: 'For minutes of the last days no call of the probe worked in the cell',
    severity: 'P2',
    owner: 'voice',
    firstLook: '/usr/local/lib/cellstamp/probe now, on both SBCs',
    page: 'minutes-budget',
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type AlertKind = keyof typeof alertKinds;

/** What a kind of alert brings about, so that its own alert is enough while it fires. */
export interface Consequences {
  readonly of: AlertKind;
  /** All less urgent: what is as urgent may not wait behind another. */
  readonly are: readonly AlertKind[];
  /** Those of the same host alone, or all of the cell, or of the front in the region. */
  readonly on: 'host' | 'site';
}

/** An alert that has none of these causes is held back by none: a certificate expires whatever else is wrong. */
export const consequences: readonly Consequences[] = [
  // A host that is down neither reads tables, hands records over, runs a probe, nor follows the directory.
  { of: 'healthy', are: ['tables-age', 'records-waiting', 'probe-age', 'directory', 'untold'], on: 'host' },
  {
    of: 'active-sbc',
    are: [
      ...(['probe', 'records', 'calls-budget-fast', 'calls-budget-slow', 'calls-budget-low'] as const),
      ...(['minutes-budget-slow', 'minutes-budget-low'] as const),
    ],
    on: 'site',
  },
  // Edges that are all down are silent each.
  { of: 'ready', are: ['healthy'], on: 'site' },
  { of: 'records', are: ['records-waiting'], on: 'site' },
  { of: 'calls-budget-fast', are: ['calls-budget-low'], on: 'site' },
  { of: 'calls-budget-slow', are: ['calls-budget-low'], on: 'site' },
  {
    of: 'minutes-budget-fast',
    are: [
      ...(['probe', 'calls-budget-fast', 'calls-budget-slow', 'calls-budget-low'] as const),
      ...(['minutes-budget-slow', 'minutes-budget-low'] as const),
    ],
    on: 'site',
  },
  // Without a call that works in minutes, calls of users fail too.
  { of: 'minutes-budget-slow', are: ['minutes-budget-low', 'calls-budget-low'], on: 'site' },
];

/** Name of the page of a kind in `docs/runbooks`, without its ending. */
export function pageOf(kind: AlertKind): string {
  const { page }: Kind = alertKinds[kind];
  return page ?? kind;
}

/**
 * What an alert of a kind says beside what it watches.
 *
 * @example responseTo('active-sbc').runbook // 'node_modules/cellstamp/docs/runbooks/active-sbc.md'
 */
export function responseTo(kind: AlertKind): Response {
  const { severity, owner, firstLook } = alertKinds[kind];
  return { severity, owner, firstLook, runbook: `node_modules/cellstamp/docs/runbooks/${pageOf(kind)}.md` };
}
