/**
 * Writes what follows from the schemas: the JSON Schemas of the files that people write, and of a plan, into cells/, and the
 * types of specs into lib/fleet/. From programs in Python and C: their texts as a module beside them. From metrics and alerts: the tables
 * of the documentation. Run it after a change of any: npx tsx scripts/write-schemas.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generated-files.ts';

for (const [path, text] of await generatedFiles()) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}
