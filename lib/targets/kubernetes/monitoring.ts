/** What the Prometheus operator reads: where the hosts have their metrics, and the alerts on them. */
import type { Cell } from '../../fleet/derive/cell.ts';
import type { Front, FrontRegion } from '../../fleet/derive/front.ts';
import { edgePorts } from '../../fleet/schema/fixed.ts';
import { kubernetesOfFront } from '../../fleet/schema/targets/kubernetes-front.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellRules, frontRules } from '../../software/prometheus-rules.ts';
import { hostConfig } from '../../software/cell-host.ts';
import { cellLabels, cellName, hostLabel, roleLabels, type NodeHost } from './names.ts';
import { poolLabels, poolName } from './edge/names.ts';
import type { KubernetesObject, Metadata } from './objects.ts';

const apiVersion = 'monitoring.coreos.com/v1';

/** One container of each pod stands for the host: discovery knows the pod once for each. */
const mainContainers = { sbc: 'kamailio', media: 'rtpengine' } as const satisfies Record<NodeHost['role'], string>;

const ofPod = (label: string): string => `__meta_kubernetes_pod_label_${label.replaceAll(/[^A-Za-z0-9]/g, '_')}`;

/** Nothing where the cell's file asks for none. */
export function monitoringObjects(cell: Cell): readonly KubernetesObject[] {
  const { monitoring } = kubernetesOf(cell.spec);
  if (monitoring === undefined) return [];
  const namespace = cellName(cell);
  const { labels } = monitoring;
  const look = `kubectl describe pod -n ${namespace}, and the log of the container`;
  return [
    podMonitor(cell, cell.sbcs[0], labels),
    podMonitor(cell, cell.media[0]!, labels),
    {
      apiVersion,
      kind: 'PrometheusRule',
      metadata: { name: 'alerts', namespace, labels: { ...labels, ...cellLabels(cell) } },
      spec: { groups: cellRules(cell, look) },
    },
  ];
}

/** The same of the front's edges in a region. */
export function edgeMonitoringObjects(front: Front, region: FrontRegion): readonly KubernetesObject[] {
  const { monitoring } = kubernetesOfFront(front.spec);
  if (monitoring === undefined) return [];
  const namespace = poolName(front, region.region);
  const own = poolLabels(front, region.region);
  const labels = { ...monitoring.labels, ...own };
  const look = `kubectl describe pod -n ${namespace}, and the log of the container`;
  return [
    monitorOf(
      { name: 'edge', namespace, labels },
      {
        ...{ selects: own, container: 'kamailio', pages: [{ job: 'edge', port: edgePorts.metrics }] },
        ...{ place: { front: front.name, region: region.region } },
        host: ['cellstamp.io/region', 'cellstamp.io/role', hostLabel],
      },
    ),
    {
      apiVersion,
      kind: 'PrometheusRule',
      metadata: { name: 'alerts', namespace, labels },
      spec: { groups: frontRules({ name: front.name, regions: [region] }, look) },
    },
  ];
}

/** @param host any of its role, all of which have the same pages */
function podMonitor(cell: Cell, host: NodeHost, labels: Readonly<Record<string, string>>): KubernetesObject {
  const { role } = host;
  const selects = roleLabels(cell, role);
  const pages = hostConfig(cell, host).ports.filter(({ name }) => name.endsWith(metrics));
  return monitorOf(
    { name: role, namespace: cellName(cell), labels: { ...labels, ...selects } },
    {
      selects,
      container: mainContainers[role],
      pages: pages.map(({ name, from }) => ({ job: name.slice(0, -metrics.length), port: from })),
      place: { cell: cell.name },
      host: ['cellstamp.io/role', hostLabel],
    },
  );
}

const metrics = '-metrics';

interface Monitored {
  /** Labels of the pods. */
  readonly selects: Readonly<Record<string, string>>;
  /** The one of each pod that stands for the host. */
  readonly container: string;
  readonly pages: readonly { readonly job: string; readonly port: number }[];
  /** Labels of every series. */
  readonly place: Readonly<Record<string, string>>;
  /** Labels of the pod whose values make the name of the host. */
  readonly host: readonly string[];
}

/** Ports are in no pod: an address is made of the pod's, so that hosts that are monitored have the same pods as others. */
function monitorOf(metadata: Metadata, { selects, container, pages, place, host }: Monitored): KubernetesObject {
  return {
    apiVersion,
    kind: 'PodMonitor',
    metadata,
    spec: {
      selector: { matchLabels: selects },
      podMetricsEndpoints: pages.map(({ job, port }) => ({
        interval: '15s',
        relabelings: [
          { sourceLabels: ['__meta_kubernetes_pod_container_name'], regex: container, action: 'keep' },
          {
            sourceLabels: ['__meta_kubernetes_pod_ip'],
            targetLabel: '__address__',
            replacement: `$1:${port}`,
            action: 'replace',
          },
          { targetLabel: 'job', replacement: job, action: 'replace' },
          ...Object.entries(place).map(([targetLabel, replacement]) => ({
            targetLabel,
            replacement,
            action: 'replace',
          })),
          { sourceLabels: host.map(ofPod), separator: '-', targetLabel: 'host', action: 'replace' },
        ],
      })),
    },
  };
}
