/**
 * The library on CDK Terrain, the maintained fork of CDK for Terraform: by an override of one package, nothing else. Its
 * packages are fetched from the npm registry, as a user would.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { maximal } from '../targets/aws/synth.ts';
import { synthCell } from './synth.ts';
import type { Answer } from './terraform.ts';

/** CDK Terrain supports Node.js 22 and newer. */
const node = ['npx', '--yes', '-p', 'node@22', 'node'] as const;
const fork = 'npm:cdktn@0.24.0';

const { devDependencies, dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
  'devDependencies' | 'dependencies',
  Record<string, string>
>;

const manifest = {
  private: true,
  type: 'module',
  dependencies: {
    ...dependencies,
    ...Object.fromEntries(['constructs', '@cdktf/provider-aws', 'tsx'].map((name) => [name, devDependencies[name]])),
    cdktf: fork,
  },
  overrides: { cdktf: fork },
};

const folder = mkdtempSync(join(tmpdir(), 'cellstamp-cdktn-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, ...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

it('makes the same stack on CDK Terrain, but for the version in its metadata', async ({ skip }) => {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const installed = await run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline');
  if (/ENOTFOUND|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN/.test(installed.output)) skip('needs the npm registry for cdktn');
  expect(installed.status, installed.output).toBe(0);
  for (const part of ['lib', 'stacks']) cpSync(part, join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'cells'));
  writeFileSync(join(folder, 'cells', `${maximal.name}.yaml`), JSON.stringify(maximal));

  const synth = await run(node[0], ...node.slice(1), '--import', 'tsx', 'stacks/main.ts');
  expect(synth.status, synth.output).toBe(0);
  const read = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as Record<string, unknown>;
  const terrain = read(`cdktf.out/stacks/cell-${maximal.name}/cdk.tf.json`);
  expect(read('node_modules/cdktf/package.json')).toMatchObject({ name: 'cdktn', version: '0.24.0' });

  const plain = (config: unknown) => {
    const { '//': top, ...rest } = config as { '//': { metadata: { version: string } } };
    const { version, ...metadata } = top.metadata;
    expect(version).toMatch(/^0\.2\d\.\d$/);
    return { ...rest, '//': { ...top, metadata } };
  };
  expect(plain(terrain)).toEqual(plain(synthCell(maximal)));
}, 300_000);
