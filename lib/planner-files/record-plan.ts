/**
 * Leaves a plan in the audit log and the state. The log comes first and says what is about to be done, the state last: after
 * a crash between them the next plan finds out how far this one came.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { counted } from '../config-file/counted.ts';
import { planJson } from '../planner/plan.ts';
import type { Plan } from '../planner/plan/schema.ts';
import { addToAudit, readAuditEnd } from './audit.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import { readPlanning } from './read-planning.ts';
import { aloneWith, readState, seenOnly, whileUnchanged, type ReadState } from './state.ts';
import { finishWriting, journalOf, type WrittenFile } from './write-plan.ts';

export interface PlanRecord {
  readonly plan: Plan;
  /** What the plan was given as memory. */
  readonly before: ReadState;
  /** Path of the audit log. */
  readonly audit: string;
}

/** Leaves what a plan saw that nobody acts on. @throws PlanConflict when another plan was faster; then nothing is left */
export function recordSeen({ plan, before, audit }: PlanRecord): Promise<void> {
  return whileUnchanged(before, async (save) => {
    completeAudit(before, audit);
    const head = headOf(plan);
    addToAudit(audit, { ...head, event: 'seen', actions: plan.actions });
    save({ version: 1, now: plan.now, plan: head.plan, memory: seenOnly(before.state?.memory, plan.memory) });
  });
}

/**
 * Writes a plan and leaves all of it.
 *
 * @param write writes the fleet's files, all or none, and returns what was changed
 * @throws PlanConflict when another plan was faster, and what `write` throws; then nothing was written
 */
export function recordWritten(
  { plan, before, audit }: PlanRecord,
  write: () => readonly WrittenFile[],
): Promise<readonly WrittenFile[]> {
  return whileUnchanged(before, async (save) => {
    completeAudit(before, audit);
    const head = headOf(plan);
    addToAudit(audit, { ...head, event: 'writing', actions: plan.actions });
    let files: readonly WrittenFile[];
    try {
      files = write();
    } catch (error) {
      addToAudit(audit, { ...head, event: 'refused', reason: (error as Error).message });
      throw error;
    }
    save({ version: 1, now: plan.now, plan: head.plan, memory: plan.memory });
    addToAudit(audit, { ...head, event: 'written', files: files.map(({ path }) => path) });
    return files;
  });
}

/** What plans before have left. */
export interface Earlier {
  /** Undefined where the planning file can't be read: whoever reads all of the input tells why. */
  readonly before: ReadState | undefined;
  /** What a crash left, in words for a person; nothing as a rule. */
  readonly notes: readonly string[];
}

/**
 * Reads what plans before have left, and finishes the writing of one that was killed. To be done before the fleet is read:
 * then a plan that is written meanwhile is noticed in the end.
 *
 * @param path of the planning file
 * @throws PlanConflict when a plan is being written, InvalidFiles for a state that no plan has left so
 */
export async function readEarlier(path: string): Promise<Earlier> {
  let planning;
  try {
    planning = readPlanning(path).planning;
  } catch (error) {
    if (error instanceof InvalidFiles) return { before: undefined, notes: [] };
    throw error;
  }
  const { statePath, auditPath } = planning;
  const finish = () => Promise.resolve(finishWriting(planning));
  const files = existsSync(journalOf(planning)) ? await aloneWith(statePath, finish) : [];
  const finished = files.length === 0 ? [] : [`finished what a plan that was killed was writing: ${files.join(', ')}`];
  const before = readState(statePath);
  return { before, notes: [...finished, ...unfinished(before, auditPath)] };
}

/** What a crash of an earlier plan left unfinished. */
function unfinished({ path, state }: ReadState, audit: string): readonly string[] {
  const { last, torn } = readAuditEnd(audit);
  const notes: string[] = [];
  if (torn > 0) {
    notes.push(
      `${audit}: the last line was torn by a crash (${counted(torn, 'byte')} without an end); it stays, new lines follow it`,
    );
  }
  if (last?.event === 'refused') return notes;
  if (last?.event === 'writing' && last.plan !== state?.plan) {
    notes.push(
      `${audit}: the plan of ${last.now} began to be written at ${last.at} and did not end; ${path} does not count what it did`,
    );
  } else if (last?.event === 'writing') {
    notes.push(`${audit}: the plan of ${last.now} was written, but the log was not told; the next line says so`);
  } else if (last?.plan !== state?.plan) {
    notes.push(
      last === undefined
        ? `${audit}: does not end with the plan of ${state!.now}, which ${path} is from`
        : `${path}: what the plan of ${last.now} saw was not saved, as ${audit} shows; waits begin as of the plan before`,
    );
  }
  return notes;
}

/** Records in the log what an earlier plan did and had no time to record. */
function completeAudit({ state }: ReadState, audit: string): void {
  const { last } = readAuditEnd(audit);
  if (last?.event !== 'writing' || last.plan !== state?.plan) return;
  const { plan, now, policy } = last;
  addToAudit(audit, { plan, now, policy, event: 'written', reason: 'told by the next plan, after a crash' });
}

function headOf(plan: Plan) {
  const { now, policy } = plan;
  return { plan: createHash('sha256').update(planJson(plan)).digest('hex'), now, policy };
}
