/**
 * Builds `dist`, which the package ships: ES modules of everything (`dist`), CommonJS of the library (`dist/cjs`), and the
 * charts with ECharts in them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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

const page = join('dist', 'lib', 'report');
buildSync({
  entryPoints: [join('lib', 'report', 'echarts.ts')],
  outfile: join(page, 'echarts.js'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.9',
  legalComments: 'none',
});
// Their licences ask for it: the notices go with the code.
for (const name of ['echarts', 'zrender']) {
  const notices = join(page, 'licenses', name);
  mkdirSync(notices, { recursive: true });
  cpSync(join('node_modules', name, 'LICENSE'), join(notices, 'LICENSE'));
}
for (const file of ['NOTICE', join('licenses', 'LICENSE-d3')])
  cpSync(join('node_modules', 'echarts', file), join(page, 'licenses', 'echarts', basename(file)));
