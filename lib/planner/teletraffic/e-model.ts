import { risingRoot } from './search.ts';

/** Where the cubic of G.107 is back at 1, coming from below: 80 - sqrt(5400). Under it the scale has no lower value. */
const LOWEST_R = 80 - Math.sqrt(5400);

/**
 * Mean opinion score of a call with the E-model's transmission rating R: 1 + 0.035 R + 7e-6 R (R - 60)(100 - R).
 * ITU-T G.107 (2015), Annex B. Below R = 6.5 the cubic dips under 1, the bottom of the scale; 1 is returned there.
 *
 * @param r rating, any number; below 0 counts as 0, above 100 as 100
 * @returns 1 to 4.5
 */
export function mosFromR(r: number): number {
  if (Number.isNaN(r)) throw new RangeError('R must be a number, got NaN');
  if (r <= LOWEST_R) return 1;
  if (r >= 100) return 4.5;
  return 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r);
}

/**
 * The rating R whose mean opinion score is `mos`: the inverse of {@link mosFromR} on 6.5 to 100.
 *
 * @param mos 1 to 4.5
 * @throws RangeError outside that range
 */
export function rFromMos(mos: number): number {
  if (!(mos >= 1 && mos <= 4.5)) throw new RangeError(`a mean opinion score lies between 1 and 4.5, got ${mos}`);
  return risingRoot((r) => mosFromR(r) - mos, LOWEST_R, 100);
}
