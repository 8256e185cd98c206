/** The JSON Schema of spec files, made from the zod schemas: editors complete and check by it. */
import { cellFile } from './cell.ts';
import { frontFile } from './front.ts';

/** Every schema file that is committed, by its name in `cells/`. */
export const jsonSchemas = {
  'cell.schema.json': cellFile.jsonSchema,
  'front.schema.json': frontFile.jsonSchema,
} as const;
