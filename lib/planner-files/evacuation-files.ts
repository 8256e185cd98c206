/** The fleet's files while a cell is emptied: where its tenants fit, and what the files say of it. */
import { suggestion } from '../config-file/allowed.ts';
import { UserError } from '../config-file/user-error.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { evacuationPlan } from '../planner/plan/evacuation.ts';
import type { Action } from '../planner/plan/schema.ts';
import { iso } from '../planner/time.ts';
import { readFleetFiles } from './fleet-files.ts';
import type { PlanSources, ReadFleet } from './plan-input.ts';
import { readPlanning } from './read-planning.ts';
import { aloneWith } from './state.ts';
import { writePlan } from './write-plan.ts';

/** What `../operations/evacuate.ts` does with the files. */
export class CellEvacuationFiles {
  readonly tenants: readonly string[];
  readonly #read: ReadFleet;
  readonly #from: CellSpec;
  readonly #targets: readonly CellSpec[];
  readonly #sources: Pick<PlanSources, 'cells' | 'planning' | 'now'>;

  /**
   * @param targets names of the cells that take the tenants
   * @throws UserError for cells that are not there, or can't take tenants: all that is wrong at once
   */
  constructor(
    read: ReadFleet,
    sources: Pick<PlanSources, 'cells' | 'planning' | 'now'>,
    from: string,
    targets: readonly string[],
  ) {
    const specs = new Map(read.input.cells.map(({ spec }) => [spec.name, spec]));
    const faults = [...faultsOf(specs, sources.cells, from, targets)];
    if (faults.length > 0) throw new UserError(faults.join('\n'), 2);
    this.#read = read;
    this.#sources = sources;
    this.#from = specs.get(from)!;
    this.#targets = targets.map((name) => specs.get(name)!);
    this.tenants = this.#from.tenants.map(({ name }) => name);
  }

  /** Whether an evacuation has come to its end. */
  get isDone(): boolean {
    return this.#from.state === 'retired' && this.tenants.length === 0;
  }

  place(bound: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const targets = this.#targets.map(({ name }) => name);
    const { places, unplaced } = evacuationPlan(this.#read.input, this.#from.name, targets, bound);
    const known = new Set(this.#read.input.cells.map(({ spec }) => spec.name));
    const faults = [
      ...unplaced.map(({ tenant, reasons }) => `tenant ${tenant} fits into none of them: ${reasons.join('; ')}`),
      ...[...places].flatMap(([tenant, to]) =>
        known.has(to) ? [] : [`tenant ${tenant} is in cell ${to} by the directory, and there is no file of that cell`],
      ),
      ...this.#missingTrunks(places),
    ];
    if (faults.length === 0) return places;
    throw new UserError(
      [`${this.#from.name} can't be evacuated to ${targets.join(', ')}; nothing was moved:`, ...faults].join('\n  '),
      2,
    );
  }

  cordon(): Promise<void> {
    const { name: cell } = this.#from;
    return this.#write([{ kind: 'cordon', cell, reason: 'it is evacuated' }]);
  }

  move(moves: ReadonlyMap<string, string>): Promise<void> {
    const { name: from } = this.#from;
    const reason = `${from} is evacuated`;
    return this.#write(
      [...moves]
        .filter(([tenant]) => this.tenants.includes(tenant))
        .map(([tenant, to]) => ({ kind: 'move', tenant, from, to, reason })),
    );
  }

  retire(): Promise<void> {
    const { name: cell } = this.#from;
    return this.#write([{ kind: 'retire', cell, reason: 'it is evacuated' }]);
  }

  /** A tenant calls over the trunks that it names, or over all that its cell has: so the new cell must have them. */
  *#missingTrunks(places: ReadonlyMap<string, string>): Iterable<string> {
    const all = this.#from.trunks.map(({ name }) => name);
    for (const target of this.#targets) {
      const there = new Set(target.trunks.map(({ name }) => name));
      const users = new Map<string, string[]>();
      for (const { name, trunks } of this.#from.tenants) {
        if (places.get(name) !== target.name) continue;
        for (const trunk of trunks.length > 0 ? trunks : all) {
          if (!there.has(trunk)) users.set(trunk, [...(users.get(trunk) ?? []), name]);
        }
      }
      for (const [trunk, tenants] of users) {
        yield `${target.name} has no trunk ${trunk}, over which ${tenants.slice(0, 3).join(', ')}${tenants.length > 3 ? ` and ${tenants.length - 3} more` : ''} call: add it to ${target.name}.yaml, and provision the cell`;
      }
    }
  }

  /** On the files as they are now: others may have changed since. */
  #write(actions: readonly Action[]): Promise<void> {
    const { cells, planning: path, now } = this.#sources;
    return aloneWith(this.#read.planning.statePath, () => {
      const { planning, files } = readPlanning(path);
      const read = { planning, files: [...readFleetFiles(cells).files, ...files] };
      writePlan({ plan: { actions: [...actions], now: iso(now) }, read, cells });
      return Promise.resolve();
    });
  }
}

function* faultsOf(
  specs: ReadonlyMap<string, CellSpec>,
  folder: string,
  from: string,
  targets: readonly string[],
): Iterable<string> {
  const names = [...specs.keys()];
  const unknown = (name: string) =>
    `there is no cell ${name} in ${folder}${suggestion(name, names)}; there are ${names.join(', ')}`;
  const spec = specs.get(from);
  if (spec === undefined) yield unknown(from);
  else if (spec.state === 'planned') yield `cell ${from} is planned: there is nothing to evacuate`;
  for (const [at, name] of targets.entries()) {
    const target = specs.get(name);
    if (target === undefined) yield unknown(name);
    else if (name === from) yield `--to ${name} is the cell that is to be emptied; allowed: other cells`;
    else if (targets.indexOf(name) < at) yield `--to has ${name} twice; allowed: each cell once`;
    else if (target.state !== 'active')
      yield `cell ${name} is ${target.state} and takes no tenant; allowed: cells that are active`;
  }
}
