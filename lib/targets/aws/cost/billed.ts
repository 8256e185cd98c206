/** Cells and the front as they are billed: their stacks, synthesised as for a deploy, and written nowhere. */
import { App, type TerraformStack } from 'cdktf';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveCell } from '../../../fleet/derive/cell.ts';
import { deriveFront } from '../../../fleet/derive/front.ts';
import type { CellSpec } from '../../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../../fleet/schema/front.ts';
import { edgeMetrics, hostMetrics, mediaMetrics, sbcMetrics, tlsMetrics } from '../../../observability/host-metrics.ts';
import { CellStack } from '../cell-stack.ts';
import { FrontStack } from '../front-stack.ts';
import type { Resources } from './resources.ts';
import type { Billed } from './site-cost.ts';
import { relayedBytesPerMinute, type Use } from './use.ts';

export interface BilledCell {
  readonly spec: CellSpec;
  /** The fleet's front. @default - there is none */
  readonly front?: FrontSpec | undefined;
  readonly use: Use;
  /** Among whom the sum is divided. */
  readonly tenants: number;
}

export function billedCell({ spec, front, use, tenants }: BilledCell): Billed {
  const { name, region } = spec;
  const { sbcs, media } = deriveCell(spec);
  return {
    kind: 'cell',
    name,
    region,
    resources: synthesised((app) => new CellStack(app, { spec, ...(front && { front }) })),
    hosts: [
      ...sbcs.map(() => ({ region, metrics: published(sbcMetrics, spec.sbc.transports) })),
      ...media.map(() => ({ region, metrics: published(mediaMetrics) })),
    ],
    use,
    audioBytesPerMinute: relayedBytesPerMinute(spec),
    tenants,
  };
}

export function billedFront({ spec, use }: { readonly spec: FrontSpec; readonly use: Use }): Billed {
  const { name, regions } = deriveFront(spec);
  return {
    kind: 'front',
    name,
    region: regions[0]!.region,
    resources: synthesised((app) => new FrontStack(app, { spec })),
    hosts: regions.flatMap(({ region, edges }) =>
      edges.map(() => ({ region, metrics: published(edgeMetrics, spec.edge.transports) })),
    ),
    use,
    audioBytesPerMinute: 0,
    pollSeconds: spec.directory.pollSeconds,
  };
}

function published(ofRole: object, transports?: { readonly tls: number | 'off' }): number {
  const tls = transports === undefined || transports.tls === 'off' ? {} : tlsMetrics;
  return Object.keys({ ...hostMetrics, ...ofRole, ...tls }).length;
}

function synthesised(make: (app: App) => TerraformStack): Resources {
  const outdir = mkdtempSync(join(tmpdir(), 'cellstamp-cost-'));
  try {
    return (make(new App({ outdir })).toTerraform() as { readonly resource: Resources }).resource;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
