/** Which cells a change reaches, whether it reaches the front, and the order in which they are deployed. */

/** Cells by wave. A wave begins when every cell of the one before has been proved. */
export interface Waves {
  readonly canary: readonly string[];
  readonly one: readonly string[];
  readonly tenth: readonly string[];
  readonly rest: readonly string[];
}

/** What every stack is made from. */
const ofAllStacks = /^(lib|stacks)\/|^(package-lock\.json|cdktf\.json|\.terraform\.lock\.hcl)$/;

/**
 * @param paths files that differ, from the root of the repository
 * @param fleet names of the cells that are to stand
 */
export function changedCells(paths: readonly string[], fleet: readonly string[]): readonly string[] {
  if (paths.some((path) => ofAllStacks.test(path))) return fleet;
  return fleet.filter((name) => paths.includes(`cells/${name}.yaml`));
}

/** Whether a change reaches the front. @param paths as above */
export function changesFront(paths: readonly string[]): boolean {
  return paths.some((path) => ofAllStacks.test(path) || path === 'cells/front.yaml');
}

/**
 * @param cells those to deploy
 * @param fleetSize cells of the whole fleet, of which a tenth is the third wave
 * @param canary the cell that goes first whenever it is among them; otherwise the first by name does
 */
export function wavesOf(cells: readonly string[], fleetSize: number, canary?: string): Waves {
  const order = [...cells].sort((a, b) => Number(b === canary) - Number(a === canary) || (a < b ? -1 : 1));
  const tenth = 2 + Math.ceil(fleetSize / 10);
  return { canary: order.slice(0, 1), one: order.slice(1, 2), tenth: order.slice(2, tenth), rest: order.slice(tenth) };
}
