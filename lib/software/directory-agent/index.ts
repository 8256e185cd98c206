/**
 * The agent that keeps an edge's tables equal to the tenant directory, and tells Kamailio that the edge is drained. It is in Python
 * because every Debian image has it. It never stands between a call and its answer: with the directory gone, the edge goes on with
 * what it knows.
 */
import type { EdgeHost, Front } from '../../fleet/derive/front.ts';
import { answerAgeSeconds } from '../edge-health/index.ts';
import { late } from '../../fleet/late-bound.ts';
import { emptyHostConfig, file, script, service, type HostConfig } from '../host-config.ts';
import { directoryAgent as programText } from '../program-texts.ts';
import { values } from '../values.ts';

/** Seconds between two whole readings of the directory, which catch what a lost change left behind. */
const resyncSeconds = 3600;

/** Where the agent has the way to the directory. */
export const directoryConfigPath = '/etc/cellstamp/directory.json';

const program = '/usr/local/lib/cellstamp/directory-agent';

/** What the entry may take to act on a health check that it has seen fail, in seconds. */
const actSeconds = 3;

/**
 * From the begin of a drain until new calls and registrations are refused, in seconds: by then the entry sends them to other edges, so
 * that nobody is refused where another edge can be reached.
 */
export function drainGraceSeconds({ spec: { health } }: Front): number {
  return answerAgeSeconds + health.intervalSeconds * health.threshold + actSeconds;
}

export function directoryAgent(front: Front, host: EdgeHost): HostConfig {
  const settings = {
    edge: host.name,
    graceSeconds: drainGraceSeconds(front),
    pollSeconds: front.spec.directory.pollSeconds,
    resyncSeconds,
  };
  // The target's part is an object of its own keys, spliced in as it is.
  const text = `${JSON.stringify(settings, null, 2).slice(0, -2)},\n  ${late(values.directory.name)}\n}\n`;
  return {
    ...emptyHostConfig,
    packages: ['nftables', 'python3', 'python3-boto3', 'python3-redis'],
    files: [script(program, programText), file(directoryConfigPath, text, { mode: '0640', group: 'kamailio' })],
    services: [agent],
    values: [values.directory],
  };
}

const agent = service({
  name: 'cellstamp-directory-agent',
  description: 'Copies the tenant directory into Kamailio',
  command: ['/usr/bin/python3', program],
  user: 'kamailio',
  // To tell the flood guard in the kernel which addresses are cells and edges.
  capabilities: ['CAP_NET_ADMIN'],
  environment: { PYTHONUNBUFFERED: '1' },
  after: ['kamailio'],
  runDirectories: ['/run/cellstamp'],
  stateDirectories: ['/var/lib/cellstamp'],
  openFiles: 4096,
  ready: ['/usr/bin/test', '-s', '/run/cellstamp/directory.json'],
  readyTimeoutSeconds: 20,
});
