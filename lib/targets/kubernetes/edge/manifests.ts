/** The front's edges in one region as objects of the Kubernetes API: pure data. A region is a cluster, or a part of one. */
import { deriveFront, type EdgeHost, type Front } from '../../../fleet/derive/front.ts';
import { SpecError } from '../../../fleet/schema/spec-error.ts';
import type { FrontSpec } from '../../../fleet/schema/front-types.ts';
import { kubernetesOfFront } from '../../../fleet/schema/targets/kubernetes-front.ts';
import type { Service } from '../../../software/host-config.ts';
import { edgeMonitoringObjects } from '../monitoring.ts';
import type { KubernetesObject } from '../objects.ts';
import { daemonSet } from '../pod.ts';
import type { Requests } from '../requests.ts';
import { siteObjects } from '../site-objects.ts';
import { edgeFiles, withAnycastSides } from './files.ts';
import { edgeLabels, frontTaint, poolLabels, poolName } from './names.ts';

/**
 * The objects in the order in which they can be applied. The Secret that they name is not among them.
 *
 * @throws SpecError when the front is not on Kubernetes or has no such region
 * @example edgeManifests(parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }], kubernetes }), 'eu-west-1')
 */
export function edgeManifests(spec: FrontSpec, region: string): readonly KubernetesObject[] {
  kubernetesOfFront(spec);
  const front = withAnycastSides(deriveFront(spec, 'late'));
  const entry = regionOf(front, region);
  const { edges } = entry;
  const labels = poolLabels(front, region);
  const site = {
    namespace: poolName(front, region),
    labels,
    what: `the front ${front.name} in ${region}`,
    roles: [{ name: 'edge', labels, hosts: edges.length, readsNodes: true }],
  };
  return [
    ...siteObjects(site),
    ...edgeMonitoringObjects(front, entry),
    ...edges.flatMap((edge) => edgeObjects(front, edge)),
  ];
}

/** @throws SpecError when the front has no such region */
export function regionOf(front: Front, region: string): Front['regions'][number] {
  const found = front.regions.find(({ region: name }) => name === region);
  if (found) return found;
  throw new SpecError(`the edges of ${front.name} can't be built`, [
    {
      severity: 'error',
      path: 'region',
      message: `${region} is not a region of the front`,
      given: region,
      allowed: front.regions.map(({ region: name }) => name).join(', '),
    },
  ]);
}

/** The ConfigMap of an edge, and the DaemonSet that has it. */
function edgeObjects(front: Front, host: EdgeHost): readonly KubernetesObject[] {
  const { image, secret, drainMinutes } = kubernetesOfFront(front.spec);
  const { config, secrets, configMap } = edgeFiles(front, host);
  const workload = {
    name: host.name,
    role: 'edge' as const,
    namespace: poolName(front, host.region),
    labels: edgeLabels(front, host),
    tolerates: { key: frontTaint, value: front.name },
    image,
    secret,
    drainSeconds: drainMinutes * 60,
    state: `/var/lib/cellstamp/${front.name}/${host.name}`,
    requests,
    follows: false,
  };
  return [configMap, daemonSet(workload, config, { configMap: configMap.metadata.name, secrets })];
}

/** Its shared memory, as its command line says. How many calls an edge takes the front does not say, so it asks for no processor. */
function requests({ name, command }: Service): Requests {
  return name === 'kamailio' ? { memory: `${command[command.indexOf('-m') + 1]}Mi` } : {};
}
