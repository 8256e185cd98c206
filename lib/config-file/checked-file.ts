/** A YAML file whose values are checked by a schema and then by rules between them. */
import type { z } from 'zod';
import { readText } from './read-text.ts';
import { formatPath, type Finding, type Path } from './finding.ts';
import type { JsonSchema } from './written-form.ts';
import type { Violation } from './rule.ts';
import { inSections, onlyForm, type OldForm } from './old-form.ts';
import { readSource, type Source, type TextFile } from './source.ts';
import { brokenRules, checkFile as checkSource } from './spec-file.ts';
import { valueAt } from './value-findings.ts';

export interface CheckedFile<T> {
  readonly file: TextFile;
  readonly source: Source;
  /** Undefined where a value is wrong by itself. */
  readonly value: T | undefined;
  readonly findings: readonly Finding[];
}

/**
 * @param allowed what belongs there, in words
 * @throws UnreadableFile
 */
export function readFile(path: string, allowed: string): TextFile {
  return { path, text: readText(path, allowed) };
}

/**
 * @param rules what values must be to one another; asked only where each is right by itself
 * @param oldForm what earlier files say elsewhere
 */
export function checkFile<S extends z.ZodType>(
  file: TextFile,
  schema: S,
  jsonSchema: JsonSchema,
  rules: (value: z.output<S>) => Iterable<Violation> = () => [],
  oldForm: OldForm = onlyForm,
): CheckedFile<z.output<S>> {
  const source = inSections(readSource(file.path, file.text), oldForm);
  const { spec: value, findings } = checkSource(source, {
    schema: schema as z.ZodType<z.output<S>>,
    jsonSchema: () => jsonSchema,
    complete: (parsed) => parsed,
    rules: [],
    standIns: {},
    follows: {},
    oldForm: onlyForm,
  });
  // Values that are all right by themselves: whatever a rule reads, it reads something that is allowed.
  const broken =
    value === undefined ? [] : brokenRules(value, [{ severity: 'error', reads: [], check: rules }], source);
  return { file, source, value, findings: [...findings, ...broken] };
}

/** An error about a value of a file, or about what the value leads to. */
export function errorAt(source: Source, path: Path, message: string, allowed: string): Finding {
  const given = source.written(path) ?? JSON.stringify(valueAt(source.value, path));
  return {
    severity: 'error',
    file: source.file,
    ...source.locate(path),
    path: formatPath(path),
    message,
    given: given || 'nothing',
    allowed,
  };
}
