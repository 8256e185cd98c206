/** What one namespace of a cell is made of, as data: everything that its script says. */
import { hostConfig } from '../../software/cell-host.ts';
import {
  emptyHostConfig,
  file,
  script,
  type HostConfig,
  type HostFile,
  type Service,
} from '../../software/host-config.ts';
import { claimScriptPath } from '../../software/keepalived/index.ts';
import { mediaGuardPath } from '../../software/rtpengine/media-guard.ts';
import { guestConfigPath } from '../../software/rtpengine/part.ts';
import { callsPath } from '../../software/take-over/calls-redis.ts';
import { fencePath } from '../../software/take-over/fence.ts';
import { claimRelayPath, relaysConfig } from '../../software/take-over/paths.ts';
import type { Cell, Host, MediaHost } from '../../fleet/derive/cell.ts';
import {
  documentationRanges,
  floatingAddress,
  gatewayAddress,
  outsideAddress,
  outsideRanges,
  primaryName,
  publicAddress,
} from './addresses.ts';
import { claimScript } from './claim-addresses.ts';
import { claimRelayScript, type RelayAddresses } from './claim-relay.ts';
import { firewall } from './firewall.ts';
import { parseRange } from '../../fleet/range.ts';

export interface NamespacePlan {
  /** `media-1`, or `fabric` and `outside`. */
  readonly name: string;
  readonly hostname: string;
  /** Lines for `ip -batch`, after the links are there. */
  readonly addresses: readonly string[];
  /** Text for `nft -f`. */
  readonly rules: string;
  readonly config: HostConfig;
  /** Hosts whose services must be ready before this one's start. */
  readonly after: readonly string[];
  /** Hosts of which all are recreated, with nothing in them, only together with this one: it has put something into them. */
  readonly fills: readonly string[];
  /** Of a media host whose relay can move. */
  readonly ring?: Ring;
}

/** A media host's place among those that take over from each other. */
export interface Ring {
  /** The host that takes its relay. */
  readonly neighbour: string;
  /** Number of the media host whose relay it takes. */
  readonly guest: number;
}

/** Name of the machine's interface in every host. */
export const interfaceName = 'eth0';

/** Ends of the link between the cell's router and the outside. */
export const transit = { fabric: '169.254.255.1', outside: '169.254.255.2' } as const;

/** A host of the cell. */
export function hostPlan(cell: Cell, host: Host, publicNetwork: string, hasFreeswitch: boolean): NamespacePlan {
  const prefix = parseRange(cell.spec.network).prefix;
  const own = publicAddress(publicNetwork, host);
  const config = localConfig(cell, host, publicNetwork, hasFreeswitch);
  const isPublic = host.role === 'sbc' || host.role === 'media';
  // The addresses of a relay that moves come with its lease.
  const staysPublic = host.role === 'media' && host.guest === undefined;
  return {
    name: host.name,
    hostname: host.hostname,
    addresses: [
      'link set dev lo up',
      `link set dev ${interfaceName} up`,
      `address add ${host.address}/${prefix} dev ${interfaceName}`,
      ...(host.role === 'sbc' ? [`address add ${host.floatingSide}/${prefix} dev ${interfaceName}`] : []),
      ...(staysPublic ? [`address add ${own}/32 dev ${interfaceName}`] : []),
      `route add ${cell.overlayAddress}/32 dev ${interfaceName}`,
      // Data hosts have no way out.
      ...(isPublic ? [`route add default via ${gatewayAddress(cell)}`] : []),
    ],
    rules: firewall(cell, config, staysPublic && own ? { public: own, private: host.address } : undefined),
    config,
    after: startsAfter(cell, host),
    // An SBC has put the schema into the database.
    fills: host.role === 'sbc' ? cell.databases.map(({ name }) => name) : [],
    ...(host.role === 'media' ? ringOf(cell, host) : {}),
  };
}

function ringOf(cell: Cell, { number, guest }: MediaHost): Pick<NamespacePlan, 'ring'> {
  const neighbour = cell.media.find((other) => other.guest === number);
  return neighbour === undefined || guest === undefined ? {} : { ring: { neighbour: neighbour.name, guest } };
}

/** The host's HostConfig and what this target adds to it: names, and the script for the floating address. */
function localConfig(cell: Cell, host: Host, publicNetwork: string, hasFreeswitch: boolean): HostConfig {
  const config = hostConfig(cell, host);
  const services = config.services.filter(
    // Programs come from this machine's packages.
    (service) => service.phase === 'run' && (hasFreeswitch || !isFreeswitch(service)),
  );
  const names = services.map((service) => service.name);
  return {
    ...config,
    services: services.map((service) => ({ ...service, after: service.after.filter((name) => names.includes(name)) })),
    files: [
      ...config.files,
      ...nameFiles(cell),
      ...(host.role === 'sbc'
        ? [script(claimScriptPath, claimScript(floatingAddress(publicNetwork), host.floatingSide, interfaceName))]
        : []),
      ...(host.role === 'media' && host.guest !== undefined
        ? [script(claimRelayPath, claimRelayScript(relaysOf(cell, host, publicNetwork), interfaceName))]
        : []),
    ],
  };
}

/** Its own relay, and the one that it may take over. */
function relaysOf(cell: Cell, host: MediaHost, publicNetwork: string): readonly RelayAddresses[] {
  return cell.media
    .filter(({ number }) => number === host.number || number === host.guest)
    .map((home) => ({
      number: home.number,
      public: publicAddress(publicNetwork, home)!,
      private: home.relayAddress,
    }));
}

/** No name server. Names are refused at once, where an address that does not answer would cost seconds. */
export const noNameServer = file('/etc/resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');

/** Names of the cell's hosts. It changes with every host that comes or goes, and nobody keeps what it says. */
export const namesPath = '/etc/hosts';

/** Files of a media host that follow from who takes its calls over, and whose calls it takes. */
export const ringPaths: readonly string[] = [
  guestConfigPath,
  mediaGuardPath,
  relaysConfig,
  fencePath,
  callsPath('own-calls'),
  callsPath('guest-calls'),
  claimRelayPath,
];

function nameFiles(cell: Cell): readonly HostFile[] {
  const lines = [
    ...cell.hosts.map((host) => `${host.address} ${host.hostname} ${host.name}\n`),
    ...[cell.databases[0]!, cell.redis[0]!].map((host) => `${host.primaryAddress} ${primaryName(cell, host.role)}\n`),
  ];
  return [file(namesPath, `127.0.0.1 localhost\n${lines.join('')}`), noNameServer];
}

export function isFreeswitch(service: Pick<Service, 'name'>): boolean {
  return service.name === 'freeswitch';
}

/** Replicas copy the primary, which is number 1 in a cell that is new; SBCs load their tables from the database and write to Redis. */
function startsAfter(cell: Cell, host: Host): readonly string[] {
  const primaries = { database: cell.databases[0]!.name, redis: cell.redis[0]!.name };
  switch (host.role) {
    case 'database':
    case 'redis':
      return host.number === 1 ? [] : [primaries[host.role]];
    case 'media':
      return [];
    case 'sbc':
      return [primaries.database, primaries.redis];
  }
}

/** The switch and the router of the cell: a bridge for its hosts, and the link to the outside. */
export function fabricPlan(cell: Cell, publicNetwork: string): NamespacePlan {
  const prefix = parseRange(cell.spec.network).prefix;
  return {
    name: 'fabric',
    hostname: `${cell.name}-fabric`,
    addresses: [
      'link set dev lo up',
      'link set dev cell up',
      `address add ${gatewayAddress(cell)}/${prefix} dev cell`,
      `route add ${publicNetwork} dev cell`,
      'link set dev internet up',
      `address add ${transit.fabric}/30 dev internet`,
      `route add default via ${transit.outside}`,
    ],
    // As an internet gateway: private addresses neither leave nor are reached, and none comes in as a source. Control of the media
    // relays, replication and VRRP believe a source inside the cell.
    rules: `flush ruleset

table ip cellstamp {
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname "internet" ip saddr != ${publicNetwork} drop
    iifname "internet" ip daddr != ${publicNetwork} drop
    iifname "internet" ip saddr { ${cell.spec.network}, ${cell.overlayAddress} } drop
  }
}
`,
    config: {
      ...emptyHostConfig,
      sysctl: {
        'net.ipv4.ip_forward': '1',
        'net.ipv4.conf.all.send_redirects': '0',
        'net.ipv4.conf.default.send_redirects': '0',
      },
    },
    after: [],
    fills: [],
  };
}

/** The rest of the world: callers and carriers. It owns whole ranges without having each address on an interface. */
export function outsidePlan(cell: Cell, publicNetwork: string): NamespacePlan {
  return {
    name: 'outside',
    hostname: `${cell.name}-outside`,
    addresses: [
      'link set dev lo up',
      `link set dev ${interfaceName} up`,
      `address add ${transit.outside}/30 dev ${interfaceName}`,
      `address add ${outsideAddress}/32 dev lo`,
      `route add ${publicNetwork} via ${transit.fabric} src ${outsideAddress}`,
      `route add default via ${transit.fabric} src ${outsideAddress}`,
      ...outsideRoutes(cell),
    ],
    rules: 'flush ruleset\n',
    config: emptyHostConfig,
    after: [],
    fills: [],
  };
}

/** Lines for `ip -batch` that give the outside its ranges; repeatable, for sources that a spec names later. */
export function outsideRoutes(cell: Cell): readonly string[] {
  // In the main table the longest prefix wins, so that even a very wide source range leaves the cell reachable. But once a network has rules of
  // its own, as the outside of an exposed cell, the kernel looks for the addresses that a program may use in the local table alone.
  return outsideRanges(cell).map(
    (range) => `route replace local ${range} dev lo table ${documentationRanges.includes(range) ? 'local' : 'main'}`,
  );
}
