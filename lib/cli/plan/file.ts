/** A plan that was printed to a file. */
import type { Plan } from '../../planner/plan/schema.ts';
import { readText } from '../../config-file/read-text.ts';
import { formatFinding, formatPath, type Finding, type Path } from '../../config-file/finding.ts';
import { readSource } from '../../config-file/source.ts';
import { CommandFailure } from '../failure.ts';

const allowed = 'what `npx cellstamp plan --json` prints';
/** One slip may show in every entry of a list. */
const MOST_PROBLEMS = 10;

/**
 * @throws UnreadableFile when the file can't be read
 * @throws CommandFailure when it is not a plan
 */
export async function readPlan(path: string): Promise<Plan> {
  const text = readText(path, allowed).replace(/^\ufeff/, '');
  const { planSchema } = await import('../../planner/plan/schema.ts');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse([invalidJson(path, text, (error as Error).message)]);
  }
  const { data, error } = planSchema.safeParse(value);
  if (data !== undefined) return data;
  const source = readSource(path, text);
  return refuse(
    error.issues.slice(0, MOST_PROBLEMS).map(({ path: steps, message }) => {
      const at = steps as Path;
      const place = { severity: 'error', file: path, ...source.locate(at), path: formatPath(at) } as const;
      return { ...place, message: `not a plan: ${message}`, given: source.written(at) ?? 'nothing', allowed };
    }),
  );
}

function invalidJson(path: string, text: string, message: string): Finding {
  const [, digits] = /at position (\d+)/.exec(message) ?? [];
  // Without a position the text ends too early.
  const before = text.slice(0, digits === undefined ? text.trimEnd().length : Number(digits)).split('\n');
  const given = before.at(-1)!;
  const place = { severity: 'error', file: path, line: before.length, column: given.length + 1, path: '' } as const;
  return {
    ...place,
    message: `invalid JSON: ${message.replace(/(, ".*" is not valid JSON| (in JSON )?at position.*)$/s, '')}`,
    given,
    allowed,
  };
}

function refuse(findings: readonly Finding[]): never {
  throw new CommandFailure(findings.map(formatFinding).join('\n'), 2);
}
