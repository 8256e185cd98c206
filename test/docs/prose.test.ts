import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWholeFleet } from '../../lib/cli/cell-files.ts';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { hostConfig } from '../../lib/software/cell-host.ts';
import { edgeHostConfig } from '../../lib/software/edge-host.ts';
import { cellstamp } from '../cli/run-command.ts';
import { pages, root } from './pages.ts';
import { commentsOf, pageFindings, filesBelow, textFindings, uncounted, wordsOf, type Finding } from './prose.ts';

/** `['tenant', 'move']` for every command that its parent's help lists. */
async function commands(parents: readonly string[] = []): Promise<readonly (readonly string[])[]> {
  const { stdout } = await cellstamp(...parents, '--help');
  // Of a word that is no command, the help of its parent is printed.
  if (!stdout.startsWith(`Usage: ${['npx cellstamp', ...parents].join(' ')} `)) return [];
  const isGroup = /^Usage: .*\[command\]/.test(stdout);
  const names = isGroup ? [...stdout.matchAll(/^ {2}([a-z][a-z-]*) .* {2,}\S/gm)].map(([, name]) => name!) : [];
  const found: (readonly string[])[] = [parents];
  // One after the other: what is printed is caught for one at a time.
  for (const name of names) if (name !== 'help') found.push(...(await commands([...parents, name])));
  return found;
}

const none = (findings: readonly Finding[]) =>
  expect(findings.map(({ where, text, instead }) => `${where}: ${instead}\n    ${text}`)).toEqual([]);

describe('plain English', () => {
  it('is found wanting where it is', async () => {
    const bad = 'The hosts are\nmade anew. `anew`\n\n```\nso many\n```\n';
    expect(await pageFindings('page', bad)).toEqual([
      { where: 'page:2', text: 'made anew. `anew`', instead: '"anew": again, or recreate' },
    ]);
  });

  it.each(pages)('in %s', async (page) => {
    none(await pageFindings(page, readFileSync(join(root, page), 'utf8')));
  });

  it('in the help of every command', async () => {
    const all = await commands();
    expect(all.length).toBeGreaterThan(35);
    for (const words of all) {
      const { stdout } = await cellstamp(...words, '--help');
      none(textFindings(`cellstamp ${words.join(' ')} --help`, stdout.replace(/\n {10,}/g, ' ')));
    }
  });

  it('in messages, descriptions of fields and texts of generated files', () => {
    // Texts of other programs are their own files.
    const files = ['lib', 'stacks']
      .flatMap((folder) => filesBelow(join(root, folder), '.ts'))
      .filter((path) => !path.endsWith('program-texts.ts'));
    none(
      files.flatMap((path) =>
        wordsOf(path).flatMap(({ line, text }) => textFindings(relative(root, path), text, line)),
      ),
    );
  });

  it('of a number that may be 1 before what it counts', () => {
    none(filesBelow(join(root, 'lib'), '.ts').flatMap(uncounted));
  });

  it('in programs in other languages', () => {
    const files = ['lib', 'examples'].flatMap((folder) => filesBelow(join(root, folder), '.py', '.c', '.sh'));
    expect(files.length).toBeGreaterThan(10);
    none(files.flatMap((path) => textFindings(relative(root, path), readFileSync(path, 'utf8'))));
  });

  it('in the comments of the code', () => {
    const files = ['lib', 'stacks', 'scripts', 'bench', 'examples'].flatMap((each) =>
      filesBelow(join(root, each), '.ts'),
    );
    none(
      files.flatMap((path) =>
        commentsOf(path).flatMap(({ line, text }) => textFindings(relative(root, path), text, line)),
      ),
    );
  });

  const { cells, front } = readWholeFleet(join(root, 'cells'));
  const nodeFleet = readWholeFleet(join(root, 'examples/kubernetes'));

  it.each([
    ...[...cells, ...nodeFleet.cells].flatMap((spec) => {
      const cell = deriveCell(spec, spec.kubernetes ? 'movable' : 'decided');
      return [[`cell ${cell.name}`, cell.hosts.map((host) => hostConfig(cell, host))] as const];
    }),
    ...[front, nodeFleet.front].map(
      (each) => [`front ${each.name}`, each.edges.map((edge) => edgeHostConfig(each, edge))] as const,
    ),
  ])('in the files of the hosts of %s', (_, hosts) => {
    const files = new Map(hosts.flatMap((host) => host.files.map(({ path, text }) => [text, path] as const)));
    expect(files.size).toBeGreaterThan(10);
    none([...files].flatMap(([text, path]) => textFindings(path, text)));
  });
});
