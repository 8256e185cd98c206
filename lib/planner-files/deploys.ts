/**
 * Outcomes of deployments of cells: a line of JSON for each step, only appended. Whoever deploys records it (`npx cellstamp rollout record`), the
 * planner reads it: a cell takes its first tenants once it is proved, one whose deploy is not finished is on hold, and how long
 * stamps take is measured from it.
 */
import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import type { FleetCell } from '../planner/plan/input.ts';
import { label } from '../config-file/fields.ts';
import type { Finding } from '../config-file/finding.ts';
import { isThere } from '../config-file/read-text.ts';
import { readFile } from '../config-file/checked-file.ts';
import { instant } from './values.ts';

/** `began`: the cell is being changed. `proved`: calls were good. `failed`: it is neither deployed nor taken back. */
export const DEPLOY_STEPS = ['began', 'proved', 'failed'] as const;

const lineSchema = z.strictObject({
  at: instant.describe('When.'),
  cell: label(20, 'euw1-a').describe('Name of the cell.'),
  step: z.enum(DEPLOY_STEPS),
});

export type DeployStep = z.output<typeof lineSchema>;

const allowed = `{"at":"2026-03-02T09:00:00Z","cell":"euw1-a","step":"began"}, or another step: ${DEPLOY_STEPS.slice(1).join(', ')}`;

/** Adds a step. Lines of several writers do not mix: each is one short write at the end of the file. */
export function addDeployStep(path: string, step: DeployStep): void {
  appendFileSync(path, `${JSON.stringify(step)}\n`);
}

/** All steps in the order in which they were recorded; none where there is no file. */
export function readDeploySteps(path: string): {
  readonly steps: readonly DeployStep[];
  readonly findings: readonly Finding[];
} {
  if (!isThere(path)) return { steps: [], findings: [] };
  const steps: DeployStep[] = [];
  const findings: Finding[] = [];
  for (const [index, line] of readFile(path, 'a file as `npx cellstamp rollout record` writes it')
    .text.split('\n')
    .entries()) {
    if (line.trim() === '') continue;
    const step = stepOf(line);
    if (step !== undefined) steps.push(step);
    else {
      const place = { severity: 'error', file: path, line: index + 1, column: 1, path: '' } as const;
      findings.push({ ...place, message: `${line.slice(0, 100)} is not a step of a deployment`, given: line, allowed });
    }
  }
  return { steps, findings };
}

function stepOf(line: string): DeployStep | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** What the planner has to know of the deploys of a cell. */
export type DeployFacts = Pick<FleetCell, 'provedAt' | 'unfinished'>;

export function deployFacts(steps: readonly DeployStep[], cell: string): DeployFacts {
  const own = steps.filter((step) => step.cell === cell);
  const proved = own.find(({ step }) => step === 'proved');
  const last = own.at(-1);
  const began = own.findLast(({ step }) => step === 'began') ?? last;
  return {
    ...(proved && { provedAt: Date.parse(proved.at) }),
    ...(last !== undefined &&
      last.step !== 'proved' && {
        unfinished: {
          step: last.step === 'began' ? 'its deploy' : 'its deploy, which failed',
          since: Date.parse(began!.at),
        },
      }),
  };
}
