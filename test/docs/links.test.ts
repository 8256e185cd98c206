/** Every link of the documentation that stays in the project leads somewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { pages, root } from './pages.ts';

/** As GitHub names the anchors of a page's headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```$/gm, '');
  const seen = new Map<string, number>();
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
      const anchor = heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-');
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    }),
  );
}

function deadLinksOf(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```$/gm, '');
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && !(file.endsWith('.md') && anchorsOf(file).has(anchor));
  });
}

it.each([...pages, 'CHANGELOG.md', 'SECURITY.md'])('%s', (page) => {
  expect(deadLinksOf(page)).toEqual([]);
});

/** Pages that a page names, by their paths from the root. */
const namedIn = (page: string): readonly string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#]+)/g)].map(([, link]) => join(dirname(page), link!));

it('README leads to every page, over other pages', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const next of namedIn(page)) if (pages.includes(next)) reached.add(next);
  }
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});
