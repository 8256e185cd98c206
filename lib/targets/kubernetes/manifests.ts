/** A cell as objects of the Kubernetes API: pure data, which a person applies, a repository keeps, or Pulumi hands on. */
import type { CellSpec } from '../../fleet/schema/cell-types.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellOnNodes } from './cell-on-nodes.ts';
import { dataObjects } from './data-objects.ts';
import { cellLabels, cellName, nodeHosts, roleLabels } from './names.ts';
import { monitoringObjects } from './monitoring.ts';
import type { KubernetesObject } from './objects.ts';
import { hostObjects } from './pod.ts';
import { siteObjects } from './site-objects.ts';

/**
 * The objects in the order in which they can be applied. The Secrets that they name are not among them.
 *
 * @throws SpecError when the cell is not on Kubernetes
 * @example manifests(parseCell({ name: 'k8s-a', region: 'eu-west-1', kubernetes })).map(({ kind }) => kind)[0] // 'Namespace'
 */
export function manifests(spec: CellSpec): readonly KubernetesObject[] {
  const cell = cellOnNodes(spec);
  // A relay that moves has an address that the cell's file gives.
  const readsNodes = kubernetesOf(spec).mediaAddresses === undefined;
  const site = {
    namespace: cellName(cell),
    labels: cellLabels(cell),
    what: `the cell ${cell.name}`,
    roles: [
      { name: 'sbc', labels: roleLabels(cell, 'sbc'), hosts: cell.sbcs.length, readsNodes: false },
      { name: 'media', labels: roleLabels(cell, 'media'), hosts: cell.media.length, readsNodes },
    ],
  };
  return [
    ...siteObjects(site),
    ...dataObjects(cell),
    ...monitoringObjects(cell),
    ...nodeHosts(cell).flatMap((host) => hostObjects(cell, host)),
  ];
}
