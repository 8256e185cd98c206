/** Pictures of the documentation, as the commands on its pages draw them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Charts of the page that `plan --html` writes for docs/planning.md, by file: those for phones, which fit any column. */
const charts = { 'docs/pictures/demand.svg': 'euc1-a-relayedCalls-narrow' };

export function pictures(): readonly (readonly [path: string, svg: string])[] {
  const page = examplePlan();
  return Object.entries(charts).map(([path, id]) => [path, alone(page, id)]);
}

function examplePlan(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-pictures-'));
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, ['--import', 'tsx', ...args], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const now = '2026-03-02T09:00:00Z';
  try {
    cpSync(join(root, 'examples/planning'), folder, { recursive: true });
    writeFileSync(join(folder, 'history/tenants.csv'), run('examples/planning/make-history.ts', now));
    const html = join(folder, 'plan.html');
    const from = ['--cells', join(folder, 'cells'), '--planning', join(folder, 'planning.yaml')];
    const plan = ['--import', 'tsx', 'lib/cli/main.ts', 'plan', ...from, '--now', now, '--html', html];
    const { status, stderr } = spawnSync(process.execPath, plan, { cwd: root, encoding: 'utf8' });
    // 2: there is something to do.
    if (status !== 0 && status !== 2) throw new Error(stderr);
    return readFileSync(html, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A chart of a page as a file of its own, on the page's ground, in its colours of light and dark. */
function alone(page: string, id: string): string {
  const svg = new RegExp(`<svg [^>]*aria-labelledby="${id}-title[^]*?</svg>`).exec(page)![0];
  const [colours] = /:root \{[^]*?\n\}\n@media[^]*?\n {2}\}\n\}/.exec(page.replace(/^ {10}/gm, ''))!;
  return svg.replace(
    /^(<svg [^>]*>)/,
    (open) => `${open}\n<style>\n${colours}\nsvg { background: var(--ground); }\n</style>\n`,
  );
}
