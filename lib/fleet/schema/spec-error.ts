/** A spec that was made in code, and what is wrong with it. */
import { isComplete, type SpecKind } from './brand.ts';
import { formatValueFinding, printable, type Finding } from '../../config-file/finding.ts';
import type { Source } from '../../config-file/source.ts';
import { brokenRules, checkFile, type SpecFile } from '../../config-file/spec-file.ts';
import { UserError } from '../../config-file/user-error.ts';
import { valueAt } from '../../config-file/value-findings.ts';

/** What a check says about a value that stands in no file. */
export type ValueFinding = Omit<Finding, 'file' | 'line' | 'column'>;

/**
 * Everything that is wrong with a spec, in one error. Known by its name, because a program may load this package twice (as an
 * ES module and as CommonJS), and each copy has a class of its own: `(error as Error).name === 'SpecError'`.
 */
export class SpecError extends UserError {
  override readonly name = 'SpecError';
  readonly findings: readonly ValueFinding[];

  constructor(what: string, findings: readonly ValueFinding[]) {
    super([`${what}:`, ...findings.map(formatValueFinding)].join('\n'), 2);
    this.findings = findings;
  }
}

/**
 * The complete spec of a value that was made in code. Rules between values are checked where it is built (`checkRules`).
 * @param kind `cell`: for the error
 * @throws SpecError with all findings when a value is not allowed, those of the rules among them
 */
export function parseSpec<Parsed, Spec>(kind: SpecKind, input: unknown, file: SpecFile<Parsed, Spec>): Spec {
  const { spec, findings } = checkFile(sourceOf(input), file);
  if (spec !== undefined) return spec;
  const name = valueAt(input, ['name']);
  throw new SpecError(
    `${typeof name === 'string' && name !== '' ? `${kind} ${printable(name)}` : `the ${kind}`} can't be built`,
    errorsIn(findings),
  );
}

/**
 * Checks the rules between the values of a complete spec, which was made in code and has passed no check of files.
 * @throws SpecError with every rule that it breaks, or when it is not complete
 */
export function checkRules<Spec extends { readonly name: string }>(
  kind: SpecKind,
  spec: Spec,
  { rules }: Pick<SpecFile<unknown, Spec>, 'rules'>,
): void {
  if (!isComplete(kind, spec)) {
    const maker = kind === 'cell' ? 'parseCell' : 'parseFront';
    const message = 'the spec is not complete';
    throw new SpecError(`the ${kind} can't be built`, [
      { severity: 'error', path: '', message, given: typeof spec, allowed: `what ${maker} returns, in this process` },
    ]);
  }
  const errors = errorsIn(brokenRules(spec, rules, sourceOf(spec)));
  if (errors.length > 0) throw new SpecError(`${kind} ${spec.name} can't be built`, errors);
}

const errorsIn = (findings: readonly Finding[]): readonly ValueFinding[] =>
  findings
    .filter(({ severity }) => severity === 'error')
    .map(({ severity, path, message, given, allowed }) => ({ severity, path, message, given, allowed }));

/**
 * A value as a source: nothing of it stands in a file.
 * @param file what it is called among others
 */
export function sourceOf(input: unknown, file = ''): Source {
  return {
    file,
    value: input ?? null,
    findings: [],
    locate: () => ({ line: 0, column: 0 }),
    written: (path) => {
      const value = valueAt(input, path);
      return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
    },
  };
}
