/** The JSON Schema of what a person may write, made from a zod schema. */
import { z } from 'zod';

/** The part of JSON Schema (draft 7) that zod writes for the schemas here. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
}

/** What a person may write: defaults are in it, filled-in values are not required. Made once, when first asked for. */
export function writtenForm(schema: z.ZodType): () => JsonSchema {
  let made: JsonSchema | undefined;
  return () => (made ??= z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as JsonSchema);
}
