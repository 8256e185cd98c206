/** A cell on a real cluster of its own, with users and a carrier outside: two SBC nodes, then media nodes. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Cell } from '../../../lib/fleet/derive/cell.ts';
import { parseCell, type CellInput, type CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { callRecordStream, type CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { databaseNames } from '../../../lib/software/postgresql/names.ts';
import { usersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { cellOnNodes } from '../../../lib/targets/kubernetes/cell-on-nodes.ts';
import { writeArchive } from '../../../lib/targets/kubernetes/image/archive.ts';
import { makeImage } from '../../../lib/targets/kubernetes/image/make-image.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import { cellName, hostLabels, nodeHosts, publicAddressAnnotation } from '../../../lib/targets/kubernetes/names.ts';
import type { KubernetesObject } from '../../../lib/targets/kubernetes/objects.ts';
import { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { AgentSpec } from '../../../lib/user-agent/scenario.ts';
import { run } from '../../../lib/targets/local/run.ts';
import { acme, anna, bert, carrier } from '../lab/acme.ts';
import { domainOf, passwordOf, until, type LabUser } from '../lab/lab.ts';
import { Cluster, nodeName } from './cluster.ts';
import { dataAddress, floatingAddress, Outside, publicAddress, relayAddress } from './outside.ts';

const anyDigest = `sha256:${'0'.repeat(64)}`;

/** The cell of the lab; the images get their digests when they are made. */
export const labCell = {
  name: 'k8s-lab',
  region: 'eu-west-1',
  size: 'test',
  network: '10.77.0.0/20',
  media: { hosts: 3, kernelForwarding: 'off' },
  calls: { longestMinutes: 60 },
  trunks: [{ ...carrier }],
  tenants: [{ ...acme, limits: { calls: 200, callsPerSecond: 100, burst: 100 } }],
  kubernetes: {
    images: { sbc: `localhost/cellstamp-sbc@${anyDigest}`, media: `localhost/cellstamp-media@${anyDigest}` },
    floatingAddress,
    mediaAddresses: [1, 2, 3].map(relayAddress),
    nodes: { publicAddressFrom: 'annotation' },
    drainMinutes: 60,
    database: { host: dataAddress },
    redis: { host: dataAddress },
  },
} as const satisfies CellInput;

export interface Images {
  readonly sbc: { readonly image: string; readonly archive: string };
  readonly media: { readonly image: string; readonly archive: string };
  /** What a pod's pause is. */
  readonly pause: string;
}

/** Makes the images; they are kept in the folder, for as long as nobody removes it. */
export async function makeImages(folder: string): Promise<Images> {
  const file = join(folder, 'images.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Images;
  mkdirSync(folder, { recursive: true });
  const cell = cellOnNodes(parseCell(labCell));
  const [sbc, media] = await Promise.all([makeImage(cell, 'sbc', folder), makeImage(cell, 'media', folder)]);
  const images: Images = { sbc, media, pause: await pauseImage(folder) };
  writeFileSync(file, JSON.stringify(images));
  return images;
}

/** The image of PostgreSQL and Redis in the cluster, kept like the others. */
export async function makeDataImage(folder: string): Promise<Images['sbc']> {
  const file = join(folder, 'data-image.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Images['sbc'];
  const images = { ...labCell.kubernetes.images, data: `localhost/cellstamp-data@${anyDigest}` };
  const spec = parseCell({ ...labCell, kubernetes: { ...labCell.kubernetes, images } });
  const made = await makeImage(cellOnNodes(spec), 'data', folder);
  writeFileSync(file, JSON.stringify(made));
  return made;
}

/** A program that does nothing, for the pods of a cluster without a registry. */
async function pauseImage(folder: string): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'cellstamp-pause-'));
  try {
    copyFileSync('/usr/bin/catatonit', join(root, 'pause'));
    const tar = join(folder, 'pause.root.tar');
    await run(['tar', '--create', '--directory', root, '--file', tar, 'pause']);
    const archive = join(folder, 'pause.oci.tar');
    const image = { repository: 'localhost/pause', rootFilesystem: tar, architecture: 'amd64', labels: {} };
    await writeArchive({ ...image, name: 'localhost/pause:1', command: ['/pause', '-P'] }, archive);
    rmSync(tar);
    return archive;
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** FreeSWITCH is in no Debian package: the lab's images are without it, and so are its pods. */
function withoutFreeswitch(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'DaemonSet') return object;
  const copy = structuredClone(object) as KubernetesObject & {
    spec: { template: { spec: Record<'initContainers' | 'containers', { name: string }[]> } };
  };
  const { spec } = copy.spec.template;
  for (const part of ['initContainers', 'containers'] as const) {
    spec[part] = spec[part].filter(({ name }) => name !== 'freeswitch');
  }
  return copy;
}

export interface PodStatus {
  readonly metadata: {
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly labels: Record<string, string>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export class KubernetesLab {
  readonly cluster: Cluster;
  readonly outside: Outside;
  readonly spec: CellSpec;
  readonly cell: Cell;
  readonly namespace: string;
  readonly startedAt = Date.now();
  readonly #images: Images;
  readonly #agents: AgentsProcess[] = [];
  readonly #nodes = new Map<string, number>();
  #spare: number | undefined;

  private constructor(cluster: Cluster, outside: Outside, images: Images, spec: CellSpec) {
    this.cluster = cluster;
    this.outside = outside;
    this.#images = images;
    this.spec = spec;
    this.cell = cellOnNodes(spec);
    this.namespace = cellName(this.cell);
  }

  /** The cell as it is written, with the images that were made. */
  static spec(images: Images, change: (cell: CellInput) => CellInput = (cell) => cell): CellSpec {
    const { sbc, media } = images;
    return parseCell(
      change({ ...labCell, kubernetes: { ...labCell.kubernetes, images: { sbc: sbc.image, media: media.image } } }),
    );
  }

  /**
   * A cluster with the cell's nodes, and all that is around it; nothing of the cell is applied.
   * @param spare nodes beside those of the cell's hosts
   * @param change what the cell has beside the lab's
   */
  static async up(images: Images, spare: number, change?: (cell: CellInput) => CellInput): Promise<KubernetesLab> {
    const spec = KubernetesLab.spec(images, change);
    // The nodes have the machine's file system, and remember beyond the end of a cluster.
    rmSync(join('/var/lib/cellstamp', spec.name), { recursive: true, force: true });
    const nodes = spec.media.hosts + 2 + spare;
    const cluster = await Cluster.up(nodes, [images.pause]);
    let outside: Outside | undefined;
    try {
      const media = Array.from({ length: spec.media.hosts + spare }, (_, index) => index + 3);
      const addresses = [anna.address, bert.address, carrier.address];
      outside = await Outside.up(addresses, media);
      const lab = new KubernetesLab(cluster, outside, images, spec);
      await lab.#prepare();
      if (spare > 0) lab.#spare = nodes;
      return lab;
    } catch (error) {
      await outside?.down();
      await cluster.down();
      throw error;
    }
  }

  /** Images, labels and public addresses of the nodes; the Secrets. */
  async #prepare(): Promise<void> {
    await Promise.all(nodeHosts(this.cell).map((host, index) => this.give(host.name, index + 1)));
    await this.apply([manifests(this.spec)[0]!]);
    const { secrets } = this.outside;
    await this.apply(
      (['sbc', 'media', 'data'] as const).map((role) => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: `${role}-secrets`, namespace: this.namespace },
        stringData: secrets[role],
      })),
    );
  }

  async down(): Promise<void> {
    await Promise.all(this.#agents.map((agents) => agents.close(1)));
    await this.outside.down();
    await this.cluster.down();
  }

  /** Gives a host to a node that has none. */
  async give(name: string, node: number): Promise<void> {
    const { cluster, cell } = this;
    const host = nodeHosts(cell).find((one) => one.name === name)!;
    await cluster.load(node, this.#images[host.role].archive);
    if (host.role === 'media') {
      const address = `${publicAddressAnnotation}=${publicAddress(node)}`;
      await cluster.kubectl(['annotate', '--overwrite', 'node', nodeName(node), address]);
    }
    await cluster.kubectl(['taint', 'node', nodeName(node), `cellstamp.io/cell=${cell.name}:NoSchedule`]);
    const labels = Object.entries(hostLabels(cell, host)).map(([key, value]) => `${key}=${value}`);
    await cluster.kubectl(['label', 'node', nodeName(node), ...labels]);
    this.#nodes.set(name, node);
  }

  /** Takes a host off its node, by its labels; the node is free then. */
  async take(name: string): Promise<void> {
    const node = nodeName(this.node(name));
    this.#spare = this.node(name);
    const keys = ['cell', 'role', 'host'].map((key) => `cellstamp.io/${key}-`);
    await this.cluster.kubectl(['label', 'node', node, ...keys]);
    await this.cluster.kubectl(['taint', 'node', node, 'cellstamp.io/cell-']);
  }

  /** Number of the node that has no host, where there is one. */
  spareNode(): number {
    return this.#spare!;
  }

  /** Number of the node of a host. */
  node(host: string): number {
    return this.#nodes.get(host)!;
  }

  objects(spec: CellSpec = this.spec): readonly KubernetesObject[] {
    return manifests(spec).map(withoutFreeswitch);
  }

  /** By the server, which refuses what it does not know. @returns a line for each object */
  async apply(objects: readonly KubernetesObject[]): Promise<readonly string[]> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const said = await this.cluster.kubectl(['apply', '--server-side', '--validate=strict', '--filename=-'], list);
    return said.trim().split('\n');
  }

  async pods(): Promise<readonly PodStatus[]> {
    const { items } = await this.cluster.get<{ items: readonly PodStatus[] }>('pods', `--namespace=${this.namespace}`);
    return items;
  }

  /** The pod of a host that is not ending. */
  async pod(host: string): Promise<PodStatus | undefined> {
    const [role, number] = host.split('-');
    return (await this.pods()).find(
      ({ metadata: { labels, deletionTimestamp } }) =>
        deletionTimestamp === undefined &&
        labels['cellstamp.io/role'] === role &&
        labels['cellstamp.io/host'] === number,
    );
  }

  async isReady(host: string): Promise<boolean> {
    const pod = await this.pod(host);
    return pod?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  }

  async ready(hosts: readonly string[] = nodeHosts(this.cell).map(({ name }) => name), patience = 120): Promise<void> {
    await until(async () => (await Promise.all(hosts.map((host) => this.isReady(host)))).every(Boolean), patience);
  }

  /** Runs a command in a container of a host. */
  async exec(host: string, container: string, ...argv: readonly string[]): Promise<string> {
    const pod = await this.pod(host);
    return this.cluster.kubectl([
      ...['exec', `--namespace=${this.namespace}`, pod!.metadata.name, `--container=${container}`, '--', ...argv],
    ]);
  }

  kamcmd(sbc: string, ...words: readonly string[]): Promise<string> {
    return this.exec(sbc, 'kamailio', 'kamcmd', '-s', `unix:${paths.control}`, ...words);
  }

  /** The SBC whose node has the floating address. */
  async active(): Promise<string | undefined> {
    for (const { name } of this.cell.sbcs) {
      const said = await run(['ip', '-n', `k8s-${nodeName(this.node(name))}`, '-oneline', 'address']);
      if (said.stdout.includes(` ${floatingAddress}/`)) return name;
    }
    return undefined;
  }

  /** Asks the cell's PostgreSQL, wherever it is, as whoever runs it. */
  sql(text: string): Promise<string> {
    if (this.spec.kubernetes!.database.inCluster === undefined) return this.outside.sql(text);
    const ask = [
      'psql',
      '--host=/run/data',
      '--username=postgres',
      '-At',
      '--set=ON_ERROR_STOP=1',
      databaseNames.database,
    ];
    return this.cluster.kubectl(['exec', '--stdin', `--namespace=${this.namespace}`, 'database-0', '--', ...ask], text);
  }

  redis(...words: readonly string[]): Promise<string> {
    if (this.spec.kubernetes!.redis.inCluster === undefined) return this.outside.redis(...words);
    const ask = 'REDISCLI_AUTH=$(</cellstamp/secrets/redis_password) redis-cli --tls --insecure --json "$@"';
    const argv = ['bash', '-c', ask, 'redis', ...words];
    return this.cluster.kubectl(['exec', `--namespace=${this.namespace}`, 'redis-0', '--', ...argv]);
  }

  async addUsers(users: readonly LabUser[]): Promise<void> {
    const rows = users.map(({ name, tenant }) => ({
      name,
      tenant,
      domain: domainOf(tenant),
      password: passwordOf(name),
    }));
    await this.sql(usersSql(rows));
  }

  user({ name, tenant, address }: LabUser): AgentSpec {
    return {
      role: 'user',
      name,
      identity: `sip:${name}@${domainOf(tenant)}`,
      password: passwordOf(name),
      local: { address },
      server: { address: floatingAddress, port: 5060 },
    };
  }

  carrier(): AgentSpec {
    return {
      role: 'carrier',
      name: carrier.name,
      identity: `sip:+4989700700@${carrier.address}`,
      local: { address: carrier.address, port: 5060 },
      server: { address: floatingAddress, port: 5060 },
    };
  }

  /** The users and the carrier, outside; the users are registered. They are closed with the lab. */
  async agents(): Promise<AgentsProcess> {
    const agents = AgentsProcess.start({ prefix: this.outside.prefix });
    this.#agents.push(agents);
    const opened = await agents.open({
      agents: [this.user(anna), this.user(bert), this.carrier()],
      tls: { verify: false },
    });
    for (const { name, registration } of opened) {
      if (registration !== null) expect({ name, ...registration }).toEqual({ name, status: 200, reason: 'OK' });
    }
    return agents;
  }

  async records(): Promise<readonly CallEvent[]> {
    const entries = JSON.parse(
      await this.redis('XRANGE', callRecordStream, String(this.startedAt - 1000), '+'),
    ) as readonly (readonly [string, readonly [string, string]])[];
    return entries.map(([, [, text]]) => JSON.parse(text) as CallEvent);
  }

  /** Calls without a record of their end, once they have had time for it. */
  async withoutRecord(calls: readonly CallResult[]): Promise<readonly string[]> {
    let left: readonly string[] = [];
    await until(async () => {
      const ended = new Set((await this.records()).filter(({ event }) => event === 'end').map(({ call }) => call));
      left = calls.map(({ callId }) => callId).filter((id) => !ended.has(id));
      return left.length === 0;
    }).catch(() => undefined);
    return left;
  }
}
