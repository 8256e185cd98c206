/** The fleet's files, and whether `planning.yaml` speaks of the same fleet. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CellSpec } from '../spec/cell.ts';
import type { Finding } from '../spec/finding.ts';
import { loadFleet, type FleetFile } from '../spec/fleet.ts';
import { errorAt } from './checked-file.ts';
import { PlanningFailure } from './failure.ts';
import type { PlanningFile } from './read-planning.ts';

export interface FleetFiles {
  readonly files: readonly FleetFile[];
  readonly cells: readonly CellSpec[];
}

/** @throws PlanningFailure for a fleet with errors, or none */
export function readFleetFiles(folder: string): FleetFiles {
  const files = yamlFiles(folder);
  const { cells, findings } = loadFleet(files);
  const wrong = findings.filter(({ severity }) => severity === 'error');
  if (files.length === 0) wrong.push(noFolder(folder));
  if (wrong.length > 0) throw new PlanningFailure(wrong);
  return { files, cells };
}

function yamlFiles(folder: string): FleetFile[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
}

function noFolder(folder: string): Finding {
  const message = 'there are no cells here';
  const allowed = 'a folder with a file NAME.yaml for every cell';
  return { severity: 'error', file: folder, line: 1, column: 1, path: '', message, given: folder, allowed };
}

/** What `planning.yaml` says of cells and tenants that the fleet's files contradict. */
export function* strangers({ cells }: FleetFiles, { value, source }: PlanningFile): Iterable<Finding> {
  const names = new Set(cells.map(({ name }) => name));
  for (const name of Object.keys(value.cells)) {
    if (names.has(name)) continue;
    yield errorAt(source, ['cells', name], `there is no cell ${name}`, [...names].join(', '));
  }
  const homes = new Map(cells.flatMap(({ name, tenants }) => tenants.map((tenant) => [tenant.name, name] as const)));
  for (const [at, { name }] of value.waiting.entries()) {
    const home = homes.get(name);
    if (home === undefined) continue;
    yield errorAt(
      source,
      ['waiting', at, 'name'],
      `the tenant ${name} is in the cell ${home}`,
      'tenants without a cell',
    );
  }
}
