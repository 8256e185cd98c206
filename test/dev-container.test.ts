import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

it('the dev container is Debian 12 with a Node.js that the package supports, and is set up as a clone is', () => {
  const container = JSON.parse(read('.devcontainer/devcontainer.json').replace(/^\s*\/\/.*$/gm, '')) as Record<
    'image' | 'remoteUser' | 'postCreateCommand',
    string
  > & { readonly runArgs: readonly string[] };
  const [, major] = /^node:(\d+)-bookworm$/.exec(container.image) ?? [];
  const { engines, scripts } = JSON.parse(read('package.json')) as {
    readonly engines: { readonly node: string };
    readonly scripts: Readonly<Record<string, string>>;
  };
  expect(`>=${major}.9`).toBe(engines.node);
  // Namespaces and mounts.
  expect(container).toMatchObject({ remoteUser: 'root', runArgs: ['--privileged'] });
  expect(scripts['start']).toMatch(new RegExp(`^${container.postCreateCommand} && `));
  expect(existsSync(join(root, container.postCreateCommand.replace('node ', '')))).toBe(true);
});
