/** What is done to a cell's hosts: each fault, how it is put in, and how it is taken away again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { promote } from '../../../lib/operations/promote.ts';
import { localDataHosts } from '../../../lib/targets/local/data-port.ts';
import { killHost, primaryHost, up } from '../../../lib/targets/local/index.ts';
import { runInNetwork } from '../../../lib/targets/local/namespace.ts';
import type { ProcessId } from '../../../lib/targets/local/processes.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { Random } from '../../../lib/planner/index.ts';
import type { Lab } from '../lab/lab.ts';
import { freeze, thaw } from '../lab/relays.ts';

/** How long a fault lasts that is not over at once: longer than any of the cell's leases, and than a phone waits for its 200. */
const lastsMs = 5000;

export interface Fault {
  readonly name: string;
  /** Calls are judged by their signalling and their records alone: audio is lost by the fault itself. */
  readonly losesAudio?: true;
  /** The calls that arrive describe so many formats that an SDP has 4 kB. */
  readonly longDescriptions?: true;
  /** Ends when the host works again, or is on its way to. */
  readonly strike: (lab: Lab, host: string, daemon: string) => Promise<void>;
}

async function link(lab: Lab, host: string, state: 'up' | 'down'): Promise<void> {
  await runInNetwork(requireState(lab.spec.name).namespaces['fabric']!.init, ['ip', 'link', 'set', host, state]);
}

/** Both ends of a host's link: where what it is sent arrives, and what it sends. */
function linkEnds({ spec }: Lab, host: string): readonly (readonly [init: ProcessId, device: string])[] {
  const { namespaces } = requireState(spec.name);
  return [
    [namespaces['fabric']!.init, host],
    [namespaces[host]!.init, 'eth0'],
  ];
}

async function must(init: ProcessId, ...argv: readonly string[]): Promise<void> {
  const { status, stderr } = await runInNetwork(init, argv);
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
}

/**
 * Drops packets as they arrive at the other end of the host's link, each way: a program whose own host drops what it sends is told so.
 * @param which of nftables
 */
async function whileDropped(lab: Lab, host: string, which: string, work: () => Promise<unknown>): Promise<void> {
  const ends = linkEnds(lab, host);
  for (const [init, device] of ends) {
    const hook = `type filter hook ingress device "${device}" priority 0`;
    await must(init, 'nft', `table netdev lossy { chain lossy { ${hook}; ${which} drop; }; }`);
  }
  await work();
  for (const [init] of ends) await must(init, 'nft', 'delete table netdev lossy');
}

async function setMtu(lab: Lab, host: string, bytes: number): Promise<void> {
  for (const [init, device] of linkEnds(lab, host)) {
    await must(init, 'ip', 'link', 'set', 'dev', device, 'mtu', String(bytes));
  }
}

/** Leaves the host's own file system, which holds its state, its sockets and its temporary files, not a byte to write to. */
async function whileDiskIsFull(lab: Lab, host: string, work: () => Promise<unknown>): Promise<void> {
  const resize = (size: string) => lab.run(host, 'bash', '-c', `mount -o remount,size=${size} /var`);
  await resize('$(df --output=used -B1 /var | tail -1)');
  await lab.run(host, 'bash', '-c', '! head -c 100000 /dev/zero 2>/dev/null >/var/tmp/no-room && rm /var/tmp/no-room');
  await work();
  await resize('50%');
}

/** What an operator does about a primary that is lost: a replica takes its place, and only then can it be recreated. */
async function replacePrimary({ spec: { name } }: Lab, host: string): Promise<void> {
  for (const role of ['database', 'redis'] as const) {
    if (primaryHost(name, role) !== host) continue;
    const port = localDataHosts(name);
    const replica = port.dataHosts().find((each) => each.role === role && each.name !== host)!;
    await promote(port, replica.name, { primaryIsLost: true });
  }
}

export const faults: readonly Fault[] = [
  {
    name: 'process killed',
    strike: async (lab, host, daemon) => {
      await lab.run(host, 'pkill', '-KILL', '-x', daemon);
    },
  },
  {
    name: 'power lost',
    strike: async (lab, host) => {
      killHost(lab.spec.name, host);
      await sleep(lastsMs);
      await replacePrimary(lab, host);
      await up(lab.spec);
    },
  },
  {
    name: 'frozen for 5 s',
    strike: async (lab, host) => {
      freeze(lab.spec.name, host);
      await sleep(lastsMs);
      thaw(lab.spec.name, host);
    },
  },
  {
    name: 'cut off for 5 s',
    strike: async (lab, host) => {
      await link(lab, host, 'down');
      await sleep(lastsMs);
      await link(lab, host, 'up');
    },
  },
  {
    name: 'disk full for 5 s',
    strike: (lab, host) => whileDiskIsFull(lab, host, () => sleep(lastsMs)),
  },
  {
    name: '30 % of packets lost for 5 s',
    losesAudio: true,
    strike: (lab, host) => whileDropped(lab, host, 'numgen random mod 100 < 30', () => sleep(lastsMs)),
  },
  {
    name: 'MTU 1400 for 5 s, fragments lost',
    longDescriptions: true,
    strike: (lab, host) =>
      whileDropped(lab, host, 'ip frag-off & 0x3fff != 0', async () => {
        await setMtu(lab, host, 1400);
        await sleep(lastsMs);
        await setMtu(lab, host, 1500);
      }),
  },
];

/** What a fault strikes; of like hosts the draw picks one. */
export interface Part {
  readonly name: string;
  /** The program that does its work, as `pkill -x` knows it. */
  readonly daemon: string;
  readonly host: (lab: Lab, random: Random) => string;
}

const drawn = (hosts: readonly { readonly name: string }[], random: Random) =>
  hosts[Math.floor(random() * hosts.length)]!.name;

const replicaOf = (hosts: readonly { readonly name: string }[], primary: string) =>
  hosts.find(({ name }) => name !== primary)!.name;

export const parts: readonly Part[] = [
  { name: 'SBC, active', daemon: 'kamailio', host: (lab) => lab.active! },
  {
    name: 'SBC, standby',
    daemon: 'kamailio',
    host: (lab) => lab.cell.sbcs.find(({ name }) => name !== lab.active)!.name,
  },
  { name: 'media host', daemon: 'rtpengine', host: (lab, random) => drawn(lab.cell.media, random) },
  { name: 'database, primary', daemon: 'postgres', host: (lab) => primaryHost(lab.spec.name, 'database') },
  {
    name: 'database, replica',
    daemon: 'postgres',
    host: (lab) => replicaOf(lab.cell.databases, primaryHost(lab.spec.name, 'database')),
  },
  { name: 'Redis, primary', daemon: 'redis-server', host: (lab) => primaryHost(lab.spec.name, 'redis') },
  {
    name: 'Redis, replica',
    daemon: 'redis-server',
    host: (lab) => replicaOf(lab.cell.redis, primaryHost(lab.spec.name, 'redis')),
  },
];
