import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandsOf, copyOfProject, pages, runIn } from './pages.ts';

/** What takes minutes may need what the commands before it have written. */
const long = pages.filter((page) => commandsOf(page).some((command) => command.needs === 'minutes'));

describe.each(long)('%s, with what takes minutes', (page) => {
  let folder: string;
  beforeAll(() => void (folder = copyOfProject()));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(commandsOf(page).filter(({ needs }) => needs === undefined || needs === 'minutes'))(
    '$place: $text',
    (command) => {
      const { status, stdout, stderr } = runIn(folder, command);
      expect([0, 2], `${stdout}${stderr}`).toContain(status);
    },
  );
});
