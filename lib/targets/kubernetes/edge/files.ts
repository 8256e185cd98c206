/** All that one edge of the front is made from on Kubernetes: its HostConfig with what this target adds, and its ConfigMap. */
import { deriveFront, type EdgeHost, type Front } from '../../../fleet/derive/front.ts';
import { lateNames } from '../../../fleet/late-bound.ts';
import { kubernetesOfFront } from '../../../fleet/schema/targets/kubernetes-front.ts';
import { anycastAnnouncement } from '../../../software/bird/index.ts';
import { edgeHostConfig } from '../../../software/edge-host.ts';
import { mergeHostConfigs, type HostConfig, type Service } from '../../../software/host-config.ts';
import { values, type EdgeValueName } from '../../../software/values.ts';
import { askedFor, filesObject, patienceSeconds, placement } from '../host/host-files.ts';
import { nodeSettingsFile } from '../host/node-settings.ts';
import { startScript } from '../host/start-script.ts';
import { hostsService, publicAddressAnnotation } from '../names.ts';
import type { KubernetesObject } from '../objects.ts';
import { edgeDrain, edgeDrainPath } from './drain.ts';
import { edgeFirewall } from './firewall.ts';
import { edgeLabels, poolName } from './names.ts';

export interface EdgeFiles {
  readonly config: HostConfig;
  /** Keys of the Secret. */
  readonly secrets: readonly string[];
  readonly configMap: KubernetesObject;
}

/**
 * The front with its edges' own sides of the anycast address: of the region's network, as on other targets. They never leave the node, where
 * the anycast address is mapped onto them, so they are decided. The other side is the node's own address, to which its public one leads.
 */
export function withAnycastSides(front: Front): Front {
  const decided = new Map(deriveFront(front.spec).edges.map(({ name, address }) => [name, address]));
  const own = (edge: EdgeHost): EdgeHost => ({ ...edge, address: decided.get(edge.name)! });
  return {
    ...front,
    edges: front.edges.map(own),
    regions: front.regions.map((region) => ({ ...region, edges: region.edges.map(own) })),
  };
}

/** @param front with its anycast sides */
export function edgeFiles(front: Front, host: EdgeHost): EdgeFiles {
  const { nodes, anycast } = kubernetesOfFront(front.spec);
  const region = front.regions.find(({ region: name }) => name === host.region)!;
  const config = onNode(front, host, anycast?.address);
  const sources = valueSources(anycast?.address ?? host.address);
  const secrets = config.values
    .map(({ name }) => name)
    .filter((name) => sources[name as EdgeValueName] === 'secret')
    .sort();
  const given = Object.entries(sources).flatMap(([name, source]) =>
    typeof source === 'string' ? [] : [[name, source.spec] as const],
  );
  const settings = {
    host: host.name,
    network: region.network,
    service: hostsService,
    patienceSeconds,
    own: lateNames(host.unicastSide)[0],
    // No edge may have them as its address.
    taken: region.edges.map(({ address }) => address),
    // What an edge says to another goes to its public address, which the directory tells.
    hosts: {},
    sbcs: null,
    publicAddress: {
      value: values.publicAddress.name,
      annotation: nodes.publicAddressFrom === 'annotation' ? publicAddressAnnotation : null,
    },
    values: Object.fromEntries(given),
    secrets,
    ...placement(config),
  };
  const metadata = { name: host.name, namespace: poolName(front, host.region), labels: edgeLabels(front, host) };
  return { config, secrets, configMap: filesObject(metadata, config, settings) };
}

/** Where each late-bound value comes from: the front's file, the Secret, the Node of the pod. @param anycast the address that clients send to */
const valueSources = (
  anycast: string,
): Readonly<Record<EdgeValueName, { readonly spec: string } | 'secret' | 'node'>> => ({
  public_address: 'node',
  // Without anycast nobody sends there: the edge's own names are its domain and its public address.
  anycast_address_1: { spec: anycast },
  anycast_address_2: { spec: anycast },
  directory: 'secret',
  sip_certificate: 'secret',
  sip_key: 'secret',
});

/** The HostConfig as a node carries it out. */
function onNode(front: Front, host: EdgeHost, anycast: string | undefined): HostConfig {
  const bgp = front.spec.regions.find(({ region }) => region === host.region)!.kubernetes?.bgp;
  const { anycast: announced, monitoring } = kubernetesOfFront(front.spec);
  const range = announced?.range;
  const config = mergeHostConfigs([
    edgeHostConfig(front, host),
    ...(range === undefined || bgp === undefined ? [] : [anycastAnnouncement(front, host, { ...bgp, range })]),
  ]);
  const services = config.services.map((service): Service =>
    service.name === 'kamailio'
      ? {
          ...service,
          drain: { command: [edgeDrainPath], deadlineSeconds: kubernetesOfFront(front.spec).drainMinutes * 60 },
        }
      : service,
  );
  return {
    ...config,
    services,
    files: [
      ...config.files,
      edgeFirewall(
        host,
        config.ports.map((port) => askedFor(port, monitoring?.from)),
        anycast,
      ),
      nodeSettingsFile({ sysctl: config.sysctl, address: host.unicastSide, floatingSide: host.address }),
      edgeDrain(front),
      ...services.map(startScript),
    ],
  };
}
