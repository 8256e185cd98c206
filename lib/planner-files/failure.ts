import { compareFindings, formatFinding, type Finding } from '../config-file/finding.ts';
import { UserError } from '../config-file/user-error.ts';

/** There can be no plan: everything that is wrong with what it would be made from, at once, each with its place. */
export class PlanningFailure extends UserError {
  override readonly name = 'PlanningFailure';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const sorted = [...findings].sort(compareFindings);
    super(sorted.map(formatFinding).join('\n'), 2);
    this.findings = sorted;
  }
}

/** Another plan came first, or is under way: what this one was made from no longer holds, and nothing of it was written. */
export class PlanConflict extends UserError {
  override readonly name = 'PlanConflict';

  constructor(message: string) {
    super(message, 1);
  }
}
