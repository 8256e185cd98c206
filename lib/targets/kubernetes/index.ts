/** The Kubernetes target: `VoipCell` is a cell for Pulumi, `manifests` the same objects as data. */
export { manifests } from './manifests.ts';
export { publicAddressAnnotation } from './names.ts';
export type { KubernetesObject, Metadata } from './objects.ts';
export type { ChildName, Transform } from './object-resources.ts';
export { VoipCell, type VoipCellArgs } from './voip-cell.ts';
