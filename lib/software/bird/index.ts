/**
 * An edge that announces the anycast range to the routers beside it. While it takes no new calls the range stays announced, but as what
 * nobody prefers: with another edge up, new flows go there, and with none, callers still hear the refusal of this one. That is how Global
 * Accelerator fails open. When the edge is gone, its sessions are, and so is the route.
 */
import type { EdgeHost, Front } from '../../fleet/derive/front.ts';
import { emptyHostConfig, file, script, service, type HostConfig } from '../host-config.ts';
import { announceAnycast as programText } from '../program-texts.ts';
import { birdConfigPath, birdControl, birdService } from './service.ts';

export interface Announcement {
  /** The anycast range: `198.51.100.0/24`. */
  readonly range: string;
  /** Number of the edges' autonomous system. */
  readonly system: number;
  readonly neighbours: readonly { readonly address: string; readonly system: number }[];
}

const program = '/usr/local/lib/cellstamp/announce-anycast';
const settingsPath = '/etc/cellstamp/announce-anycast.json';

/** Communities by which a route says that it is about to go (RFC 8326): whoever knows it prefers every other way. */
const gracefulShutdown = '(65535, 0)';

/** Own system numbers in front of the path, for those who do not know the community. */
const prepended = 3;

export function anycastAnnouncement(front: Front, host: EdgeHost, announcement: Announcement): HostConfig {
  const { neighbours } = announcement;
  return {
    ...emptyHostConfig,
    packages: ['bird2', 'python3'],
    files: [
      file(birdConfigPath, birdConfig(host, announcement)),
      script(program, programText),
      file(
        settingsPath,
        `${JSON.stringify({ address: host.address, port: front.spec.health.port, control: birdControl }, null, 2)}\n`,
      ),
    ],
    services: [
      // A router that is away must not keep the edge from starting: the others take the route.
      birdService(['/usr/sbin/birdc', '-s', birdControl, 'show', 'status']),
      service({
        name: 'announce-anycast',
        description: 'Tells BIRD whether this edge takes new calls',
        command: ['/usr/bin/python3', program, settingsPath],
        user: 'root',
        environment: { PYTHONUNBUFFERED: '1' },
        after: ['bird'],
        ready: ['/bin/true'],
        openFiles: 256,
      }),
    ],
    ports: [
      {
        name: 'bgp',
        protocol: 'tcp',
        from: 179,
        to: 179,
        peers: [{ ranges: neighbours.map(({ address }) => `${address}/32`) }],
        description: 'BGP with the routers beside the edge',
      },
    ],
  };
}

function birdConfig(host: EdgeHost, { range, system, neighbours }: Announcement): string {
  return `# BIRD of ${host.name}: announces ${range}, made by Cellstamp from the front's spec. It takes no route from anybody.
#   birdc -s ${birdControl} show protocols            sessions
#   birdc -s ${birdControl} show route export router_1   the routes announced to the first router
log stderr { info, warning, error, fatal, bug };
router id ${host.unicastSide};

protocol device { }

# announce-anycast enables it while this edge takes new calls.
protocol static anycast {
  disabled;
  ipv4;
  route ${range} blackhole;
}
# For when no edge takes any: behind every other way.
protocol static last_resort {
  ipv4 { preference 10; };
  route ${range} blackhole;
}
filter announced {
  if net != ${range} then reject;
  if proto = "last_resort" then {
    bgp_community.add(${gracefulShutdown});
${`    bgp_path.prepend(${system});\n`.repeat(prepended)}  }
  accept;
}
template bgp any_router {
  # A node that loses its power is noticed after 9 s; one that ends its pod says so at once.
  hold time 9;
  keepalive time 3;
  connect retry time 5;
  ipv4 { import none; export filter announced; next hop self; };
}
${neighbours
  .map(
    (neighbour, index) => `protocol bgp router_${index + 1} from any_router {
  local ${host.unicastSide} as ${system};
  neighbor ${neighbour.address} as ${neighbour.system};
}
`,
  )
  .join('')}`;
}
