import type { Budget, VectorItems } from './ejection.ts';

/**
 * Bin after bin takes, as long as anything fits, the item whose sizes lie best along what the bin has left: R. Panigrahy, K.
 * Talwar, L. Uyeda, U. Wieder, Heuristics for Vector Bin Packing (2011). Undefined where the budget ends before.
 */
export function dotProductBins(items: VectorItems, budget: Budget): number[][] | undefined {
  const { count, dimensions: d, sizes, families } = items;
  let left = Array.from({ length: count }, (_, i) => i);
  const bins: number[][] = [];
  while (left.length > 0) {
    const room = new Float64Array(d).fill(1);
    const bin: number[] = [];
    for (;;) {
      let best = -1;
      let most = -1;
      for (const i of left) {
        if (families[i]! >= 0 && bin.some((other) => families[other] === families[i])) continue;
        let product = 0;
        let k = 0;
        for (; k < d && sizes[i * d + k]! <= room[k]!; k++) product += sizes[i * d + k]! * room[k]!;
        budget.left -= k + 4;
        if ((k === d || bin.length === 0) && product > most) {
          most = product;
          best = i;
        }
      }
      if (budget.left <= 0) return undefined;
      if (best < 0) break;
      bin.push(best);
      left = left.filter((i) => i !== best);
      for (let k = 0; k < d; k++) room[k]! -= sizes[best * d + k]!;
    }
    bins.push(bin);
  }
  return bins;
}
