/** The command in a clone of the project, and the words with which everything here names it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneOfProject, must, removeFolders, run } from './project.ts';

afterAll(removeFolders);

describe('in a clone', () => {
  let clone: string;
  beforeAll(() => {
    clone = cloneOfProject();
  });

  /** npm links a project's own command into its cache: into one of the clone here. */
  const npx = () => ['--no-install', '--cache', `${clone}/.npm`, 'cellstamp'];

  it('npx cellstamp is there without a build', async () => {
    expect(await must(clone, 'npx', ...npx(), 'check')).toMatch(/ files: 0 errors, /);
  });

  it('it ends with the status of the command', async () => {
    const { status, output } = await run(clone, 'npx', ...npx(), 'scalle');
    expect(output).toContain("unknown command 'scalle'");
    expect(status).toBe(2);
  });
});

it('a clone in which nothing is installed yet says what to do', async () => {
  const clone = cloneOfProject();
  rmSync(`${clone}/node_modules`, { recursive: true });
  expect(await run(clone, process.execPath, 'bin/cellstamp.js', 'check')).toEqual({
    status: 1,
    output:
      'cellstamp: the npm packages of this clone are not installed; run npm start, which installs them, or npm ci\n',
  });
});

/** Every text in which somebody may read a command. */
const texts = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((path) => /^(README|CONTRIBUTING|docs\/|examples\/|lib\/|stacks\/|cells\/|bench\/|scripts\/)/.test(path))
  // Help is wrapped for a terminal, within a command too.
  .map((path) => ({ path, text: readFileSync(path, 'utf8').replace(/\bnpx\n +cellstamp/g, 'npx cellstamp\n') }));

/** Commands of the program; those of a command are `rollout.command('cell')`. */
const names = texts
  .filter(({ path }) => path.startsWith('lib/cli/commands/'))
  .flatMap(({ text }) => [...text.matchAll(/\bprogram\s*\.command\('([a-z-]+)'/g)].map(([, name]) => name!));

it('everything spells the command so that it can be pasted: npx cellstamp', () => {
  expect(names).toContain('edge-keys');
  const commands = [...names, '--'].join('|');
  // The name by itself (of an author, of a library, of a message) is no command.
  const other = new RegExp(`(?<!npx )(?<!NAME: )\\bcellstamp (${commands})|tsx lib/cli/main\\.ts`);
  const wrong = texts.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (other.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(wrong).toEqual([]);
  // A line that ends within the command.
  const broken = new RegExp(`(?<!npx )\\bcellstamp\\n[ *]*(${names.join('|')})\\b`);
  expect(texts.filter(({ text }) => broken.test(text)).map(({ path }) => path)).toEqual([]);
});

it('every command of the README and the docs is one that there is', () => {
  const used = texts
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/npx cellstamp ([a-z][a-z-]*)/g)].map(([, name]) => `${path}: ${name}`),
    );
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((use) => !names.includes(use.split(': ')[1]!))).toEqual([]);
});

it('the package holds every file that its README links to', async () => {
  const links = [...readFileSync('README.md', 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((found) => found[1]!);
  expect(links.length).toBeGreaterThan(5);
  const packed = await must('.', 'npm', 'pack', '--dry-run', '--ignore-scripts', '--json');
  const [{ files: inPackage }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ files: { path: string }[] }];
  const missing = links.filter((link) => !inPackage.some(({ path }) => path === link || path.startsWith(`${link}/`)));
  expect(missing).toEqual([]);
});
