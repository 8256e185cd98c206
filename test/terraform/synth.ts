import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import { parseCell, type CellInput } from '../../lib/spec/cell.ts';
import { CellStack } from '../../stacks/cell-stack.ts';
import type { Configuration } from './terraform.ts';

/** An image that needs no look-up. */
export const givenImage = 'ami-0123456789abcdef0';

/** The configuration of a cell, as `cdktf synth` writes it. */
export function synthCell(input: CellInput): Configuration {
  const outdir = mkdtempSync(join(tmpdir(), 'cellstamp-synth-'));
  try {
    const app = new App({ outdir });
    new CellStack(app, { spec: parseCell(input) });
    app.synth();
    return JSON.parse(
      readFileSync(join(outdir, 'stacks', `cell-${input.name}`, 'cdk.tf.json'), 'utf8'),
    ) as Configuration;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
