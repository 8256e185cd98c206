/**
 * Complete specs are known by a mark, never by a class: a program may load this package twice, as an ES module and as CommonJS,
 * and a spec that one copy has made must be one for the other. A copy by `{ ...spec }` keeps the mark; one by JSON or between
 * threads does not.
 */
const mark = Symbol.for('cellstamp.spec');

export type SpecKind = 'cell' | 'front';

export function marked<Spec extends object>(kind: SpecKind, spec: Spec): Spec {
  return { ...spec, [mark]: kind };
}

export function isComplete(kind: SpecKind, spec: unknown): boolean {
  return typeof spec === 'object' && spec !== null && (spec as Record<symbol, unknown>)[mark] === kind;
}
