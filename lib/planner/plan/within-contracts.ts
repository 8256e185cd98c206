/**
 * The factor by which all parts grow or shrink to add up to a target, where none may go beyond its most: those that would are
 * there, and the others make up for it. Infinity where all parts together at their most are too little.
 *
 * @param parts as they are, >= 0
 * @param most of each part, at least the part itself
 */
export function factorWithin(target: number, parts: Float64Array, most: Float64Array): number {
  let left = target;
  let free = parts.reduce((sum, part) => sum + part, 0);
  const atMost = new Uint8Array(parts.length);
  for (;;) {
    if (!(free > 0)) return left > 0 ? Infinity : 1;
    const factor = Math.max(0, left) / free;
    let changed = false;
    for (let i = 0; i < parts.length; i++) {
      if (atMost[i] === 1 || parts[i]! * factor <= most[i]!) continue;
      atMost[i] = 1;
      left -= most[i]!;
      free -= parts[i]!;
      changed = true;
    }
    if (!changed) return factor;
    // What rounding leaves of the last part is none.
    if (atMost.every((is, i) => is === 1 || parts[i] === 0)) return Infinity;
  }
}
