/** What a rule between the values of one file is. */
import type { Path } from './finding.ts';

export interface Violation {
  readonly path: Path;
  /** Other values that take part: the place to look when the file does not hold the first. */
  readonly alsoAt?: readonly Path[];
  /** What is wrong, with what was given. */
  readonly message: string;
  readonly allowed: string;
}

export interface Rule<Spec> {
  /** A warning where a quota, a measurement or the future decides. */
  readonly severity: 'error' | 'warning';
  /** Keys that the rule reads. It is left out for a file in which one of them is wrong by itself. */
  readonly reads: readonly string[];
  readonly check: (spec: Spec) => Iterable<Violation>;
}
