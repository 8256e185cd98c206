/** A release: changesets become a version and its entry in the changelog. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { cloneOfProject, manifest, must, removeFolders } from './project.ts';

afterAll(removeFolders);

it('raises the version and puts the entry above the earlier ones', async () => {
  const clone = cloneOfProject();
  // Those of the next release would stand in the entry, too.
  for (const name of readdirSync(`${clone}/.changeset`).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )) {
    rmSync(`${clone}/.changeset/${name}`);
  }
  writeFileSync(`${clone}/.changeset/quiet-phones-ring.md`, '---\ncellstamp: minor\n---\n\nPhones ring quietly.\n');
  await must(clone, 'npx', '--no-install', 'changeset', 'version');
  const [major, minor] = manifest.version.split('.').map(Number);
  const next = `${major}.${minor! + 1}.0`;
  expect((JSON.parse(readFileSync(`${clone}/package.json`, 'utf8')) as typeof manifest).version).toBe(next);
  expect(readFileSync(`${clone}/CHANGELOG.md`, 'utf8')).toMatch(
    new RegExp(
      `^# Changes\n\n## ${next}\n\n### Minor Changes\n\n- (\\w+: )?Phones ring quietly\\.\n\n## ${manifest.version}\n`,
    ),
  );
  expect(readdirSync(`${clone}/.changeset`).sort()).toEqual(['README.md', 'config.json']);
  await must(clone, 'npx', '--no-install', 'prettier', '--check', 'CHANGELOG.md', 'package.json');
});
