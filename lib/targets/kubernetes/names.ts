/** Names and labels by which the objects of a cell, and the nodes of its hosts, are known. They are an interface: nodes carry them. */
import type { Cell, MediaHost, SbcHost } from '../../fleet/derive/cell.ts';

/** Hosts that have a workload on Kubernetes. */
export type NodeHost = SbcHost | MediaHost;

export const nodeHosts = (cell: Cell): readonly NodeHost[] => [...cell.sbcs, ...cell.media];

/** Of the cell's namespace, and of what belongs to no namespace. */
export const cellName = ({ name }: Pick<Cell, 'name'>): string => `cellstamp-${name}`;

export const cellLabels = ({ name }: Pick<Cell, 'name'>) => ({ 'cellstamp.io/cell': name });

export const roleLabels = (cell: Pick<Cell, 'name'>, role: NodeHost['role']) => ({
  ...cellLabels(cell),
  'cellstamp.io/role': role,
});

/** The label that every host's pod has, and its node: the number of the host. */
export const hostLabel = 'cellstamp.io/host';

/** Of a host's pod, and of the one node that it runs on. */
export const hostLabels = (cell: Pick<Cell, 'name'>, host: NodeHost) => ({
  ...roleLabels(cell, host.role),
  [hostLabel]: String(host.number),
});

/** Of what a repository's controllers must leave where it is when it is in no file any more. */
export const keptWhenPruned = {
  'argocd.argoproj.io/sync-options': 'Prune=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
} as const;

/** The annotation of a Node from which a media host takes its public address. */
export const publicAddressAnnotation = 'cellstamp.io/public-address';

/** The Service without an address for which Kubernetes keeps the list of where the hosts are. */
export const hostsService = 'hosts';
