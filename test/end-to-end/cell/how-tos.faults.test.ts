/** Pages that are followed from the top as root: every command of theirs, as printed, with a cell of this machine. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { down } from '../../../lib/targets/local/index.ts';
import { commandsOf, copyOfProject, root, runIn, type DocumentedCommand } from '../../docs/pages.ts';
import { describeWith } from '../../requirements.ts';

/** Each with what the reader has done before. docs/softphone.md has a test of its own. */
const followed: Readonly<Record<string, readonly string[]>> = {
  'docs/getting-started.md': [],
  'docs/drain-and-roll.md': [],
  'docs/data-fail-over.md': ['npx cellstamp up example'],
  'docs/local.md': [],
};
/** It installs packages of the machine. What it prints is below; test/dev-container.faults.test.ts has its set-up. */
const isStart = (line: string) => line === 'npm start';

const linesOf = (page: string): readonly DocumentedCommand[] =>
  commandsOf(page)
    // A front is two dozen hosts more.
    .filter(({ needs, text }) => needs === 'root' && !text.includes('--front'))
    .flatMap((block) => block.text.split('\n').map((text): DocumentedCommand => ({ ...block, text })))
    .filter(({ text }) => text !== '' && !isStart(text));

describeWith(['root', 'debian-packages'], 'a page that is followed as printed', () => {
  describe.each(Object.entries(followed))('%s', (page, before) => {
    let folder: string;
    beforeAll(() => {
      folder = copyOfProject();
      for (const text of before) runIn(folder, { place: page, text, needs: 'root', output: undefined });
    });
    afterAll(async () => {
      await down('example');
      rmSync(folder, { recursive: true });
    });

    it.each(linesOf(page))('$place: $text', (line) => {
      const { status, stdout, stderr } = runIn(folder, line);
      expect(status, `${stdout}${stderr}`).toBe(0);
    });
  });

  it('README.md prints what `npm start` prints, but for figures and what this machine lacks', () => {
    const [, printed] = /^```\n(\d+ hosts of a cell are up[^`]*)```$/m.exec(
      readFileSync(join(root, 'README.md'), 'utf8'),
    )!;
    const folder = copyOfProject();
    try {
      const start = { place: 'README.md', text: 'npx cellstamp try', needs: 'root', output: undefined } as const;
      const { status, stdout } = runIn(folder, start);
      expect(status).toBe(0);
      const form = (text: string) =>
        text
          .split('\n')
          .filter((line) => !/FreeSWITCH|xt_RTPENGINE/.test(line))
          .map((line) => line.replace(/\d+(\.\d+)?/g, 'N').replace(/ +/g, ' '));
      expect(form(stdout.trimEnd())).toEqual(form(printed!.trimEnd()));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
