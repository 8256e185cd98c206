/** What a place in a spec file may hold, in words, from its JSON Schema. */
import { distance } from 'fastest-levenshtein';
import type { Path } from './finding.ts';
import type { JsonSchema } from './written-form.ts';

/** The schema of the value at a path; undefined where the schema knows no such place. */
export function schemaAt(schema: JsonSchema, path: Path): JsonSchema | undefined {
  let at: JsonSchema | undefined = schema;
  for (const key of path) {
    if (typeof key === 'number') at = at?.items;
    else if (at?.properties !== undefined && Object.hasOwn(at.properties, key)) at = at.properties[key];
    else at = typeof at?.additionalProperties === 'object' ? at.additionalProperties : undefined;
  }
  return at;
}

/** @example describeAllowed({ type: 'integer', minimum: 1, maximum: 32 }) // 'a whole number from 1 to 32' */
export function describeAllowed(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return listWords(schema.anyOf.map(describeAllowed));
  if (schema.enum !== undefined) return listWords(schema.enum.map(String));
  if (schema.const !== undefined) return String(schema.const);
  switch (schema.type) {
    case 'integer':
    case 'number':
      return `a${schema.type === 'integer' ? ' whole' : ''} number${describeRange(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return describeList(schema);
    case 'object':
      return schema.properties === undefined
        ? 'a mapping of keys to values'
        : `a mapping with the keys ${Object.keys(schema.properties).join(', ')}`;
    default:
      return describeText(schema);
  }
}

function describeRange({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? '' : ` of ${minimum} or more`;
}

function describeText({ patternErrorMessage, format, maxLength }: JsonSchema): string {
  if (patternErrorMessage !== undefined) return patternErrorMessage.replace(/^must be /, '');
  if (format === 'email') return 'an e-mail address';
  if (format === 'uri') return 'an http or https address';
  return maxLength === undefined ? 'a text' : `a text of at most ${maxLength} characters`;
}

function describeList({ items = {}, minItems, maxItems }: JsonSchema): string {
  const [least, most] = [minItems ?? 0, maxItems];
  const count = most === undefined ? (least === 0 ? '' : `at least ${least}, `) : `${least} to ${most}, `;
  return `a list: ${count}each ${describeAllowed(items)}`;
}

/** @example listWords(['a', 'b', 'c']) // 'a, b or c' */
export function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** `; did you mean "ports"?` when one of the known words is near enough to be a slip of the finger, else nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const farthest = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3));
  const [nearest] = known
    .map((candidate) => ({ candidate, away: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ away }) => away <= farthest)
    .sort((a, b) => a.away - b.away);
  return nearest === undefined ? '' : `; did you mean "${nearest.candidate}"?`;
}
