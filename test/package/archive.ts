/** Packs the package once for all tests of the lane. */
import type { TestProject } from 'vitest/node';
import { pack, removeFolders } from './project.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The archive that npm would publish. */
    readonly archive: string;
  }
}

export async function setup({ provide }: TestProject): Promise<void> {
  provide('archive', await pack());
}

export const teardown = removeFolders;
