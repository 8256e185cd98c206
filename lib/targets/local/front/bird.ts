/** BIRD 2 on a router of the small internet. */
import { birdControl, birdService as bird } from '../../../software/bird/service.ts';
import { anycastRange } from './addresses.ts';

/** Another router, at the other end of a link. */
export interface Neighbour {
  readonly name: string;
  /** Number of its autonomous system. */
  readonly system: number;
  /** Our end of the link. */
  readonly own: string;
  readonly address: string;
  /** What it announces as its own. */
  readonly networks: readonly string[];
  /** Number of its region; undefined of a place's router. */
  readonly region: number | undefined;
}

interface Speaker {
  readonly name: string;
  readonly system: number;
  readonly networks: readonly string[];
  readonly region: unknown;
}

/** Which neighbour's way to the service address is preferred: `define chosen = 64601;`. */
export const chosenFile = '/etc/cellstamp/bird-chosen.conf';

/** Marks the way to a region of which no edge takes new calls, as a BGP community. */
const lastResort = '(64600, 1)';

export function birdConfig(speaker: Speaker, neighbours: readonly Neighbour[]): string {
  const identity = neighbours[0]!.own;
  return `# BIRD of ${speaker.name}.
log stderr { warning, error, fatal, bug };
router id ${identity};
include "${chosenFile}";

protocol device { }
# Own networks are in the kernel already.
protocol kernel {
  ipv4 { import none; export where source != RTS_STATIC; };
}
protocol static own_networks {
  ipv4;
${speaker.networks.map((network) => `  route ${network} blackhole;`).join('\n')}
}
${
  speaker.region === undefined
    ? ''
    : `# The accelerator disables it while no edge here is healthy: then the other regions' way is taken.
protocol static anycast {
  ipv4;
  route ${anycastRange} blackhole;
}
# For when no region has a healthy edge.
protocol static last_resort {
  ipv4 { preference 10; };
  route ${anycastRange} blackhole { bgp_community.add(${lastResort}); };
}
`
}
filter choose_region {
  if net = ${anycastRange} then {
    bgp_local_pref = 100;
    if bgp_path.first = chosen then bgp_local_pref = 200;
    # Behind every other way, and in a region behind its own.
    if ${lastResort} ~ bgp_community then {
      bgp_local_pref = bgp_local_pref - 100;
      preference = 5;
    }
  }
  accept;
}
template bgp other_router {
  # So that a dead router is noticed in seconds.
  hold time 3;
  keepalive time 1;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 { import filter choose_region; export all; next hop self; };
}
${neighbours
  .map(
    ({ name, system, own, address }) => `protocol bgp ${name.replaceAll('-', '_')} from other_router {
  local ${own} as ${speaker.system};
  neighbor ${address} as ${system};
}`,
  )
  .join('\n')}
`;
}

/** Ready with every session up; the other routers start at the same time. */
export const birdService = bird([
  '/bin/bash',
  '-c',
  `! birdc -s ${birdControl} show protocols | grep ' BGP ' | grep -v Established`,
]);
