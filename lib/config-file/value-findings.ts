/** Turns what zod says of a file's values into findings. */
import type { z } from 'zod';
import { describeAllowed, schemaAt, suggestion } from './allowed.ts';
import { formatPath, type Finding, type Path } from './finding.ts';
import type { JsonSchema } from './written-form.ts';
import type { Source } from './source.ts';

type Issue = z.core.$ZodIssue;

/** What is wrong with a value, and where; one for each unknown key. */
export interface ValueFault {
  readonly path: Path;
  readonly finding: Finding;
}

/** At most one for a value: the first check that fails says all that is allowed, and so may the source's own finding. */
export function valueFaults(issues: readonly Issue[], source: Source, schema: JsonSchema): readonly ValueFault[] {
  const seen = new Set(source.findings.map(({ path }) => path));
  return issues
    .flatMap((issue) => {
      const path = issue.path as Path;
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, source, schema));
      return [wrongValue(issue, path, source, schema)];
    })
    .filter(({ finding: { path } }) => !seen.has(path) && seen.add(path));
}

function fault(source: Source, path: Path, rest: Pick<Finding, 'message' | 'given' | 'allowed'>): ValueFault {
  return {
    path,
    finding: { severity: 'error', file: source.file, ...source.locate(path), path: formatPath(path), ...rest },
  };
}

function unknownKey(parent: Path, key: string, source: Source, schema: JsonSchema): ValueFault {
  const at = schemaAt(schema, parent);
  const known = at?.propertyNames?.enum?.map(String) ?? Object.keys(at?.properties ?? {});
  return fault(source, [...parent, key], {
    message: `there is no such key${suggestion(key, known)}`,
    given: shown(key),
    allowed: known.join(', ') || 'no keys',
  });
}

function wrongValue(issue: Issue, path: Path, source: Source, schema: JsonSchema): ValueFault {
  const at = schemaAt(schema, path) ?? {};
  if (issue.code === 'invalid_key') {
    const given = String(path.at(-1));
    const allowed = describeAllowed(schemaAt(schema, path.slice(0, -1))?.propertyNames ?? {});
    return fault(source, path, {
      message: `the key must be ${allowed}; got ${shown(given)}`,
      given: shown(given),
      allowed,
    });
  }
  const value = valueAt(source.value, path);
  const allowed = describeAllowed(at);
  if (value === undefined) return fault(source, path, { message: 'is missing', given: 'nothing', allowed });
  const given = source.written(path) ?? asText(value);
  // Only a file can lack quotes.
  if (at.type === 'string' && typeof value === 'number' && source.locate([]).line > 0) {
    return fault(source, path, {
      message: `${given} without quotes is a number`,
      given,
      allowed: `'${given}' in quotes: ${allowed}`,
    });
  }
  const hint = typeof value === 'string' && at.enum !== undefined ? suggestion(value, at.enum.map(String)) : '';
  // What a check of our own says, it says of the value.
  const wanted = issue.code === 'custom' ? issue.message : `must be ${allowed}`;
  const got = describeGiven(value, given, !typesIn(at).has(typeof value));
  return fault(source, path, { message: `${wanted}; got ${got}${hint}`, given: given || 'nothing', allowed });
}

/** What stands in no file may be anything that a program has. */
function asText(value: unknown): string {
  if (typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return "an object that can't be written as JSON";
  }
}

/** The types of JavaScript that a schema takes; where it does not say, a text. */
function typesIn({ anyOf, enum: words, const: only, type }: JsonSchema): ReadonlySet<string> {
  if (anyOf !== undefined) return new Set(anyOf.flatMap((each) => [...typesIn(each)]));
  if (words !== undefined) return new Set(words.map((word) => typeof word));
  if (only !== undefined) return new Set([typeof only]);
  return new Set([type === 'integer' ? 'number' : (type ?? 'string')]);
}

/** @param isOther whether the value is of another type than wanted, which is then named */
function describeGiven(value: unknown, written: string, isOther: boolean): string {
  if (value === null) return written === '' ? 'nothing: the key has no value' : `${written}, which is not a value`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty mapping' : `a mapping with the keys ${shown(keys.join(', '))}`;
  }
  if (typeof value !== 'string') return isOther ? `${shown(written)} (a ${typeof value})` : shown(written);
  if (value.trim() === '' || value.trim() !== value) return JSON.stringify(value);
  if (!isOther) return shown(value);
  // Without quotes YAML would have taken it for a number or a boolean.
  return /^(true|false|null)$/.test(value) || Number.isFinite(Number(value))
    ? `"${value}" (a quoted string)`
    : `${shown(value)} (a string)`;
}

const LONGEST = 120;

function shown(text: string): string {
  if (text === '') return "''";
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`;
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}
