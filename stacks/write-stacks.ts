import { App, type Manifest } from 'cdktf';
import { marked } from '../lib/fleet/schema/brand.ts';
import type { CellSpec } from '../lib/fleet/schema/cell.ts';
import type { FrontSpec } from '../lib/fleet/schema/front.ts';
import { CellStack } from '../lib/targets/aws/cell-stack.ts';
import { FrontStack } from '../lib/targets/aws/front-stack.ts';
import type { OwnStack, StateBucket } from '../lib/targets/aws/own-stack.ts';

export interface Synthesis {
  readonly specs: readonly CellSpec[];
  /** The fleet's front, into whose directory the cells enter themselves. */
  readonly front?: FrontSpec;
  /** Whether the front's own stack is written too. */
  readonly frontStack: boolean;
  /** Folder for the stacks, as the cdktf command expects it. */
  readonly outdir: string;
  readonly state?: StateBucket;
}

/** What the cdktf command reads of a synthesis: `manifest.json`. */
export type Stacks = ReturnType<Manifest['buildManifest']>;

/**
 * Writes the stacks of cells and of the front, in this thread. Each is an app of its own that is let go when its stack is
 * written. cdktf still keeps every token for the life of its thread: some 0.5 MB a cell.
 */
export function writeStacks({ specs, front, frontStack, outdir, state }: Synthesis): Stacks {
  const written: Stacks = { version: new App({ outdir }).manifest.version, stacks: {} };
  const own = state ? { state } : {};
  const write = (build: (app: App) => OwnStack) => {
    const app = new App({ outdir });
    build(app);
    app.synth();
    Object.assign(written.stacks, app.manifest.buildManifest().stacks);
  };
  withoutTokenTraces(() => {
    // Specs that came from another thread have lost their marks.
    if (front && frontStack) write((app) => new FrontStack(app, { spec: marked('front', front), ...own }));
    for (const spec of specs)
      write((app) => new CellStack(app, { spec: marked('cell', spec), ...(front ? { front } : {}), ...own }));
  });
  return written;
}

/**
 * cdktf notes where every token was made, for its own error messages: a third of the CPU time of a synthesis and a fifth of its
 * memory (with 100 cells 20 s instead of 13 s, 600 MB instead of 480 MB). Errors that are thrown keep their traces.
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
