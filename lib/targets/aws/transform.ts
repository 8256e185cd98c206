import { TerraformResource } from 'cdktf';
import type { Construct } from 'constructs';

/**
 * Changes a resource that a construct has made, by its attributes or by `addOverride`.
 *
 * @param id of the resource below the construct: `sbcs/sbc-1/instance`
 * @example (resource, id) => { if (id === 'database/cluster') resource.addOverride('iops', 3000); }
 */
export type Transform = (resource: TerraformResource, id: string) => void;

/** Hands every resource below a construct to whoever wants it otherwise. */
export function transformAll(scope: Construct, transform: Transform | undefined): void {
  if (!transform) return;
  for (const node of scope.node.findAll()) {
    if (TerraformResource.isTerraformResource(node)) transform(node, node.node.path.slice(scope.node.path.length + 1));
  }
}
