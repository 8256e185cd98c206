/** A plan that was printed to a file. */
import { existsSync, readFileSync } from 'node:fs';
import type { Plan } from '../capacity/plan/schema.ts';
import { formatPath } from '../spec/finding.ts';
import { CommandFailure } from './failure.ts';

const allowed = 'allowed is what `npx cellstamp plan --json` printed';

/** @throws CommandFailure when the file is not there, or is no plan */
export async function readPlan(path: string): Promise<Plan> {
  const refuse = (text: string): never => {
    throw new CommandFailure(`${path}: ${text}; ${allowed}`, 2);
  };
  if (!existsSync(path)) return refuse('there is no such file');
  const { planSchema } = await import('../capacity/plan/schema.ts');
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return refuse(`not JSON (${(error as Error).message})`);
  }
  const { data, error } = planSchema.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  const place = formatPath(issue!.path as (string | number)[]);
  return refuse(`not a plan (${place === '' ? '' : `${place}: `}${issue!.message})`);
}
