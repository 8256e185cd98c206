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

export function valueFaults(issues: readonly Issue[], source: Source, schema: JsonSchema): readonly ValueFault[] {
  return issues.flatMap((issue) => {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, source, schema));
    return [wrongValue(issue, path, source, schema)];
  });
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
    given: key,
    allowed: known.join(', '),
  });
}

function wrongValue(issue: Issue, path: Path, source: Source, schema: JsonSchema): ValueFault {
  const at = schemaAt(schema, path) ?? {};
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    const allowed = describeAllowed(schemaAt(schema, path.slice(0, -1))?.propertyNames ?? {});
    return fault(source, path, { message: `the key ${key} is not accepted`, given: key, allowed });
  }
  const value = valueAt(source.value, path);
  if (value === undefined) {
    return fault(source, path, { message: 'is missing', given: 'nothing', allowed: describeAllowed(at) });
  }
  const given = source.written(path) ?? JSON.stringify(value);
  if (at.type === 'string' && typeof value === 'number') {
    return fault(source, path, {
      message: `${given} without quotes is a number`,
      given,
      allowed: `'${given}' in quotes: ${describeAllowed(at)}`,
    });
  }
  const hint = typeof value === 'string' && at.enum !== undefined ? suggestion(value, at.enum.map(String)) : '';
  return fault(source, path, { message: `${given} ${verdict(issue)}${hint}`, given, allowed: describeAllowed(at) });
}

function verdict(issue: Issue): string {
  const entries = 'origin' in issue && issue.origin === 'array';
  switch (issue.code) {
    case 'too_big':
      return entries ? 'has too many entries' : issue.origin === 'string' ? 'is too long' : 'is too much';
    case 'too_small':
      return entries ? 'has too few entries' : 'is too little';
    case 'invalid_type':
      return 'is of the wrong kind';
    case 'invalid_value':
      return 'is not known';
    default:
      return 'is not accepted';
  }
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : undefined),
    value,
  );
}
