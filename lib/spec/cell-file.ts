/** Checks one cell's file. */
import { cellSchema, completeCell, type CellSpec } from './cell.ts';
import { jsonSchemas } from './json-schema.ts';
import { cellRules } from './rules.ts';
import type { Source } from './source.ts';
import { checkFile, type SpecCheck } from './spec-file.ts';

export function checkCell(source: Source): SpecCheck<CellSpec> {
  return checkFile(source, {
    schema: cellSchema,
    jsonSchema: jsonSchemas['cell.schema.json'],
    complete: completeCell,
    rules: cellRules,
    standIns: { name: 'unnamed', region: 'eu-west-1' },
    follows: { size: ['maxTenants', 'sbc', 'media', 'database', 'redis'] },
  });
}
