/**
 * The Kubernetes target: `VoipCell` and `EdgePool` are a cell and edges of the front for Pulumi, `manifests` and `edgeManifests` the same as data.
 *
 * @module cellstamp/kubernetes
 */
export { EdgePool, type EdgePoolArgs } from './edge-pool.ts';
export { edgeManifests } from './edge/manifests.ts';
export { manifests } from './manifests.ts';
export { publicAddressAnnotation } from './names.ts';
export type { KubernetesObject, Metadata } from './objects.ts';
export type { ChildName, Transform } from './object-resources.ts';
export { VoipCell, type VoipCellArgs } from './voip-cell.ts';
