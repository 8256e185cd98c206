import { ComponentResource, type ComponentResourceOptions, type CustomResource } from '@pulumi/pulumi';
import { deriveFront, type Front } from '../../fleet/derive/front.ts';
import { frontFile, type FrontSpec } from '../../fleet/schema/front.ts';
import { checkRules } from '../../fleet/schema/spec-error.ts';
import { kubernetesOfFront } from '../../fleet/schema/targets/kubernetes-front.ts';
import { edgeManifests, regionOf } from './edge/manifests.ts';
import { edgeLabels, poolName } from './edge/names.ts';
import { objectResources, type ChildName, type Transform } from './object-resources.ts';

export interface EdgePoolArgs {
  /** A complete spec of the front with a section `kubernetes`. */
  readonly spec: FrontSpec;
  /** Region of the front whose edges are in this cluster: `eu-west-1`. */
  readonly region: string;
  /**
   * Another object in the place of a child, by the child's name: `{ 'DaemonSet eu-west-1-edge-1': (object) => ({ ...object, ... }) }`.
   * @default - every object is what `npx cellstamp manifests front` prints
   */
  readonly transform?: Readonly<Record<ChildName, Transform>>;
}

/**
 * The front's edges in one region on Kubernetes, on nodes with a public address of their own: the objects of `edgeManifests(spec, region)`,
 * each a child. The Secret that they name is not among them.
 *
 * @example new EdgePool('edges', { spec: parseFront({ domain: 'voice.example.com', regions, kubernetes }), region: 'eu-west-1' });
 */
export class EdgePool extends ComponentResource {
  readonly front: Front;
  /** Name of the edges' namespace. */
  readonly namespace: string;
  /** Labels of the one node of each edge, by the edge's name. */
  readonly nodes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By kind and name, a ConfigMap without its hash: `DaemonSet eu-west-1-edge-1`. */
  readonly objects: ReadonlyMap<ChildName, CustomResource>;

  /** @throws SpecError when the spec breaks a rule, is not on Kubernetes or has no such region; RunError when a transform makes no object of Kubernetes */
  constructor(name: string, args: EdgePoolArgs, options?: ComponentResourceOptions) {
    const { spec, region, transform } = args;
    checkRules('front', spec, frontFile);
    kubernetesOfFront(spec);
    const front = deriveFront(spec, 'late');
    const { edges } = regionOf(front, region);
    super('cellstamp:kubernetes:EdgePool', name, {}, options);
    this.front = front;
    this.namespace = poolName(front, region);
    this.nodes = Object.fromEntries(edges.map((edge) => [edge.name, edgeLabels(front, edge)]));
    this.objects = objectResources(this, name, edgeManifests(spec, region), transform);
    this.registerOutputs({ namespace: this.namespace, nodes: this.nodes });
  }
}
