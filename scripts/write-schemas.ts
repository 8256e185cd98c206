/** Writes the JSON Schemas of the files that people write, and of a plan, into cells/. Run it after a change of a schema: npx tsx scripts/write-schemas.ts */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { planningJsonSchemas } from '../lib/planning/json-schema.ts';
import { jsonSchemas } from '../lib/spec/json-schema.ts';

for (const [name, schema] of Object.entries({ ...jsonSchemas, ...planningJsonSchemas })) {
  const file = fileURLToPath(new URL(`../cells/${name}`, import.meta.url));
  writeFileSync(file, await format(JSON.stringify(schema()), { parser: 'json', printWidth: 120 }));
  console.log(`wrote ${file}`);
}
