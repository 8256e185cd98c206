#!/usr/bin/env node
// The command `cellstamp`: compiled in the package, TypeScript in a clone of the project, where nothing has to be built first.
import { existsSync } from 'node:fs';

const source = new URL('../lib/cli/main.ts', import.meta.url);
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api').catch(() => {
    console.error(
      'cellstamp: the npm packages of this clone are not installed; run npm start, which installs them, or npm ci',
    );
    process.exit(1);
  });
  register();
  await import(source.href);
} else {
  await import('../dist/lib/cli/main.js');
}
