/** The TypeScript types of specs, from their JSON Schemas: an editor shows the descriptions, which types inferred from zod do not have. */
import { valueAt } from '../lib/config-file/value-findings.ts';
import type { JsonSchema } from '../lib/config-file/written-form.ts';

export interface SpecTypes {
  /** `Cell`: makes `CellInput` and `CellSpec`. */
  readonly name: string;
  readonly schema: JsonSchema;
  /** The specs that follow from the least that a person can write, for each target: what all have is in every complete spec. */
  readonly complete: readonly unknown[];
}

interface Form {
  /** Whether a value may be left out. */
  readonly optional: (schema: JsonSchema, required: boolean, path: readonly string[]) => boolean;
  readonly isPortRange: (path: readonly string[]) => boolean;
}

/** The text of the file that holds both types. It is not formatted. */
export function specTypes({ name, schema, complete }: SpecTypes): string {
  const present = (path: readonly string[]) =>
    complete.map((one) => valueAt(one, path)).find((value) => value !== undefined);
  // What only one target has is there wherever the section is that it stands in.
  const alwaysThere = (path: readonly string[]) =>
    complete.every((one) => valueAt(one, path.slice(0, -1)) === undefined || valueAt(one, path) !== undefined) &&
    present(path) !== undefined;
  const written: Form = { optional: (_, required) => !required, isPortRange: () => false };
  const filledIn: Form = {
    optional: ({ default: usual }, required, path) => !required && usual === undefined && !alwaysThere(path),
    isPortRange: (path) => typeof (present(path) as { from?: unknown } | undefined)?.from === 'number',
  };
  const what = name.toLowerCase();
  const body = objectType(schema, filledIn, []);
  return [
    `// Made from lib/fleet/schema/${what}.ts: npx tsx scripts/write-schemas.ts\n`,
    ...(body.includes('PortRange') ? ["import type { PortRange } from '../../config-file/fields.ts';\n"] : []),
    `/** A ${what} as a person writes it. */\nexport interface ${name}Input ${objectType(schema, written, [])}\n`,
    `/** A ${what}'s spec with every default filled in. */\nexport interface ${name}Spec ${body}\n`,
  ].join('\n');
}

function objectType({ properties = {}, required = [] }: JsonSchema, form: Form, path: readonly string[]): string {
  const fields = Object.entries(properties).map(([key, schema]) => {
    const at = [...path, key];
    const optional = form.optional(schema, required.includes(key), at);
    const type = typeOf(schema, form, at);
    return `${comment(schema)}readonly ${key}${optional ? '?' : ''}: ${type}${optional ? ' | undefined' : ''};`;
  });
  return `{\n${fields.join('\n')}\n}`;
}

function comment({ description = '', default: usual }: JsonSchema): string {
  const shown = usual === undefined || JSON.stringify(usual) === '{}' ? '' : ` @default ${JSON.stringify(usual)}`;
  return description === '' && shown === ''
    ? ''
    : `/** ${`${description}${shown}`.trim().replaceAll('*/', '*\\/')} */\n`;
}

function typeOf(schema: JsonSchema, form: Form, path: readonly string[]): string {
  if (form.isPortRange(path)) return 'PortRange';
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map((one) => typeOf(one, form, path)))].join(' | ');
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  if (schema.const !== undefined) return literal(schema.const);
  switch (schema.type) {
    case 'integer':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items!, form, [...path, '0'])})[]`;
    case 'object':
      if (Object.keys(schema.properties ?? {}).length > 0) return objectType(schema, form, path);
      if (schema.properties !== undefined) return 'Readonly<Record<string, never>>';
      return `Readonly<Record<string, ${typeOf(schema.additionalProperties as JsonSchema, form, [...path, '*'])}>>`;
    default:
      return schema.type!;
  }
}

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));
