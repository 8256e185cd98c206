/** Tables of the documentation are what the data say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { pagesWithTables } from '../../scripts/docs-tables.ts';
import { root } from './pages.ts';

it.each(pagesWithTables())('%s (npx tsx scripts/write-schemas.ts writes it)', async (path, text) => {
  const style = await resolveConfig('package.json');
  expect(readFileSync(join(root, path), 'utf8')).toBe(await format(text, { ...style, filepath: path }));
});
