import { ComponentResource, type ComponentResourceOptions, type CustomResource } from '@pulumi/pulumi';
import type { Cell } from '../../fleet/derive/cell.ts';
import { cellFile, type CellSpec } from '../../fleet/schema/cell.ts';
import { checkRules } from '../../fleet/schema/spec-error.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellOnNodes } from './cell-on-nodes.ts';
import { manifests } from './manifests.ts';
import { cellName, hostLabels, nodeHosts } from './names.ts';
import { objectResources, type ChildName, type Transform } from './object-resources.ts';

export interface VoipCellArgs {
  /** A complete spec with a section `kubernetes`: `parseCell({ name: 'k8s-a', region: 'eu-west-1', kubernetes })`. */
  readonly spec: CellSpec;
  /**
   * Another object in the place of a child, by the child's name: `{ 'DaemonSet media-1': (object) => ({ ...object, ... }) }`.
   * @default - every object is what `npx cellstamp manifests` prints
   */
  readonly transform?: Readonly<Record<ChildName, Transform>>;
}

/**
 * A whole cell on Kubernetes: the objects of `manifests(spec)`, each a child. It shares nothing with another cell. The Secrets that it
 * names are not among them.
 *
 * @example new VoipCell('k8s-a', { spec: parseCell({ name: 'k8s-a', region: 'eu-west-1', kubernetes }) });
 */
export class VoipCell extends ComponentResource {
  readonly cell: Cell;
  /** Name of the cell's namespace. */
  readonly namespace: string;
  /** Labels of the one node of each host, by the host's name. */
  readonly nodes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By kind and name, a ConfigMap without its hash: `DaemonSet media-1`. */
  readonly objects: ReadonlyMap<ChildName, CustomResource>;

  /** @throws SpecError when the spec breaks a rule or is not on Kubernetes; RunError when a transform makes no object of Kubernetes */
  constructor(name: string, args: VoipCellArgs, options?: ComponentResourceOptions) {
    const { spec, transform } = args;
    checkRules('cell', spec, cellFile);
    kubernetesOf(spec);
    super('cellstamp:kubernetes:VoipCell', name, {}, options);
    this.cell = cellOnNodes(spec);
    this.namespace = cellName(this.cell);
    this.nodes = Object.fromEntries(nodeHosts(this.cell).map((host) => [host.name, hostLabels(this.cell, host)]));
    this.objects = objectResources(this, name, manifests(spec), transform);
    this.registerOutputs({ namespace: this.namespace, nodes: this.nodes });
  }
}
