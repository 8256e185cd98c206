// npm links the commands of dependencies only. With this link `npx cellstamp` is the same command in a clone as where the package
// is installed. npm runs it after `npm ci` and `npm install` in a clone (`prepare`).
import { lstatSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const link = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', '.bin', 'cellstamp');
if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
  rmSync(link, { force: true });
  symlinkSync(join('..', '..', 'bin', 'cellstamp.js'), link);
}
