/** The fleet's files, and whether `planning.yaml` speaks of the same fleet. */
import { counted } from '../config-file/counted.ts';
import { readCellFolder } from '../config-file/cell-folder.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { suggestion } from '../config-file/allowed.ts';
import type { Finding, Path } from '../config-file/finding.ts';
import { loadFleet, type FleetFile } from '../fleet/fleet.ts';
import type { Source } from '../config-file/source.ts';
import { errorAt } from '../config-file/checked-file.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import type { ReadPlanning } from './read-planning.ts';

export interface FleetFiles {
  readonly files: readonly FleetFile[];
  readonly cells: readonly CellSpec[];
}

/** @throws InvalidFiles for a fleet with errors, or none */
export function readFleetFiles(folder: string): FleetFiles {
  const { files, findings: unreadable } = readCellFolder(folder);
  const { cells, findings } = loadFleet(files);
  const wrong = [...unreadable, ...findings.filter(({ severity }) => severity === 'error')];
  if (wrong.length > 0) throw new InvalidFiles(wrong);
  return { files, cells };
}

/** What `planning.yaml` and the calendar say of cells and tenants that the fleet does not know, or knows otherwise. */
export function* strangers({ cells }: FleetFiles, { planning, calendar }: ReadPlanning): Iterable<Finding> {
  const { value, source } = planning;
  const names = cells.map(({ name }) => name);
  for (const name of Object.keys(value.cells)) yield* unknown(source, ['cells', name], 'cell', name, names);
  const { lostMediaHosts } = value.rules;
  for (const { name, media, state } of cells) {
    if (state === 'retired' || lostMediaHosts <= media.hosts) continue;
    const message = `${lostMediaHosts} is more than the ${counted(media.hosts, 'media host')} of cell ${name}`;
    yield errorAt(source, ['rules', 'lostMediaHosts'], message, `a whole number from 0 to ${media.hosts}`);
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
  if (calendar?.value === undefined) return;
  const tenants = [...homes.keys(), ...value.waiting.map(({ name }) => name)];
  for (const key of ['holidays', 'days', 'events'] as const) {
    for (const [at, entry] of calendar.value[key].entries()) {
      for (const [i, name] of (entry.cells ?? []).entries()) {
        yield* unknown(calendar.source, [key, at, 'cells', i], 'cell', name, names);
      }
      for (const [i, name] of ('tenants' in entry ? (entry.tenants ?? []) : []).entries()) {
        yield* unknown(calendar.source, [key, at, 'tenants', i], 'tenant', name, tenants);
      }
    }
  }
}

function* unknown(
  source: Source,
  path: Path,
  what: 'cell' | 'tenant',
  name: string,
  known: readonly string[],
): Iterable<Finding> {
  if (known.includes(name)) return;
  const message = `there is no ${what} ${name}${suggestion(name, known)}`;
  yield errorAt(source, path, message, `the name of a ${what} of the fleet`);
}
