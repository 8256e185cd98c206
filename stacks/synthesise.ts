/**
 * Writes the stacks of a fleet. Many cells are shared out over threads that do some each and end, so that the memory they
 * need does not grow with the fleet.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Stacks, Synthesis } from './write-stacks.ts';

/** Cells a thread does before it ends. */
const cellsAThread = 40;

/** What a thread's heap may take, in MB; left to itself it grows by garbage. 40 cells of 32 media hosts each find room. */
const heap = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32 };

/** Writes a folder for each stack, and `manifest.json`, which names them all. */
export async function synthesise(synthesis: Synthesis): Promise<void> {
  const { outdir } = synthesis;
  const parts = synthesis.specs.length <= cellsAThread ? [await here(synthesis)] : await inThreads(synthesis);
  const stacks = parts.flatMap((part) => Object.entries(part.stacks)).sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest = { version: parts[0]!.version, stacks: Object.fromEntries(stacks) };
  writeFileSync(join(outdir, 'manifest.json'), JSON.stringify(manifest, null, 2));
}

async function here(synthesis: Synthesis): Promise<Stacks> {
  const { writeStacks } = await import('./write-stacks.ts');
  return writeStacks(synthesis);
}

async function inThreads(synthesis: Synthesis): Promise<readonly Stacks[]> {
  const shares: Synthesis[] = [];
  for (let at = 0; at < synthesis.specs.length; at += cellsAThread) {
    const specs = synthesis.specs.slice(at, at + cellsAThread);
    shares.push({ ...synthesis, specs, frontStack: synthesis.frontStack && at === 0 });
  }
  const parts: Stacks[] = [];
  const lane = async () => {
    for (let share = shares.shift(); share; share = shares.shift()) parts.push(await inThread(share));
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), shares.length) }, lane));
  return parts;
}

function inThread(synthesis: Synthesis): Promise<Stacks> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(threadProgram(), { eval: true, workerData: synthesis, resourceLimits: heap });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (status) => reject(new Error(`a thread of the synthesis ended with status ${status}`)));
  });
}

/** The thread's file lies beside this one: JavaScript in the package, TypeScript in the project, which a thread must know. */
function threadProgram(): string {
  const extension = extname(import.meta.url);
  const file = JSON.stringify(new URL(`./synthesis-thread${extension}`, import.meta.url).href);
  if (extension !== '.ts') return `import(${file})`;
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  return `import(${tsx}).then(({ register }) => { register(); return import(${file}); })`;
}
