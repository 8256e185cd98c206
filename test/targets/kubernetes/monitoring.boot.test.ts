/** What a Prometheus makes of the pods that a PodMonitor selects: by its own program, from what its discovery says of a pod. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { edgeManifests } from '../../../lib/targets/kubernetes/edge/manifests.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import { describeWith } from '../../requirements.ts';
import { maximal, maximalFront, minimal, minimalFront } from './cells.ts';

type Relabeling = Readonly<Record<string, unknown>>;
interface PodMonitorSpec {
  readonly podMetricsEndpoints: readonly { readonly relabelings: readonly Relabeling[] }[];
}

const monitors = [...manifests(maximal), ...edgeManifests(maximalFront, 'eu-west-2')].filter(
  ({ kind }) => kind === 'PodMonitor',
);

/** What discovery says of two containers of a pod, the second of which is not the host's main one. */
const podTargets = (role: string, number: number, address: string, main: string) =>
  [main, 'follow-hosts'].map((container) => ({
    targets: [address],
    labels: {
      __meta_kubernetes_pod_ip: address,
      __meta_kubernetes_pod_container_name: container,
      __meta_kubernetes_pod_label_cellstamp_io_role: role,
      __meta_kubernetes_pod_label_cellstamp_io_region: 'eu-west-2',
      __meta_kubernetes_pod_label_cellstamp_io_host: String(number),
    },
  }));

/** The operator's names are those of Prometheus in another case. */
const ofPrometheus = (relabeling: Relabeling) =>
  Object.fromEntries(
    Object.entries(relabeling).map(([key, value]) => [key.replace(/[A-Z]/g, (one) => `_${one.toLowerCase()}`), value]),
  );

describeWith(['debian-packages', 'prometheus'], 'a cell that is monitored on Kubernetes', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-monitoring-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Labels of what would be scraped. */
  function scraped(role: string, pod: readonly object[]): readonly Readonly<Record<string, string>>[] {
    const { podMetricsEndpoints } = monitors.find(({ metadata }) => metadata.name === role)!['spec'] as PodMonitorSpec;
    const jobs = podMetricsEndpoints.map(({ relabelings }, index) => ({
      job_name: `${role}-${index}`,
      static_configs: pod,
      relabel_configs: relabelings.map(ofPrometheus),
    }));
    writeFileSync(join(folder, 'prometheus.yml'), stringify({ scrape_configs: jobs }));
    return jobs.flatMap(({ job_name }) => {
      const { stdout } = spawnSync(
        'promtool',
        ['check', 'service-discovery', '--timeout=1s', 'prometheus.yml', job_name],
        { cwd: folder, encoding: 'utf8' },
      );
      const targets = JSON.parse(stdout) as readonly { readonly labels?: Readonly<Record<string, string>> }[];
      return targets.flatMap(({ labels }) =>
        labels === undefined || Object.keys(labels).length === 0 ? [] : [labels],
      );
    });
  }

  it('is scraped once at each page of a host, by the labels of the rules', () => {
    const cell = maximal.name;
    expect(scraped('sbc', podTargets('sbc', 2, '10.32.0.62', 'kamailio'))).toEqual([
      expect.objectContaining({ __address__: '10.32.0.62:9494', cell, host: 'sbc-2', job: 'sbc' }),
    ]);
    expect(scraped('media', podTargets('media', 3, '10.32.0.53', 'rtpengine'))).toEqual([
      expect.objectContaining({ __address__: '10.32.0.53:9900', cell, host: 'media-3', job: 'rtpengine' }),
    ]);
  });

  it('has edges that are scraped by the labels of their rules, where the front asks for it', () => {
    expect(scraped('edge', podTargets('edge', 3, '10.202.0.63', 'kamailio'))).toEqual([
      expect.objectContaining({
        ...{ __address__: '10.202.0.63:9494', front: maximalFront.name, region: 'eu-west-2' },
        ...{ host: 'eu-west-2-edge-3', job: 'edge' },
      }),
    ]);
    expect(edgeManifests(minimalFront, 'eu-west-1').filter(({ kind }) => kind === 'PodMonitor')).toEqual([]);
  });

  it('has what the Prometheus of its file selects, and one that names none has nothing of it', () => {
    const objects = manifests(maximal).filter(({ apiVersion }) => apiVersion.startsWith('monitoring.'));
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.labels!['release']}`)).toEqual([
      'PodMonitor sbc kube-prometheus-stack',
      'PodMonitor media kube-prometheus-stack',
      'PrometheusRule alerts kube-prometheus-stack',
    ]);
    expect(manifests(minimal).filter(({ apiVersion }) => apiVersion.startsWith('monitoring.'))).toEqual([]);
  });
});
