/**
 * Builds the documentation as a site: `npm run docs`, or `npx tsx scripts/docs-site.ts FOLDER`. Its pages are those of docs/, and
 * the reference of the library comes from its doc comments. The site is files alone: it needs no server, and its search no network.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';
import { stringify } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Pages of the first level, in the order of the navigation. What a section's table leads to is below it. */
const sections = [
  'docs/getting-started.md',
  'docs/concepts.md',
  'docs/how-to.md',
  'docs/operations.md',
  'docs/targets.md',
  'docs/security.md',
  'docs/cost.md',
  'docs/reference.md',
  'docs/faq.md',
  'docs/upgrading.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
];

/** The pages of the navigation, from the top, each with those below it. A page is below the first that leads to it. */
export function navigation(): ReadonlyMap<string, readonly string[]> {
  const below = new Map<string, readonly string[]>();
  const placed = new Set(sections);
  const place = (page: string): void => {
    const own = namedInTable(page).filter((child) => !placed.has(child) && placed.add(child));
    below.set(page, own);
    own.forEach(place);
  };
  sections.forEach(place);
  return below;
}

/** Pages in the first column of a section's table; of the alerts, their runbooks. */
function namedInTable(page: string): readonly string[] {
  if (page !== 'docs/alerts.md' && !sections.includes(page)) return [];
  const link = page === 'docs/alerts.md' ? /\]\((runbooks\/[^)#]+\.md)\)/g : /^\| \[[^\]]*\]\(([^)#]+\.md)\)/gm;
  return [...textOf(page).matchAll(link)].map(([, target]) => pathFrom(page, target!));
}

export const titleOf = (page: string): string => /^# (.*)$/m.exec(textOf(page))![1]!.replaceAll('`', '');

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** From the root, what a page means by a path. */
const pathFrom = (page: string, target: string): string => relative(root, resolve(root, dirname(page), target));

/**
 * @param out an existing site there is replaced
 * @throws Error when a link leads nowhere, or when a page or a doc comment can't be read; each such problem is printed
 */
export async function buildSite(out: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-site-'));
  try {
    copyPages(folder);
    const app = await Application.bootstrap({
      name: 'Cellstamp',
      entryPoints: ['', 'targets/aws/', 'targets/kubernetes/', 'targets/local/', 'planner/'].map((room) =>
        join(root, `lib/${room}index.ts`),
      ),
      tsconfig: join(root, 'tsconfig.json'),
      // The project's own checks do that.
      skipErrorChecking: true,
      projectDocuments: sections.map((page) => join(folder, page)),
      readme: join(folder, 'README.md'),
      router: 'structure',
      navigation: { includeCategories: false, includeGroups: false, includeFolders: false },
      searchInDocuments: true,
      highlightLanguages: ['bash', 'csv', 'ini', 'json', 'sql', 'typescript', 'yaml'],
      ignoredHighlightLanguages: ['mermaid', 'promql'],
      customCss: join(root, 'scripts/docs-site.css'),
      customJs: join(root, 'scripts/docs-diagrams.js'),
      excludeExternals: true,
      excludeInternal: true,
      excludePrivate: true,
      disableSources: true,
      githubPages: false,
      hideGenerator: true,
      validation: { invalidLink: true, invalidPath: true, rewrittenLink: true, notExported: false },
      out,
    });
    const project = await app.convert();
    if (project !== undefined) {
      app.validate(project);
      await app.generateOutputs(project);
      copyFileSync(join(root, 'node_modules/mermaid/dist/mermaid.min.js'), join(out, 'assets/mermaid.min.js'));
    }
    if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('the pages have the problems above');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The generator reads titles and places in the navigation from the pages; here they get them. */
function copyPages(folder: string): void {
  for (const name of ['cells', 'examples', 'docs/pictures', '.devcontainer', 'LICENSE', 'NOTICE']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  for (const [page, below] of navigation()) {
    const children = below.map((child) => relative(dirname(page), child));
    const place = stringify({ title: titleOf(page), ...(children.length > 0 && { children }) });
    mkdirSync(dirname(join(folder, page)), { recursive: true });
    writeFileSync(join(folder, page), `---\n${place}---\n\n${withoutFolders(page)}`);
  }
  // The generator writes the title of the first page itself.
  writeFileSync(join(folder, 'README.md'), withoutFolders('README.md').replace(/^# .*\n/, ''));
}

/** A folder of the project is not a page of the site: its path stands in the place of a link. */
const withoutFolders = (page: string): string =>
  textOf(page).replace(/\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)\)/g, (link, text: string, target: string) => {
    const path = pathFrom(page, target);
    return statSync(join(root, path)).isDirectory() ? (text === path ? `\`${path}\`` : `${text} (\`${path}\`)`) : link;
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildSite(resolve(process.argv[2] ?? join(root, 'site')));
}
