/** Does what a plan says to the fleet's files: new cells, tenants in other lists, states. Nothing else changes. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Action, Plan } from '../planner/plan/schema.ts';
import type { Finding } from '../config-file/finding.ts';
import { freeNetwork, loadFleet, type FleetFile } from '../fleet/fleet.ts';
import { newCellText } from '../fleet/schema/new-cell.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import type { ReadFleet } from './plan-input.ts';
import { addEntry, EditRefused, namesIn, setWord, takeEntry, type Entry } from '../config-file/yaml-edit.ts';
import { finishReplacing, replaceFiles, type Disk } from './write-plan/replace-files.ts';

export interface PlanToWrite {
  readonly plan: Pick<Plan, 'actions' | 'now'>;
  /** What the plan was made from. */
  readonly read: FilesRead;
  /** Folder of the cells. */
  readonly cells: string;
  /** @default the disk of this machine */
  readonly disk?: Disk;
}

type FilesRead = Pick<ReadFleet, 'files' | 'planning'>;

export interface WrittenFile {
  readonly path: string;
  /** What was changed in it, in words. */
  readonly changes: readonly string[];
}

const states = { cordon: 'cordoned', uncordon: 'active', drain: 'draining', retire: 'retired' } as const;

/** The file that is there only while a plan is written. */
export const journalOf = ({ statePath }: ReadFleet['planning']): string => `${statePath}.journal`;

/** Finishes the writing of a plan that was killed. @returns the files that it wrote; as a rule none */
export const finishWriting = (planning: ReadFleet['planning']): readonly string[] =>
  finishReplacing(journalOf(planning));

/**
 * Writes stamps, placements, moves and states into the fleet's files, all or none. Holds need a person, and how many media
 * hosts are in service does not stand in the files.
 *
 * @returns the files that changed; empty where the plan has nothing that files say
 * @throws PlanConflict when a file changed since it was read, InvalidFiles when one can't be edited or the fleet would be
 * wrong afterwards; then nothing was written
 */
export function writePlan({ plan, read, cells, disk }: PlanToWrite): readonly WrittenFile[] {
  const drafts = new Drafts(read, cells);
  for (const action of plan.actions) drafts.apply(action, plan);
  const replacements = drafts.replacements();
  if (replacements.length === 0) return [];
  replaceFiles(replacements, journalOf(read.planning), disk);
  return replacements.map(({ path, changes }) => ({ path, changes }));
}

interface Draft {
  readonly path: string;
  readonly before: string | undefined;
  after: string;
  readonly changes: string[];
}

class Drafts {
  readonly #read: FilesRead;
  readonly #folder: string;
  readonly #cells = new Map<string, Draft>();
  readonly #planning: Draft;
  readonly #findings: Finding[] = [];

  constructor(read: FilesRead, folder: string) {
    this.#read = read;
    this.#folder = folder;
    const draft = ({ path, text }: FleetFile): Draft => ({ path, before: text, after: text, changes: [] });
    const { path } = read.planning;
    for (const file of read.files) {
      const stem = basename(file.path).replace(/\.ya?ml$/, '');
      if (file.path.startsWith(join(folder, '')) && stem !== 'front') this.#cells.set(stem, draft(file));
    }
    this.#planning = draft(read.files.find((file) => file.path === path)!);
  }

  apply(action: Action, plan: PlanToWrite['plan']): void {
    switch (action.kind) {
      case 'stamp':
        this.#stamp(action, plan);
        return;
      case 'place':
        this.#give(
          action.tenant,
          action.cell,
          this.#planning,
          'waiting',
          `${action.tenant} is placed in ${action.cell}`,
        );
        return;
      case 'move':
        this.#give(
          action.tenant,
          action.to,
          this.#cells.get(action.from)!,
          'tenants',
          `${action.tenant} moves from ${action.from} to ${action.to}`,
        );
        return;
      case 'cordon':
      case 'uncordon':
      case 'drain':
      case 'retire': {
        const draft = this.#cells.get(action.cell)!;
        const state = states[action.kind];
        this.#edit(draft, `state: ${state}`, (text) => setWord(text, 'state', state, 'region'));
        return;
      }
      case 'hold':
      case 'scale':
    }
  }

  /** What changed, when the fleet is right with it. Cells that gain tenants come first: nobody is ever without a cell. */
  replacements(): readonly Draft[] {
    const changed = [...this.#cells.values(), this.#planning].filter(({ before, after }) => before !== after);
    if (changed.length > 0 && this.#findings.length === 0) this.#findings.push(...this.#newFaults());
    if (this.#findings.length > 0) throw new InvalidFiles(this.#findings);
    return changed;
  }

  #stamp({ cell: name, blueprint, reason }: Extract<Action, { kind: 'stamp' }>, { now }: PlanToWrite['plan']): void {
    const path = join(this.#folder, `${name}.yaml`);
    const network = freeNetwork(this.#fleetFiles());
    if (existsSync(path) || network === undefined) {
      this.#refuse(path, network === undefined ? 'no network of the size of a cell is free' : 'is there already', name);
      return;
    }
    const { written } = this.#read.planning.kinds.get(blueprint)!;
    const comments = [`Stamped by the plan of ${now}:`, reason];
    const after = newCellText({ name, network, ...written }, comments);
    this.#cells.set(name, {
      path,
      before: undefined,
      after,
      changes: [`new cell of ${blueprint}, network ${network}`],
    });
  }

  #give(tenant: string, cell: string, from: Draft, key: 'waiting' | 'tenants', change: string): void {
    const at = namesIn(from.after, key).indexOf(tenant);
    let entry: Entry | undefined;
    this.#edit(from, change, (text) => {
      const taken = takeEntry(text, key, at);
      entry = taken.entry;
      return taken.text;
    });
    if (entry) this.#edit(this.#cells.get(cell)!, change, (text) => addEntry(text, 'tenants', entry!));
  }

  #edit(draft: Draft, change: string, edit: (text: string) => string): void {
    try {
      draft.after = edit(draft.after);
      draft.changes.push(change);
    } catch (error) {
      if (!(error instanceof EditRefused)) throw error;
      this.#refuse(draft.path, error.message, change);
    }
  }

  #refuse(file: string, message: string, given: string): void {
    const allowed = 'a file that this plan can be written into; change it by hand, or plan again';
    this.#findings.push({ severity: 'error', file, line: 1, column: 1, path: '', message, given, allowed });
  }

  #fleetFiles(): readonly FleetFile[] {
    const others = this.#read.files.filter(({ path }) => basename(path).startsWith('front.'));
    return [...others, ...[...this.#cells.values()].map(({ path, after }) => ({ path, text: after }))];
  }

  #newFaults(): readonly Finding[] {
    return loadFleet(this.#fleetFiles()).findings.filter(({ severity }) => severity === 'error');
  }
}
