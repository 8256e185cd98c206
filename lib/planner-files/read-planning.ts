/** Reads `planning.yaml` and the files that it names beside the histories. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { measurementsSchema, type Measurements } from '../planner/component-figures.ts';
import { checkCell } from '../fleet/cell-file.ts';
import type { CellInput, CellSpec } from '../fleet/schema/cell.ts';
import type { Finding, Path } from '../config-file/finding.ts';
import type { FleetFile } from '../fleet/fleet.ts';
import { meansAws } from '../config-file/old-form.ts';
import { oldCell, oldPlanning } from '../fleet/schema/old-form.ts';
import type { Source } from '../config-file/source.ts';
import { calendarRules, calendarSchema, type CalendarFile } from './calendar-file.ts';
import { isThere, requireFile, UnreadableFile } from '../config-file/read-text.ts';
import { checkFile, errorAt, readFile, type CheckedFile } from '../config-file/checked-file.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import { planningJsonSchemas } from './json-schema.ts';
import { kindName, planningRules } from './planning-rules.ts';
import { planningSchema, type StampedKind, type Planning } from './planning-schema.ts';

/** What the file of a new cell says besides its name and network, as it is written in `planning.yaml`. */
export type KindCell = Omit<CellInput, 'name' | 'network' | 'tenants' | 'state'>;

export interface PlanningFile {
  readonly path: string;
  readonly value: Planning;
  /** Where in the text a value stands, for findings. */
  readonly source: Source;
  /** What is right, and stands in an old place. */
  readonly warnings: readonly Finding[];
  /** By the name of the blueprint. */
  readonly kinds: ReadonlyMap<
    string,
    { readonly kind: StampedKind; readonly written: KindCell; readonly spec: CellSpec }
  >;
  /** Where plans leave what the next one has to know. */
  readonly statePath: string;
  /** Where every plan and action is added. */
  readonly auditPath: string;
  /** Where the outcomes of deployments are recorded. */
  readonly deploysPath: string;
  /** Where every step of a roll-out is added. */
  readonly rolloutAuditPath: string;
}

export interface ReadPlanning {
  readonly planning: PlanningFile;
  readonly calendar: CheckedFile<CalendarFile> | undefined;
  /** Empty where nothing was measured. */
  readonly measurements: Measurements;
  readonly files: readonly FleetFile[];
}

/** @throws InvalidFiles with all that is wrong in the files */
export function readPlanning(path: string): ReadPlanning {
  const checked = checkFile(
    readFile(path, allowedFile),
    planningSchema,
    planningJsonSchemas['planning.schema.json'](),
    planningRules,
    oldPlanning,
  );
  const { value, source } = checked;
  if (value === undefined) throw new InvalidFiles(checked.findings);
  const warnings = checked.findings.filter(({ severity }) => severity === 'warning');
  const findings: Finding[] = checked.findings.filter(({ severity }) => severity === 'error');
  const calendar = beside(source, ['calendar'], value.calendar, 'calendar.yaml', findings, (file) =>
    checkFile(file, calendarSchema, planningJsonSchemas['calendar.schema.json'](), calendarRules),
  );
  const figures = beside(source, ['figures'], value.figures, 'figures.yaml', findings, (file) =>
    checkFile(file, measurementsSchema, planningJsonSchemas['figures.schema.json']()),
  );
  const kinds = value.kinds.map((kind, at) => {
    const { spec, findings: wrong } = checkCell(kindSource(source, kind, at));
    for (const finding of wrong.filter(({ severity }) => severity === 'error')) {
      findings.push({ ...finding, path: `kinds[${at}].settings.${finding.path}` });
    }
    return [kindName(kind), { kind, written: writtenCell(source, kind, at), spec: spec! }] as const;
  });
  findings.push(...writtenFiles(checked.source, value));
  if (findings.length > 0) throw new InvalidFiles([...warnings, ...findings]);
  const folder = dirname(path);
  return {
    planning: {
      path,
      value,
      source,
      warnings,
      kinds: new Map(kinds),
      statePath: resolve(folder, value.state),
      auditPath: resolve(folder, value.audit),
      deploysPath: resolve(folder, value.deploys),
      rolloutAuditPath: resolve(folder, value.rollout.audit),
    },
    calendar,
    measurements: figures?.value ?? {},
    files: [checked.file, ...[calendar, figures].flatMap((one) => one?.file ?? [])],
  };
}

const allowedFile =
  'a file that names at least one kind of cell, for example: kinds: [{ region: eu-west-1, prefix: euw1- }]';

/** A file that is named, or else one of the usual name where there is one. */
function beside<T>(
  source: Source,
  path: Path,
  named: string | undefined,
  usual: string,
  findings: Finding[],
  check: (file: FleetFile) => CheckedFile<T>,
): CheckedFile<T> | undefined {
  const file = named !== undefined && isAbsolute(named) ? named : join(dirname(source.file), named ?? usual);
  if (named === undefined && !isThere(file)) {
    findings.push(...almost(file));
    return undefined;
  }
  try {
    const checked = check(readFile(file, 'a YAML file'));
    findings.push(...checked.findings);
    return checked;
  } catch (error) {
    if (!(error instanceof InvalidFiles)) throw error;
    const [{ message, file: given, allowed }] = error.findings as [Finding];
    findings.push(named === undefined ? error.findings[0]! : errorAt(source, path, `${given}: ${message}`, allowed));
    return undefined;
  }
}

/** A file that is left out because its name ends otherwise than is looked for. */
function almost(file: string): readonly Finding[] {
  const usual = basename(file);
  const like = (name: string) => name !== usual && name.toLowerCase().replace(/\.yml$/, '.yaml') === usual;
  return readdirSync(dirname(file))
    .filter(like)
    .map((name) => ({
      severity: 'error',
      file: join(dirname(file), name),
      ...{ line: 1, column: 1, path: '', message: `the file's name is ${name}`, given: name, allowed: usual },
    }));
}

/** What is wrong with the files that plans and deploys write. */
function* writtenFiles(source: Source, value: Planning): Iterable<Finding> {
  const folder = dirname(source.file);
  const taken = new Map([[resolve(source.file), 'this file']]);
  const keys = ['calendar', 'figures', 'state', 'deploys', 'audit'] as const;
  const files = [
    ...keys.map((key) => ({ key: [key], named: value[key], isWritten: key !== 'calendar' && key !== 'figures' })),
    { key: ['rollout', 'audit'], named: value.rollout.audit, isWritten: true },
  ];
  for (const { key, named, isWritten } of files) {
    if (named === undefined) continue;
    const path = resolve(folder, named);
    const other = taken.get(path);
    if (other !== undefined) yield errorAt(source, key, `${named} is ${other} too`, 'a file of its own');
    taken.set(path, key.join('.'));
    if (!isWritten) continue;
    if (!existsSync(dirname(path)))
      yield errorAt(source, key, `there is no folder ${dirname(named)}`, 'a folder that is there');
    else if (isThere(path)) yield* notWritable(source, key, path);
  }
}

function* notWritable(source: Source, key: Path, path: string): Iterable<Finding> {
  try {
    requireFile(path, 'a file');
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    yield errorAt(source, key, `${path}: ${error.finding.message}`, 'a file, or a name that is free');
  }
}

/** A kind that names no target is for AWS. */
function writtenCell(source: Source, { region, size }: StampedKind, at: number): KindCell {
  const { kinds } = source.value as { readonly kinds: readonly { readonly settings?: Partial<KindCell> }[] };
  const cell = { region, size, ...kinds[at]!.settings };
  return meansAws(cell, oldCell) ? { ...cell, aws: {} } : cell;
}

/** A kind as the file of a cell that stands inside `planning.yaml`: so the rules of cells say what is wrong, and where. */
function kindSource(source: Source, kind: StampedKind, at: number): Source {
  const outer = (path: Path): Path =>
    path[0] === 'region' || path[0] === 'size' ? ['kinds', at, ...path] : ['kinds', at, 'settings', ...path];
  return {
    file: source.file,
    value: { name: 'new', ...writtenCell(source, kind, at) },
    findings: [],
    locate: (path) => source.locate(outer(path)),
    written: (path) => source.written(outer(path)),
  };
}
