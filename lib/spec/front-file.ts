/** Checks the front's file. */
import { frontSchema, type FrontSpec } from './front.ts';
import { jsonSchemas } from './json-schema.ts';
import { frontRules } from './rules.ts';
import type { Source } from './source.ts';
import { checkFile, type SpecCheck } from './spec-file.ts';

export function checkFront(source: Source): SpecCheck<FrontSpec> {
  return checkFile(source, {
    schema: frontSchema,
    jsonSchema: jsonSchemas['front.schema.json'],
    complete: (spec) => spec,
    rules: frontRules,
    standIns: { domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }] },
    follows: {},
  });
}
