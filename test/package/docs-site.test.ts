/** The documentation as a site: every link and anchor leads somewhere, and the search knows the pages. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { inflateSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { navigation, titleOf } from '../../scripts/docs-site.ts';
import { pages } from '../docs/pages.ts';
import { colours, launchBrowser, layoutOf, widths } from '../page-layout.ts';
import { describeWith } from '../requirements.ts';
import { must, newFolder, removeFolders } from './project.ts';

let site: string;
beforeAll(async () => {
  site = newFolder();
  await must('.', process.execPath, '--import', 'tsx', 'scripts/docs-site.ts', site);
});
afterAll(removeFolders);

const files = (...endings: readonly string[]) =>
  readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readFileSync(join(site, path), 'utf8') }));

describe('the site', () => {
  it('has every page of the documentation in its navigation', () => {
    expect([...navigation().keys()].sort()).toEqual(
      [...pages.filter((page) => page !== 'README.md'), 'CHANGELOG.md', 'SECURITY.md'].sort(),
    );
  });

  it('has no dead link and no dead anchor', () => {
    // Icons are links into a file of pictures.
    const anchors = new Map(
      files('.html', '.svg').map(({ path, text }) => [
        path,
        new Set([...text.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id!)),
      ]),
    );
    const links = files('.html').flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:href|src)="(?!https?:|mailto:|#")([^"]*)"/g)].map(([, link]) => ({ path, link: link! })),
    );
    expect(links.length).toBeGreaterThan(5000);
    const isDead = ({ path, link }: { readonly path: string; readonly link: string }) => {
      const [target = '', anchor] = decodeURIComponent(link).split('#');
      const file = target === '' ? path : normalize(join(dirname(path), target));
      if (!existsSync(join(site, file))) return true;
      return anchor !== undefined && !(anchors.get(file)?.has(anchor) ?? false);
    };
    expect(links.filter(isDead)).toEqual([]);
  });

  it('asks no other server for anything', () => {
    const loaded = files('.html').flatMap(({ path, text }) =>
      [...text.matchAll(/<(?:script|link|img)\b[^>]*\b(?:src|href)="(https?:[^"]*)"/g)].map(
        ([, from]) => `${path}: ${from}`,
      ),
    );
    expect(loaded).toEqual([]);
  });

  it('searches the pages and the reference without a server', () => {
    const [, data] = /^window\.searchData = "([^"]+)"/.exec(readFileSync(join(site, 'assets/search.js'), 'utf8'))!;
    const { rows, index } = JSON.parse(inflateSync(Buffer.from(data!, 'base64')).toString()) as {
      readonly rows: readonly { readonly name: string }[];
      readonly index: { readonly invertedIndex: readonly (readonly [word: string, ...unknown[]])[] };
    };
    const names = rows.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...navigation().keys()].map(titleOf)));
    expect(names).toEqual(expect.arrayContaining(['parseCell', 'VoipCell']));
    // A word of a page's text alone.
    expect(index.invertedIndex.map(([word]) => word)).toContain('softphone');
  });
});

describeWith(['chromium'], 'the site in a browser', () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser?.close());

  /** Of each kind: the first page, diagrams, a chart, long names in headings and tables, commands, wide tables, the library. */
  const kinds = [
    'index.html',
    'Concepts/Architecture.html',
    'Concepts/The_planner.html',
    'Concepts/What_happens_to_a_call.html',
    'How-to/A_softphone.html',
    'Operations/Call_records.html',
    'Reference/Figures_of_machines.html',
    'Reference/Settings_of_a_cell.html',
    'Reference/The_command.html',
    'Targets/On_AWS.html',
    'cellstamp/aws/VoipCell.html',
  ];

  it.each(kinds)('%s is readable on a phone, a tablet and a desk, in light and dark', async (path) => {
    const page = await browser.newPage();
    await page.goto(`file://${join(site, path)}`);
    for (const colorScheme of colours) {
      await page.emulateMedia({ colorScheme });
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        await page.waitForFunction(
          '[...document.querySelectorAll(".diagram")].every((each) => each.querySelector("svg"))',
        );
        const { texts, ...wrong } = await layoutOf(page);
        expect(texts).toBeGreaterThan(20);
        const fine = { small: [], overlapping: [], clipped: [], faint: [], sideways: 0 };
        expect(wrong, `${width} px, ${colorScheme}`).toEqual(fine);
      }
    }
    await page.close();
  });

  it('draws the diagrams of pages, from its own files', async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(request.url()));
    await page.goto(`file://${join(site, 'Concepts/Architecture.html')}`);
    await page.waitForSelector('.diagram svg');
    expect(asked.filter((url) => url.endsWith('/mermaid.min.js'))).toHaveLength(1);
    expect(asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    await page.close();
  });
});
