import type { JsonSchema } from '../../../lib/config-file/written-form.ts';

/** Every key at any depth: its path, its schema, and whether it must be given. */
export function schemaKeys(schema: JsonSchema, path = ''): readonly (readonly [string, JsonSchema, boolean])[] {
  const inside = Object.entries(schema.properties ?? {}).flatMap(([key, part]) => {
    const inner = path === '' ? key : `${path}.${key}`;
    return [[inner, part, schema.required?.includes(key) ?? false] as const, ...schemaKeys(part, inner)];
  });
  const { additionalProperties: any } = schema;
  return [
    ...inside,
    ...(schema.items === undefined ? [] : schemaKeys(schema.items, `${path}[]`)),
    ...(typeof any === 'object' ? schemaKeys(any, `${path}.*`) : []),
  ];
}
