/** What the Prometheus operator reads: where the hosts have their metrics, and the alerts on them. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellRules } from '../../software/prometheus-rules.ts';
import { hostConfig } from '../../software/cell-host.ts';
import { cellLabels, cellName, hostLabel, roleLabels, type NodeHost } from './names.ts';
import type { KubernetesObject } from './objects.ts';

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

/**
 * Ports are in no pod: an address is made of the pod's, so that a cell that is monitored has the same pods as one that is not.
 *
 * @param host any of its role, all of which have the same pages
 */
function podMonitor(cell: Cell, host: NodeHost, labels: Readonly<Record<string, string>>): KubernetesObject {
  const { role } = host;
  const pages = hostConfig(cell, host).ports.filter(({ name }) => name.endsWith('-metrics'));
  return {
    apiVersion,
    kind: 'PodMonitor',
    metadata: { name: role, namespace: cellName(cell), labels: { ...labels, ...roleLabels(cell, role) } },
    spec: {
      selector: { matchLabels: roleLabels(cell, role) },
      podMetricsEndpoints: pages.map(({ name, from }) => ({
        interval: '15s',
        relabelings: [
          {
            sourceLabels: ['__meta_kubernetes_pod_container_name'],
            regex: mainContainers[role],
            action: 'keep',
          },
          {
            sourceLabels: ['__meta_kubernetes_pod_ip'],
            targetLabel: '__address__',
            replacement: `$1:${from}`,
            action: 'replace',
          },
          { targetLabel: 'job', replacement: name.slice(0, -'-metrics'.length), action: 'replace' },
          { targetLabel: 'cell', replacement: cell.name, action: 'replace' },
          {
            sourceLabels: [ofPod('cellstamp.io/role'), ofPod(hostLabel)],
            separator: '-',
            targetLabel: 'host',
            action: 'replace',
          },
        ],
      })),
    },
  };
}
