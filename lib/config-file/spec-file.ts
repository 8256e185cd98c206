/** Checks one file: its values, then the rules between them, all findings at once. */
import type { z } from 'zod';
import { formatPath, type Finding, type Path } from './finding.ts';
import { inSections, type OldForm } from './old-form.ts';
import type { JsonSchema } from './written-form.ts';
import type { Rule } from './rule.ts';
import type { Source } from './source.ts';
import { valueAt, valueFaults } from './value-findings.ts';

export interface SpecFile<Parsed, Spec> {
  readonly schema: z.ZodType<Parsed>;
  readonly jsonSchema: () => JsonSchema;
  /** Fills in what follows from other values. */
  readonly complete: (parsed: Parsed) => Spec;
  readonly rules: readonly Rule<Spec>[];
  /**
   * Right values of the keys without a default: they stand in for wrong ones, so that the rules over the rest are applied. Those of a
   * section do so where the file has the section.
   */
  readonly standIns: Readonly<Record<string, unknown>>;
  /** Other keys whose defaults follow from this one. */
  readonly follows: Readonly<Record<string, readonly string[]>>;
  /** What earlier files say elsewhere. */
  readonly oldForm: OldForm;
}

export interface SpecCheck<Spec> {
  /** Undefined when a value is wrong by itself. */
  readonly spec: Spec | undefined;
  readonly findings: readonly Finding[];
}

export function checkFile<Parsed, Spec>(given: Source, file: SpecFile<Parsed, Spec>): SpecCheck<Spec> {
  const source = inSections(given, file.oldForm);
  if (source.value === undefined) return { spec: undefined, findings: source.findings };
  const value = source.value ?? {};
  const parsed = file.schema.safeParse(value);
  if (parsed.success) {
    const spec = file.complete(parsed.data);
    return { spec, findings: [...source.findings, ...brokenRules(spec, file.rules, source)] };
  }
  const faults = valueFaults(parsed.error.issues, source, file.jsonSchema());
  const wrong = faults.map((fault) => fault.path);
  const rest = file.schema.safeParse(withStandIns(without(value, wrong), file.standIns));
  const applicable = file.rules.filter((rule) => !wrong.some((path) => reads(rule, path, file.follows)));
  return {
    spec: undefined,
    findings: [
      ...source.findings,
      ...faults.map((fault) => fault.finding),
      ...(rest.success ? brokenRules(file.complete(rest.data), applicable, source) : []),
    ],
  };
}

export function brokenRules<Spec>(spec: Spec, applicable: readonly Rule<Spec>[], source: Source): readonly Finding[] {
  return applicable.flatMap(({ severity, check }) =>
    [...check(spec)].map(({ path, alsoAt = [], message, allowed }): Finding => {
      const seen = [path, ...alsoAt].find((place) => valueAt(source.value, place) !== undefined) ?? path;
      const given = source.written(path) ?? JSON.stringify(valueAt(source.value, path) ?? valueAt(spec, path));
      return {
        severity,
        file: source.file,
        ...source.locate(seen),
        path: formatPath(path),
        message,
        given: given || 'nothing',
        allowed,
      };
    }),
  );
}

function reads<Spec>(rule: Rule<Spec>, wrong: Path, follows: SpecFile<unknown, Spec>['follows']): boolean {
  const key = wrong.filter((step) => typeof step === 'string').join('.');
  const places = [key, ...(Object.hasOwn(follows, key) ? follows[key]! : [])];
  return rule.reads.some((read) =>
    places.some((place) => place === read || place.startsWith(`${read}.`) || read.startsWith(`${place}.`)),
  );
}

/** The value without its wrong parts; of a list nothing is left, so that the positions in it stay true. */
function without(value: unknown, wrong: readonly Path[]): Group {
  if (!isGroup(value)) return {};
  const upToList = (path: Path) =>
    path.slice(
      0,
      path.concat(0).findIndex((key) => typeof key === 'number'),
    );
  return withoutParts(
    value,
    wrong.map((path) => upToList(path).map(String)),
  );
}

type Group = Readonly<Record<string, unknown>>;

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function withStandIns(value: Group, standIns: Group, inSection = false): Group {
  const stood = Object.entries(standIns).map(([key, standIn]): readonly [string, unknown] => {
    const given = value[key];
    if (!isGroup(standIn)) return [key, given ?? standIn];
    return [key, isGroup(given) || inSection ? withStandIns(isGroup(given) ? given : {}, standIn, true) : given];
  });
  return { ...value, ...Object.fromEntries(stood) };
}

/**
 * Nothing is cloned that stays: a value that was made in code may hold what can't be. One pass for all paths, as thousands of keys
 * may be wrong.
 */
function withoutParts(group: Group, paths: readonly (readonly string[])[]): Group {
  const wrong = new Map<string, (readonly string[])[]>();
  for (const [key, ...inner] of paths) {
    if (key === undefined) continue;
    const others = wrong.get(key);
    if (others === undefined) wrong.set(key, [inner]);
    else others.push(inner);
  }
  return Object.fromEntries(
    Object.entries(group).flatMap(([key, part]) => {
      const inner = wrong.get(key);
      if (inner === undefined) return [[key, part]];
      if (inner.some((path) => path.length === 0)) return [];
      return [[key, isGroup(part) ? withoutParts(part, inner) : part]];
    }),
  );
}
