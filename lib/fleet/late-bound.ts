/** Values that a text does not have yet: it carries a mark, and the target puts the value there on the host. */

/** The mark of a late-bound value in a text. */
export function late(name: string): string {
  return `@@${name}@@`;
}

/** The names of the late-bound values that a text contains, sorted, each once. */
export function lateNames(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/@@([a-z][a-z0-9_]*)@@/g)].map((match) => match[1]!))].sort();
}
