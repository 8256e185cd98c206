/** One line of a log in a terminal of 80 columns: the subject of a commit behind its abbreviated hash. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const LONGEST = 72;
/** The rule holds for the commits after this one. Some before it are longer, and history is not rewritten. */
const since = 'fefffefa8dd8f9f48b5676f008ca7c3e589c41e1';

const git = (...args: readonly string[]) => spawnSync('git', args, { encoding: 'utf8' });
const hasHistory = git('merge-base', '--is-ancestor', since, 'HEAD').status === 0;

it.skipIf(!hasHistory)(`subjects of commits have at most ${LONGEST} characters (needs the history of git)`, () => {
  const subjects = git('log', '--format=%s', `${since}..HEAD`).stdout.split('\n');
  expect(subjects.filter((subject) => subject.length > LONGEST)).toEqual([]);
});
