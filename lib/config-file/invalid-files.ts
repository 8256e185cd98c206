import { compareFindings, formatFinding, type Finding } from './finding.ts';
import { UserError } from './user-error.ts';

/** Everything that is wrong with files that a person wrote or named, at once, each with its place. */
export class InvalidFiles extends UserError {
  override readonly name: string = 'InvalidFiles';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const sorted = [...findings].sort(compareFindings);
    super(sorted.map(formatFinding).join('\n'), 2);
    this.findings = sorted;
  }
}
