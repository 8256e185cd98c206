/**
 * A small routed internet, as data: a router for each region of the front, one for each place where callers are, every router
 * of a region linked with all others. Routes are announced by BGP where BIRD is installed, else they are static.
 *
 * The callers of all places, and a phone behind a router that masquerades, are one host, so that one program can be both ends
 * of a call: from where it speaks is decided by the address that it chooses.
 */
import type { Front, FrontRegion } from '../../../fleet/derive/front.ts';
import { birdConfigPath } from '../../../software/bird/service.ts';
import { emptyHostConfig, file, script, type HostFile, type Service } from '../../../software/host-config.ts';
import { formatAddress, parseRange } from '../../../fleet/range.ts';
import type { NamespacePlan } from '../host-plan.ts';
import { acceleratorFiles, acceleratorService } from './accelerator.ts';
import {
  anycastRange,
  directoryAddress,
  edgeRange,
  home,
  placeRange,
  regionGateway,
  serviceAddress,
} from './addresses.ts';
import { birdConfig, birdService, chosenFile, type Neighbour } from './bird.ts';

/** A pair of interfaces: each with its name on its host. */
export interface Link {
  readonly from: { readonly host: string; readonly name: string };
  readonly to: { readonly host: string; readonly name: string };
}

export interface Internet {
  readonly plans: readonly NamespacePlan[];
  readonly links: readonly Link[];
}

/** A cell beside a region: its public network is announced there. */
export interface AttachedCell {
  readonly name: string;
  readonly publicNetwork: string;
}

interface Router {
  readonly name: string;
  readonly region: FrontRegion | undefined;
  /** Number of the region, or of the place. */
  readonly number: number;
  readonly networks: readonly string[];
}

/** The script on a place's router that sends traffic to the service address to another region: `choose-region 2`. */
export const chooseRegionPath = '/usr/local/lib/cellstamp/choose-region';

export const routerName = (region: number) => `router-${region}`;
export const placeName = (place: number) => `place-${place}`;

/** Ends of the link between a region's router and the outside of a cell, by the number of the cell in the front. */
export function cellLink(index: number): { readonly router: string; readonly outside: string; readonly name: string } {
  return { router: linkAddress(500 + index, 0), outside: linkAddress(500 + index, 1), name: `cell-${index + 1}` };
}

/** The region beside which the n-th cell (from 0) is. */
export function regionOfCell(front: Front, index: number): number {
  return (index % front.regions.length) + 1;
}

/** Link-local ranges of four addresses, counted. */
function linkAddress(link: number, end: 0 | 1): string {
  return formatAddress(parseRange('169.254.0.0/30').first + link * 4 + 1 + end);
}

export function internet(front: Front, cells: readonly AttachedCell[], bgp: boolean): Internet {
  const regions = front.regions.map((region, index): Router => ({
    name: routerName(index + 1),
    region,
    number: index + 1,
    networks: [
      edgeRange(index + 1),
      `${directoryAddress}/32`,
      ...cells.filter((_, cell) => regionOfCell(front, cell) === index + 1).map((cell) => cell.publicNetwork),
    ],
  }));
  const places = front.regions.map((_, index): Router => ({
    name: placeName(index + 1),
    region: undefined,
    number: index + 1,
    networks: [placeRange(index + 1)],
  }));
  const pairs = regions.flatMap((router, index) =>
    [...regions.slice(index + 1), ...places].map((other) => [router, other] as const),
  );
  const routers = [...regions, ...places];
  const neighbours = (of: Router): readonly Neighbour[] =>
    pairs.flatMap(([a, b], link): readonly Neighbour[] => {
      if (a !== of && b !== of) return [];
      const [other, own, theirs] = a === of ? ([b, 0, 1] as const) : ([a, 1, 0] as const);
      return [
        {
          name: other.name,
          system: systemNumber(other),
          own: linkAddress(link, own),
          address: linkAddress(link, theirs),
          networks: other.networks,
          region: other.region === undefined ? undefined : other.number,
        },
      ];
    });
  return {
    plans: [
      ...routers.map((router) => routerPlan(front, router, neighbours(router), routers, bgp)),
      homePlan(front),
      callersPlan(front),
    ],
    links: [
      ...pairs.map(([a, b]) => link(a.name, b.name, b.name, a.name)),
      ...regions.map(({ name }) => link(name, 'directory', 'directory', name)),
      ...places.map(({ name }) => link(name, 'callers', 'callers', name)),
      link(placeName(1), 'home', 'home', 'uplink'),
      link('home', 'phones', 'callers', 'home'),
    ],
  };
}

function link(host: string, name: string, otherHost: string, otherName: string): Link {
  return { from: { host, name }, to: { host: otherHost, name: otherName } };
}

/** Private numbers of autonomous systems (RFC 6996). */
function systemNumber({ region, number }: Router): number {
  return (region === undefined ? 64_700 : 64_600) + number;
}

function routerPlan(
  front: Front,
  router: Router,
  neighbours: readonly Neighbour[],
  routers: readonly Router[],
  bgp: boolean,
): NamespacePlan {
  const { region, number } = router;
  const elsewhere = neighbours.find((neighbour) => neighbour.region !== undefined && neighbour.region !== number);
  const files: readonly HostFile[] = [
    ...(bgp
      ? [
          file(birdConfigPath, birdConfig({ ...router, system: systemNumber(router) }, neighbours)),
          file(chosenFile, chosenText(neighbours, number)),
        ]
      : []),
    ...(region === undefined
      ? [script(chooseRegionPath, chooseRegion(neighbours, bgp))]
      : acceleratorFiles(front, region, { bgp, elsewhere: elsewhere?.address })),
  ];
  const services: readonly Service[] = [
    ...(bgp ? [birdService] : []),
    ...(region === undefined ? [] : [acceleratorService(bgp)]),
  ];
  return {
    name: router.name,
    hostname: `${front.name}-${router.name}`,
    addresses: [
      'link set dev lo up',
      ...neighbours.flatMap(({ name, own }) => [`link set dev ${name} up`, `address add ${own}/30 dev ${name}`]),
      ...(region === undefined ? placeAddresses(number) : regionAddresses(region, number)),
      ...(bgp ? [] : staticRoutes(router, neighbours, routers)),
    ],
    rules: region === undefined ? 'flush ruleset\n' : regionRules(region),
    config: {
      ...emptyHostConfig,
      files,
      services,
      sysctl: { ...forwarding, 'net.ipv4.fib_multipath_hash_policy': '0' },
    },
    after: [],
    fills: [],
  };
}

/** As an internet gateway: no private address comes in as a source. Metrics believe one of the region. */
function regionRules({ network }: FrontRegion): string {
  return `flush ruleset

table ip cellstamp {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname != "edges" oifname "edges" ip saddr ${network} drop
  }
}
`;
}

const forwarding = {
  'net.ipv4.ip_forward': '1',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.default.send_redirects': '0',
} as const;

/** The region's switch with its edges and the directory. The cells' links come when the cells are there. */
function regionAddresses({ network }: FrontRegion, number: number): readonly string[] {
  return [
    'link set dev edges up',
    `address add ${regionGateway(network)}/${parseRange(network).prefix} dev edges`,
    `route add ${edgeRange(number)} dev edges`,
    'link set dev directory up',
    `address add ${directoryLink(number).router}/30 dev directory`,
    `route add ${directoryAddress}/32 via ${directoryLink(number).directory}`,
  ];
}

/** Ends of the link between a region's router and the directory. */
export function directoryLink(region: number): { readonly router: string; readonly directory: string } {
  return { router: linkAddress(400 + region, 0), directory: linkAddress(400 + region, 1) };
}

/** Ends of the link between a place's router and the callers. */
function callersLink(place: number): { readonly router: string; readonly callers: string } {
  return { router: linkAddress(450 + place, 0), callers: linkAddress(450 + place, 1) };
}

/** A place's callers, and the home in the first place. */
function placeAddresses(place: number): readonly string[] {
  const { router, callers } = callersLink(place);
  return [
    'link set dev callers up',
    `address add ${router}/30 dev callers`,
    `route add ${placeRange(place)} via ${callers}`,
    ...(place === 1 ? ['link set dev home up', `address add ${home.provider}/30 dev home`] : []),
  ];
}

/** Ways to every network of every other router: straight, and between places by the region near the other place. */
function staticRoutes(router: Router, neighbours: readonly Neighbour[], routers: readonly Router[]): readonly string[] {
  const near = neighbours.find(({ region }) => region === router.number);
  return [
    ...routers
      .filter((other) => other !== router)
      .flatMap((other) => {
        const next =
          neighbours.find(({ name }) => name === other.name) ??
          neighbours.find(({ region }) => region === other.number);
        const own = new Set(router.networks);
        return next === undefined
          ? []
          : other.networks
              .filter((network) => !own.has(network))
              .map((network) => `route replace ${network} via ${next.address}`);
      }),
    ...(router.region === undefined && near ? [`route replace ${anycastRange} via ${near.address}`] : []),
  ];
}

function chosenText(neighbours: readonly Neighbour[], region: number): string {
  const near = neighbours.find((neighbour) => neighbour.region === region);
  return `define chosen = ${near?.system ?? 0};\n`;
}

/** A change of the route, as when a provider's link fails: all that is sent to the service address takes another region. */
function chooseRegion(neighbours: readonly Neighbour[], bgp: boolean): string {
  const regions = neighbours.filter(({ region }) => region !== undefined);
  return `#!/bin/bash
# choose-region NUMBER: sends what goes to ${anycastRange} to that region from now on. Ends when the route has changed.
set -eu
case \${1:-} in
${regions.map(({ region, address, system }) => `  ${region}) via=${address} system=${system} ;;`).join('\n')}
  *) echo "choose-region: ${regions.map(({ region }) => region).join(', ')}, not '\${1:-}'" >&2; exit 2 ;;
esac
${
  bgp
    ? `echo "define chosen = $system;" >${chosenFile}
birdc -s /run/bird/bird.ctl configure >/dev/null
for _ in {1..100}; do
  [[ $(ip route get ${serviceAddress}) == *" via $via "* ]] && exit 0
  sleep 0.05
done
echo "the route to ${serviceAddress} does not change: $(ip route get ${serviceAddress})" >&2
exit 1`
    : `ip route replace ${anycastRange} via "$via"`
}
`;
}

/** A router that masquerades, as in a home: its memory of a flow lasts 30 s. */
function homePlan(front: Front): NamespacePlan {
  return {
    name: 'home',
    hostname: `${front.name}-home`,
    addresses: [
      'link set dev lo up',
      'link set dev uplink up',
      `address add ${home.uplink}/30 dev uplink`,
      'link set dev phones up',
      `address add ${home.router}/24 dev phones`,
      `route add default via ${home.provider}`,
    ],
    rules: `flush ruleset

table ip cellstamp {
  chain out {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "uplink" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "phones" accept
    ct state established,related accept
  }
}
`,
    config: {
      ...emptyHostConfig,
      sysctl: {
        ...forwarding,
        'net.netfilter.nf_conntrack_udp_timeout': '30',
        'net.netfilter.nf_conntrack_udp_timeout_stream': '30',
      },
    },
    after: [],
    fills: [],
  };
}

/** Callers of all places, each with every address of its place, and the phone in the home. */
function callersPlan(front: Front): NamespacePlan {
  const places = front.regions.map((_, index) => index + 1);
  return {
    name: 'callers',
    hostname: `${front.name}-callers`,
    addresses: [
      'link set dev lo up',
      ...places.flatMap((place) => {
        const { router, callers } = callersLink(place);
        return [
          `link set dev ${placeName(place)} up`,
          `address add ${callers}/30 dev ${placeName(place)}`,
          `route add local ${placeRange(place)} dev lo`,
          `route add default via ${router} table ${place}`,
          `rule add from ${placeRange(place)} lookup ${place}`,
        ];
      }),
      'link set dev home up',
      `address add ${home.phone}/24 dev home`,
      `route add default via ${home.router} table 200`,
      `rule add from ${home.phone} lookup 200`,
    ],
    rules: 'flush ruleset\n',
    config: emptyHostConfig,
    after: [],
    fills: [],
  };
}
