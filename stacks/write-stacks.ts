import { App, type Manifest } from 'cdktf';
import type { CellSpec } from '../lib/spec/cell.ts';
import { CellStack, type StateBucket } from './cell-stack.ts';

export interface Synthesis {
  readonly specs: readonly CellSpec[];
  /** Folder for the stacks, as the cdktf command expects it. */
  readonly outdir: string;
  readonly state?: StateBucket;
}

/** What the cdktf command reads of a synthesis: `manifest.json`. */
export type Stacks = ReturnType<Manifest['buildManifest']>;

/**
 * Writes the stacks of cells, in this thread. Each cell is an app of its own that is let go when its stack is written.
 * cdktf still keeps every token for the life of its thread: some 0.5 MB a cell.
 */
export function writeStacks({ specs, outdir, state }: Synthesis): Stacks {
  const written: Stacks = { version: new App({ outdir }).manifest.version, stacks: {} };
  withoutTokenTraces(() => {
    for (const spec of specs) {
      const app = new App({ outdir });
      new CellStack(app, { spec, ...(state ? { state } : {}) });
      app.synth();
      Object.assign(written.stacks, app.manifest.buildManifest().stacks);
    }
  });
  return written;
}

/**
 * cdktf notes where every token was made, for its own error messages: a quarter of the time of a synthesis. Errors that are
 * thrown keep their traces.
 */
function withoutTokenTraces(work: () => void): void {
  const capture = Error.captureStackTrace;
  Error.captureStackTrace = () => undefined;
  try {
    work();
  } finally {
    Error.captureStackTrace = capture;
  }
}
