/** Schemas, types, texts of programs, tables and reference pages are what their sources say. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles } from '../scripts/generated-files.ts';

const generated = await generatedFiles();

it.each([...generated.keys()])('%s (npx tsx scripts/write-schemas.ts writes it)', (path) => {
  expect(readFileSync(path, 'utf8')).toBe(generated.get(path));
});

it('docs/reference has no page that nothing writes', () => {
  const folder = 'docs/reference';
  const written = [...generated.keys()].filter((path) => path.startsWith(`${folder}/`));
  expect(readdirSync(folder).map((name) => `${folder}/${name}`)).toEqual(written.sort());
});
