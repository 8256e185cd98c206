import { compareFindings, formatFinding, type Finding } from '../spec/finding.ts';

/** There can be no plan: everything that is wrong with what it would be made from, at once, each with its place. */
export class PlanningFailure extends Error {
  override readonly name = 'PlanningFailure';
  readonly findings: readonly Finding[];
  /** Exit status of a command: it was asked wrongly. */
  readonly status = 2;

  constructor(findings: readonly Finding[]) {
    const sorted = [...findings].sort(compareFindings);
    super(sorted.map(formatFinding).join('\n'));
    this.findings = sorted;
  }
}

/** Another plan came first, or is under way: what this one was made from no longer holds, and nothing of it was written. */
export class PlanConflict extends Error {
  override readonly name = 'PlanConflict';
}
