/** Checks one cell's file: its values, then the rules between them, all findings at once. */
import { cellSchema, completeCell, type CellSpec } from './cell.ts';
import { formatPath, type Finding, type Path } from './finding.ts';
import { jsonSchemas } from './json-schema.ts';
import { rules } from './rules.ts';
import type { Rule } from './rules/rule.ts';
import type { Source } from './source.ts';
import { valueAt, valueFaults } from './value-findings.ts';

export interface CellCheck {
  /** Undefined when a value is wrong by itself. */
  readonly spec: CellSpec | undefined;
  readonly findings: readonly Finding[];
}

export function checkCell(source: Source): CellCheck {
  if (source.value === undefined) return { spec: undefined, findings: source.findings };
  const value = source.value ?? {};
  const parsed = cellSchema.safeParse(value);
  if (parsed.success) {
    const spec = completeCell(parsed.data);
    return { spec, findings: [...source.findings, ...broken(spec, rules, source)] };
  }
  const faults = valueFaults(parsed.error.issues, source, jsonSchemas['cell.schema.json']());
  const wrong = faults.map((fault) => fault.path);
  const rest = cellSchema.safeParse({ name: 'unnamed', region: 'eu-west-1', ...without(value, wrong) });
  const applicable = rules.filter((rule) => !wrong.some((path) => reads(rule, path)));
  return {
    spec: undefined,
    findings: [
      ...source.findings,
      ...faults.map((fault) => fault.finding),
      ...(rest.success ? broken(completeCell(rest.data), applicable, source) : []),
    ],
  };
}

function broken(spec: CellSpec, applicable: readonly Rule[], source: Source): readonly Finding[] {
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
        given: given ?? 'nothing',
        allowed,
      };
    }),
  );
}

/** Keys whose defaults follow from the size. */
const sized = ['maxTenants', 'sbc', 'media', 'database', 'redis'];

function reads(rule: Rule, wrong: Path): boolean {
  const places = wrong[0] === 'size' ? [...sized, 'size'] : [wrong.filter((key) => typeof key === 'string').join('.')];
  return rule.reads.some((read) =>
    places.some((place) => place === read || place.startsWith(`${read}.`) || read.startsWith(`${place}.`)),
  );
}

/** The value without its wrong parts; of a list nothing is left, so that the positions in it stay true. */
function without(value: unknown, wrong: readonly Path[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const rest = structuredClone(value) as Record<string, unknown>;
  for (const path of wrong) {
    const entry = path.findIndex((key) => typeof key === 'number');
    const part = entry === -1 ? path : path.slice(0, entry);
    const parent = valueAt(rest, part.slice(0, -1));
    if (typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[String(part.at(-1))];
  }
  return rest;
}
