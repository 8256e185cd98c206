import { relaysProgram } from '../../../lib/software/take-over/paths.ts';
import { exec } from '../../../lib/targets/local/index.ts';

/** Whether the relay of each media host is at home, and the one that it may take over is followed: nothing is about to move or restart. */
export async function relaysAreAtHome(cell: string, mediaHosts: readonly string[]): Promise<boolean> {
  const told = await Promise.all(mediaHosts.map((host) => exec(cell, host, [relaysProgram, 'list'])));
  return told.every(({ stdout }) => / home holds[^]* neighbour follows/.test(stdout));
}
