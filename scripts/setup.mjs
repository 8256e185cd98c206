// Makes a fresh clone ready: npm packages, then the Debian packages that a cell on this machine runs. Plain JavaScript without
// dependencies, because it runs before there are any. Quiet when there is nothing to do. `--tests` also installs what only tests use.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const unknown = process.argv.slice(2).filter((word) => word !== '--tests');
if (unknown.length > 0) {
  console.error(`set-up: unknown: ${unknown.join(' ')}; allowed: --tests`);
  process.exit(2);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (error || status !== 0) {
    console.error(
      `set-up: ${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ` with status ${status}`}`,
    );
    process.exit(1);
  }
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(`Cellstamp needs Node.js 20.9 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

// The stamp says which lock file the installed packages came from.
const stamp = join('node_modules', '.cellstamp-lock');
const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('set-up: npm ci');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

if (process.platform === 'linux')
  run(join('node_modules', '.bin', 'tsx'), [join('scripts', 'install-debian-packages.ts'), ...process.argv.slice(2)]);
