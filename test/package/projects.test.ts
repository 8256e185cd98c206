/** Projects of people who build on the package, with what npm installs for them today. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, inject, it, type TestContext } from 'vitest';
import { must, newFolder, nodeOf, registryMissing, removeFolders, run } from './project.ts';

const archive = inject('archive');
afterAll(removeFolders);

/** `npm install`, or a skip where there is no registry. */
async function install(folder: string, skip: TestContext['skip'], ...packages: readonly string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  const { status, output } = await run(folder, 'npm', 'install', ...quiet, ...packages);
  if (registryMissing(output)) skip('needs the npm registry');
  expect(status, output).toBe(0);
}

const stack = `
import { Construct } from 'constructs';
import { TerraformStack } from 'cdktf';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { parseCell, type CellSpec } from 'cellstamp';
import { VoipCell } from 'cellstamp/aws';
import { erlangB } from 'cellstamp/capacity';
import * as schema from 'cellstamp/cell.schema.json';

export const linesOf = (erlangs: number): number => erlangB(erlangs, 10);
export const title: string = schema.title;
export class VoiceStack extends TerraformStack {
  readonly cell: VoipCell;
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const spec: CellSpec = parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, size: 'small' });
    new AwsProvider(this, 'aws', { region: spec.region });
    this.cell = new VoipCell(this, 'cell', { spec });
  }
}
`;
const main = `
import { App } from 'cdktf';
import { VoiceStack } from './voice-stack';
const app = new App();
new VoiceStack(app, 'voice');
app.synth();
`;
const test = `
import 'cdktf/lib/testing/adapters/jest';
import { Instance } from '@cdktf/provider-aws/lib/instance';
import { Testing } from 'cdktf';
import { VoiceStack } from '../voice-stack';
it('has hosts', () => {
  const stack = new VoiceStack(Testing.app(), 'voice');
  expect(Testing.synth(stack, true)).toHaveResource(Instance);
  expect(stack.cell.cell.media).toHaveLength(4);
});
`;

it('the project that cdktf init makes compiles, tests and synthesises a cell', async ({ skip }) => {
  const folder = newFolder();
  cpSync('node_modules/@cdktf/cli-core/templates/typescript', folder, { recursive: true });
  const template = readFileSync(join(folder, 'package.json'), 'utf8');
  writeFileSync(join(folder, 'package.json'), template.replace('{{ $base }}', 'voice'));
  writeFileSync(join(folder, 'voice-stack.ts'), stack);
  writeFileSync(join(folder, 'main.ts'), main);
  writeFileSync(join(folder, '__tests__', 'main-test.ts'), test);
  // What cdktf init installs, but for TypeScript 7, with which ts-jest and ts-node do not start.
  await install(folder, skip, 'cdktf@0.21.0', 'constructs@10');
  await install(
    folder,
    skip,
    '-D',
    'typescript@5.9',
    'jest@30',
    'ts-jest@29',
    '@types/jest@30',
    '@types/node@20',
    'ts-node@10',
    'tsx@4',
  );
  await install(folder, skip, '@cdktf/provider-aws@21', archive);

  await must(folder, 'npx', '--no-install', 'tsc', '--noEmit');
  await must(folder, 'npx', '--no-install', 'jest');
  await must(folder, 'npx', '--no-install', 'ts-node', 'main.ts');
  expect(readdirSync(join(folder, 'cdktf.out', 'stacks'))).toEqual(['voice']);
  expect(readdirSync(join(folder, 'node_modules'))).not.toContain('echarts');
  expect((await must(folder, 'npx', '--no-install', 'cellstamp', '--help')).split('\n')[0]).toMatch(
    /^Usage: npx cellstamp /,
  );

  // The documentation's example, as an ES module.
  mkdirSync(join(folder, 'esm'));
  writeFileSync(join(folder, 'esm', 'package.json'), '{ "type": "module" }');
  cpSync('examples/library/main.ts', join(folder, 'esm', 'main.ts'));
  const nodeNext = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck', '--types', 'node'];
  await must(join(folder, 'esm'), 'npx', '--no-install', 'tsc', ...nodeNext, 'main.ts');
  await must(join(folder, 'esm'), process.execPath, 'main.js');
  expect(readdirSync(join(folder, 'esm', 'cdktf.out', 'stacks'))).toEqual(['voice']);

  // A fleet of its own, with the packages above it.
  await must(folder, 'npx', '--no-install', 'cellstamp', 'init', 'fleet', '--region', 'eu-west-1');
  const fleet = join(folder, 'fleet');
  await must(fleet, 'npx', '--no-install', 'tsc');
  await must(fleet, 'npx', '--no-install', 'cellstamp', 'check');
  await must(fleet, process.execPath, '--import', 'tsx', 'stacks/main.ts');
  expect(readdirSync(join(fleet, 'cdktf.out', 'stacks'))).toEqual(['cell-eu-west-1-a']);
  expect((await run(fleet, 'npx', '--no-install', 'tsx', 'pipeline/terraform-stack.ts', 'nonsense')).output).toMatch(
    /^usage: terraform-stack\.ts plan/,
  );
}, 400_000);

it('the package.json of the documentation installs CDK Terrain in place of cdktf', async ({ skip }) => {
  const node = await nodeOf('22');
  if (node === undefined) return skip('needs Node.js 22 from npm');
  const folder = newFolder();
  const block = /```json\n(\{[^`]*cdktn[^`]*\})\n```/.exec(readFileSync('docs/library.md', 'utf8'))![1]!;
  const shown = JSON.parse(block) as { dependencies: Record<string, string> };
  expect(shown.dependencies).toHaveProperty('cellstamp');
  shown.dependencies['cellstamp'] = archive;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...shown, private: true, type: 'module' }));
  await install(folder, skip);
  const installed = JSON.parse(readFileSync(join(folder, 'node_modules/cdktf/package.json'), 'utf8')) as object;
  expect(installed).toMatchObject({ name: 'cdktn' });
  await must('.', 'npx', '--no-install', 'esbuild', 'examples/library/main.ts', `--outfile=${join(folder, 'main.js')}`);
  await must(folder, node, 'main.js');
  expect(readdirSync(join(folder, 'cdktf.out', 'stacks'))).toEqual(['voice']);
}, 300_000);
