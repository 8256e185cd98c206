/** A change of a place's route, as when a provider's link fails. */
import { LocalFailure } from '../failure.ts';
import { runInNetwork, runInside } from '../namespace.ts';
import { serviceAddress } from './addresses.ts';
import { chooseRegionPath, placeName, routerName } from './internet.ts';
import { frontProcess, type FrontState } from './state.ts';

/** Number of the region to which a place sends what goes to the service address now. */
export async function regionOfPlace(state: FrontState, place: number): Promise<number> {
  const { stdout } = await runInNetwork(frontProcess(state, placeName(place)), ['ip', 'route', 'get', serviceAddress]);
  const number = state.spec.regions.findIndex((_, index) => stdout.includes(` dev ${routerName(index + 1)} `)) + 1;
  if (number === 0) throw new LocalFailure(`place ${place} has no route to ${serviceAddress}`);
  return number;
}

/**
 * Sends what goes from a place to the service address to another region, and waits until it does.
 * @param region number of the region; default: the next one
 * @returns the number of the region that is taken now
 * @throws LocalFailure when there is no such place or region, or the route does not change
 */
export async function reroute(state: FrontState, place: number, region?: number): Promise<number> {
  const places = state.spec.regions.length;
  if (place > places)
    throw new LocalFailure(`there is no place ${place}; there are 1 to ${places}, one near each region`, 2);
  if (region !== undefined && region > places)
    throw new LocalFailure(`there is no region ${region}; there are 1 to ${places}`, 2);
  const chosen = region ?? ((await regionOfPlace(state, place)) % state.spec.regions.length) + 1;
  const changed = await runInside(frontProcess(state, placeName(place)), [chooseRegionPath, String(chosen)]);
  if (changed.status !== 0)
    throw new LocalFailure(`the route of place ${place} does not change: ${changed.stderr.trim()}`);
  return chosen;
}
