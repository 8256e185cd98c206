/** Names and labels of the front's edges on Kubernetes, and of their nodes. They are an interface: nodes carry them. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { hostLabel } from '../names.ts';

/** The taint of nodes that carry nothing but edges. */
export const frontTaint = 'cellstamp.io/front';

/** Of the namespace of a region's edges, and of what belongs to no namespace. */
export const poolName = ({ name }: Pick<Front, 'name'>, region: string): string => `cellstamp-edges-${name}-${region}`;

/** Of all that belongs to a region's edges. */
export const poolLabels = ({ name }: Pick<Front, 'name'>, region: string) => ({
  [frontTaint]: name,
  'cellstamp.io/region': region,
  'cellstamp.io/role': 'edge',
});

/** Of an edge's pod, and of the one node that it runs on. */
export const edgeLabels = (front: Pick<Front, 'name'>, { region, number }: EdgeHost) => ({
  ...poolLabels(front, region),
  [hostLabel]: String(number),
});
