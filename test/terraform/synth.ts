import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type TerraformStack } from 'cdktf';
import { parseCell, type CellInput } from '../../lib/fleet/schema/cell.ts';
import { parseFront, type FrontInput } from '../../lib/fleet/schema/front.ts';
import { CellStack } from '../../lib/targets/aws/cell-stack.ts';
import { FrontStack } from '../../lib/targets/aws/front-stack.ts';
import type { ExistingVpc } from '../../lib/targets/aws/site-network.ts';
import type { Configuration } from './terraform.ts';

/** An image that needs no look-up. */
export const givenImage = 'ami-0123456789abcdef0';

/** The configuration of a cell, as `cdktf synth` writes it. */
export function synthCell(input: CellInput, front?: FrontInput, vpc?: ExistingVpc): Configuration {
  const more = { ...(front ? { front: parseFront(front) } : {}), ...(vpc ? { vpc } : {}) };
  return synth((app) => new CellStack(app, { spec: parseCell(input), ...more }));
}

/** The same of a front. */
export function synthFront(input: FrontInput): Configuration {
  return synth((app) => new FrontStack(app, { spec: parseFront(input) }));
}

function synth(build: (app: App) => TerraformStack): Configuration {
  const outdir = mkdtempSync(join(tmpdir(), 'cellstamp-synth-'));
  try {
    const app = new App({ outdir });
    const { id } = build(app).node;
    app.synth();
    return JSON.parse(readFileSync(join(outdir, 'stacks', id, 'cdk.tf.json'), 'utf8')) as Configuration;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
