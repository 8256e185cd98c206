/**
 * The package as npm would publish it: built, its exports right by publint and by "are the types wrong", and each subpath
 * importable where only its own dependencies and peers are installed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

function must(program: string, ...args: string[]): void {
  const { status } = spawnSync(program, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(`${program} ${args.join(' ')} failed with status ${status}`);
    process.exit(1);
  }
}

/** Peers that each subpath may load; nothing else but the package's own dependencies is there when it is imported. */
const peers = {
  cellstamp: [],
  'cellstamp/capacity': [],
  'cellstamp/local': [],
  'cellstamp/aws': ['cdktf', 'constructs', '@cdktf/provider-aws'],
} as const satisfies Record<string, readonly string[]>;

must('npm', 'run', '--silent', 'build');
must('npx', '--no-install', 'publint', '--strict');
must('npx', '--no-install', 'attw', '--pack', '.', '--profile', 'esm-only', '--quiet');

const { dependencies, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
  version: string;
};
const packed = mkdtempSync(join(tmpdir(), 'cellstamp-package-'));
const archive = `cellstamp-${version}.tgz`;
must('npm', 'pack', '--silent', '--pack-destination', packed);
for (const [subpath, allowed] of Object.entries(peers)) {
  const scratch = mkdtempSync(join(tmpdir(), 'cellstamp-package-'));
  try {
    const installed = join(scratch, 'node_modules', 'cellstamp');
    mkdirSync(installed, { recursive: true });
    must('tar', '--extract', '--file', join(packed, archive), '--directory', installed, '--strip-components', '1');
    for (const name of [...Object.keys(dependencies), ...allowed]) {
      const link = join(scratch, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(process.cwd(), 'node_modules', name), link);
    }
    const program = `console.log(Object.keys(await import(${JSON.stringify(subpath)})).length)`;
    const count = Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: scratch, encoding: 'utf8' }),
    );
    if (!(count > 0)) throw new Error(`${subpath} exports nothing`);
    console.log(
      `${subpath}: ${count} exports, with ${allowed.length === 0 ? 'no peer' : allowed.join(', ')} installed`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
rmSync(packed, { recursive: true, force: true });
