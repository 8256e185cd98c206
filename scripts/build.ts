/**
 * Builds `dist`, which the package ships: ES modules of everything (`dist`), CommonJS of the library (`dist/cjs`), and the
 * libraries of which little is used in files of their own: ECharts, and date-holidays.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
rmSync('dist', { recursive: true, force: true });

// The second configuration compiles what the package exports; the command line and its charts are ES modules only.
for (const project of ['tsconfig.build.json', 'tsconfig.commonjs.json']) {
  const { status } = spawnSync(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', project], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}
writeFileSync(join('dist', 'cjs', 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);

/** Puts a file's libraries into what was compiled of it. */
function bundle(file: string, format: 'esm' | 'cjs'): void {
  const compiled = join(format === 'esm' ? 'dist' : join('dist', 'cjs'), file.replace(/\.ts$/, '.js'));
  const { metafile } = buildSync({
    entryPoints: [file],
    outfile: compiled,
    bundle: true,
    minify: true,
    platform: 'node',
    format,
    target: 'node20.9',
    legalComments: 'none',
    metafile: true,
  });
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  );
  for (const folder of packages) copyLicences(folder, join(dirname(compiled), 'licenses', basename(folder)));
}

/** Their licences ask for it: the notices go with the code. */
function copyLicences(folder: string, to: string): void {
  const licences = readdirSync(folder).filter((name) => /^(licen[cs]e|notice)/i.test(name));
  if (licences.length === 0) throw new Error(`${folder} is put into the package and has no licence`);
  for (const name of licences) cpSync(join(folder, name), join(to, name), { recursive: true });
}

bundle(join('lib', 'report', 'echarts.ts'), 'esm');
bundle(join('lib', 'planner', 'date-holidays.ts'), 'esm');
bundle(join('lib', 'planner', 'date-holidays.ts'), 'cjs');
