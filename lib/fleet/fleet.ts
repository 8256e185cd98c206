/** A fleet from its files: every rule over every file, all findings at once. Pure; the caller reads the files. */
import { checkBetween } from './rules/between-cells.ts';
import { checkCell } from './cell-file.ts';
import type { CellSpec } from './schema/cell.ts';
import { compareFindings, type Finding } from '../config-file/finding.ts';
import { freeRanges } from './free-range.ts';
import { checkFront } from './front-file.ts';
import type { FrontSpec } from './schema/front.ts';
import { indexCell, indexFront } from './fleet-index.ts';
import { formatRange } from './range.ts';
import { behindFrontRules } from './rules/behind-front.ts';
import { tenantBlanker } from './blank-tenants.ts';
import { readSource, type Source, type TextFile } from '../config-file/source.ts';
import { brokenRules } from '../config-file/spec-file.ts';

/** `cells/euw1-a.yaml`; the stem is the cell's name, and `front` stands for the fleet's entry. */
export type FleetFile = TextFile;

export interface FleetOptions {
  /**
   * Name of the one cell that is wanted. It and the front, into whose directory it enters itself, are checked wholly, and it
   * against all others; what is wrong between other cells is left out. A name that no file has gives no cell and no finding. Default: all cells.
   */
  readonly only?: string;
}

export interface Fleet {
  /** The cells whose values are all allowed, in the order of the files. With an error among the findings, build none. */
  readonly cells: readonly CellSpec[];
  /** Undefined where there is no front, or a wrong one. */
  readonly front: FrontSpec | undefined;
  /** By file and line. */
  readonly findings: readonly Finding[];
}

/**
 * @param files of one folder, in any order
 * @example loadFleet([{ path: 'cells/euw1-a.yaml', text: 'name: euw1-a\nregion: eu-west-1\n' }]).cells.length // 1
 */
export function loadFleet(files: readonly FleetFile[], { only }: FleetOptions = {}): Fleet {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const sources =
    only === undefined ? sorted.map(({ path, text }) => readSource(path, text)) : readAround(sorted, only);
  const fronts = sources.filter((source) => stem(source) === 'front');
  const cells = sources.filter((source) => stem(source) !== 'front');
  const wanted = only === undefined ? cells : cells.filter((source) => stem(source) === only);

  if (wanted.length === 0 && only !== undefined) return { cells: [], front: undefined, findings: [] };

  const checkedCells = wanted.map((source) => ({ source, ...checkCell(source) }));
  const checkedFronts = fronts.map(checkFront);
  const findings = [
    ...checkedCells.flatMap((cell) => cell.findings),
    ...checkedCells.flatMap(({ source }) => fileName(source)),
    ...checkedFronts.flatMap((front) => front.findings),
    ...[...wanted, ...fronts].flatMap(extension),
    ...(fronts.length > 0
      ? checkedCells.flatMap(({ source, spec }) =>
          spec === undefined ? [] : brokenRules(spec, behindFrontRules, source),
        )
      : []),
    ...checkBetween(
      [...fronts.map(indexFront), ...cells.flatMap(indexCell)],
      only === undefined ? undefined : wanted[0],
    ),
  ];
  return {
    cells: checkedCells.flatMap(({ spec }) => spec ?? []),
    front: checkedFronts[0]?.spec,
    findings: findings.sort(compareFindings),
  };
}

/** Prefix length of a stamped cell's network: 4,096 addresses. */
const usualPrefix = 20;

/** A network for one more cell, `10.16.32.0/20`; undefined when the private address space is full. */
export function freeNetwork(files: readonly FleetFile[]): string | undefined {
  const sources = files.map(({ path, text }) => readSource(path, text));
  const indexed = sources.flatMap((source) => (stem(source) === 'front' ? indexFront(source) : indexCell(source)));
  const taken = indexed.flatMap(({ networks }) => networks.map(({ value }) => value));
  const free = freeRanges(taken, usualPrefix).next().value;
  return free === undefined ? undefined : formatRange(free);
}

/** Reads the wanted file and the front wholly, and of the others what may collide with it. */
function readAround(files: readonly FleetFile[], only: string): readonly Source[] {
  const wanted = files.find(({ path }) => stem({ file: path }) === only);
  if (wanted === undefined) return [];
  const source = readSource(wanted.path, wanted.text);
  const [entry] = indexCell(source);
  const blank = entry === undefined ? (text: string) => text : tenantBlanker(entry);
  return files.map((file) => {
    if (file === wanted) return source;
    return readSource(file.path, stem({ file: file.path }) === 'front' ? file.text : blank(file.text));
  });
}

function stem({ file }: Pick<Source, 'file'>): string {
  return file.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
}

/** What reads the files looks for one extension. */
function extension({ file }: Source): readonly Finding[] {
  const name = file.replace(/^.*\//, '');
  const given = name.slice(name.lastIndexOf('.'));
  if (given === '.yaml') return [];
  const message = `the file's name ends in ${given}`;
  const allowed = `${stem({ file })}.yaml`;
  return [{ severity: 'error', file, line: 1, column: 1, path: '', message, given: name, allowed }];
}

function fileName(source: Source): readonly Finding[] {
  const name = (source.value as { name?: unknown } | null | undefined)?.name;
  const given = source.file.replace(/^.*\//, '');
  // An extension that is wrong is said of the file.
  if (typeof name !== 'string' || name === '' || stem(source) === name) return [];
  return [
    {
      severity: 'error',
      file: source.file,
      ...source.locate(['name']),
      path: 'name',
      message: `the cell ${name} is in the file ${given}`,
      given: name,
      allowed: `the file’s name without .yaml (${stem(source)}), or the file name ${name}.yaml`,
    },
  ];
}
