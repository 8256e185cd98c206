/** A plan that was printed to a file. */
import type { Plan } from '../../planner/plan/schema.ts';
import { readText } from '../../config-file/read-text.ts';
import { formatFinding, type Finding } from '../../config-file/finding.ts';
import { readSource } from '../../config-file/source.ts';
import { valueAt, valueFaults } from '../../config-file/value-findings.ts';
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
  if (valueAt(value, ['version']) !== 1) {
    const place = { severity: 'error', file: path, ...source.locate(['version']), path: '' } as const;
    return refuse([
      { ...place, message: 'this is not a plan', given: source.written(['version']) ?? 'nothing', allowed },
    ]);
  }
  const { planningJsonSchemas } = await import('../../planner-files/json-schema.ts');
  const faults = valueFaults(error.issues, source, planningJsonSchemas['plan.schema.json']());
  return refuse(faults.slice(0, MOST_PROBLEMS).map(({ finding }) => finding));
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
