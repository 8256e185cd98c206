import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandsOf, copyOfProject, hasOutput, missingFiles, needs, pages, root, runIn } from './pages.ts';

describe.each(pages.filter((page) => commandsOf(page).length > 0))('%s', (page) => {
  let folder: string;
  beforeAll(() => void (folder = copyOfProject()));
  afterAll(() => rmSync(folder, { recursive: true }));

  const commands = commandsOf(page);

  it.each(commands.filter((command) => command.needs === undefined))('$place: $text', (command) => {
    const { status, stdout, stderr } = runIn(folder, command);
    // A plan that has something to do ends with 2, which is no failure.
    const good = /cellstamp plan /.test(command.text) ? [0, 2] : [0];
    expect(good, `${stdout}${stderr}`).toContain(status);
    if (command.output !== undefined && !hasOutput(stdout, command.output)) {
      expect(stdout, 'what the page prints is not what the command prints').toBe(command.output.join('\n'));
    }
  });

  const others = commands.filter((command) => command.needs !== undefined && !/^\//.test(command.text));
  it('names no file that is not there in what this machine does not run', () => {
    expect(others.flatMap((command) => missingFiles(folder, command))).toEqual([]);
  });
});

describe('the pages', () => {
  const all = pages.flatMap(commandsOf);

  it('say of every command whether it runs everywhere, and what it needs otherwise', () => {
    const count = (need: string | undefined) => all.filter((command) => command.needs === need).length;
    expect(count(undefined)).toBeGreaterThan(10);
    for (const need of needs) expect(count(need), need).toBeGreaterThan(0);
  });

  it('name source files and tests that are there', () => {
    const folders = ['', 'lib', 'lib/software', 'lib/software/kamailio', 'test'];
    const named = pages.flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/`([\w-]+(?:\/[\w.-]+)+\.(?:ts|py|c|tf))`/g)].map(
        ([, path]) => ({ page, path: path! }),
      ),
    );
    expect(named.length).toBeGreaterThan(30);
    const isThere = ({ path }: { readonly path: string }) =>
      folders.some((folder) => existsSync(join(root, folder, path)));
    expect(named.filter((file) => !isThere(file))).toEqual([]);
  });

  it('print the output of a command in its own block', () => {
    expect(all.filter(({ output }) => output !== undefined).length).toBeGreaterThan(0);
  });
});

describe('the comments of programs', () => {
  it('make-history.ts is run as its comment says', () => {
    const file = 'examples/planning/make-history.ts';
    const [, text] = /^ \* {3}(npx tsx .*)$/m.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    const folder = copyOfProject();
    try {
      const command = { place: file, text: text!, needs: undefined, output: undefined };
      expect(runIn(folder, command)).toMatchObject({ status: 0, stderr: '' });
      const [, target] = />\s*(\S+)/.exec(text!)!;
      expect(readFileSync(join(folder, target!), 'utf8')).toMatch(/^time,tenant,resource,value\n\d{4}-/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
