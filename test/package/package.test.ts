/**
 * The package as npm would publish it, where only its own dependencies and the peers that it needs are installed: as ES modules
 * and as CommonJS, on the oldest Node.js and on newer ones.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { manifest, must, nodeOf, projectWith, removeFolders, run, subpaths } from './project.ts';

/** Peers that each subpath may load; nothing else but the package's own dependencies is there. */
const peers: Readonly<Record<string, readonly string[]>> = {
  cellstamp: [],
  'cellstamp/capacity': [],
  'cellstamp/local': [],
  'cellstamp/kubernetes': ['@pulumi/pulumi', '@pulumi/kubernetes'],
  'cellstamp/aws': ['cdktf', 'constructs', '@cdktf/provider-aws'],
};

const archive = inject('archive');
/** By subpath. */
const projects = new Map<string, string>();
beforeAll(async () => {
  for (const subpath of subpaths) projects.set(subpath, await projectWith(archive, ...peers[subpath]!));
});
afterAll(removeFolders);

describe('the archive', () => {
  it('passes publint', async () => {
    await must('.', 'npx', '--no-install', 'publint', 'run', archive, '--strict');
  });

  it('has types for every way of resolving them, ES modules and CommonJS', async () => {
    await must('.', 'npx', '--no-install', 'attw', archive, '--format', 'ascii');
  });

  it('has no charts among its dependencies, and draws them all the same', async () => {
    const project = projects.get('cellstamp')!;
    const scenario = join(process.cwd(), 'examples', 'scenarios', 'metrics-outage.yaml');
    const command = join('node_modules', 'cellstamp', 'bin', 'cellstamp.js');
    const args = ['simulate', '--scenario', scenario, '--policy', 'reactive', '--html', 'page.html'];
    expect(await must(project, process.execPath, command, ...args)).toContain('plots: page.html');
    expect(await must(project, 'grep', '-c', '<svg', 'page.html')).toMatch(/^[1-9]/);
  });
});

describe('the library of holidays', () => {
  it('is not among the dependencies', () => {
    expect(Object.keys(manifest.dependencies)).not.toContain('date-holidays');
  });

  it.each([
    ['module', "import { publicHolidays } from 'cellstamp/capacity';"],
    ['commonjs', "const { publicHolidays } = require('cellstamp/capacity');"],
  ])('is in the package all the same, for a program that is %s', async (type, imported) => {
    const program = `${imported} console.log(publicHolidays('DE', 2026, 'BY').map(({ date }) => date).join())`;
    const dates = await must(
      projects.get('cellstamp/capacity')!,
      process.execPath,
      `--input-type=${type}`,
      '-e',
      program,
    );
    expect(dates.split(',')).toContain('2026-01-06');
  });

  it('comes with the licences of what it is made with', () => {
    const licences = join(projects.get('cellstamp')!, 'node_modules/cellstamp/dist/lib/planner/licenses');
    expect(readdirSync(licences)).toEqual(expect.arrayContaining(['astronomia', 'date-holidays', 'moment']));
  });
});

describe('a command for cells on AWS', () => {
  it('says what to install where the AWS SDK is not', async () => {
    const project = projects.get('cellstamp')!;
    mkdirSync(join(project, 'cells'));
    writeFileSync(join(project, 'cells', 'euw1-a.yaml'), 'name: euw1-a\nregion: eu-west-1\n');
    const command = join('node_modules', 'cellstamp', 'bin', 'cellstamp.js');
    const args = ['provision', 'euw1-a', '--delete-all-tenants', '--target', 'aws'];
    const { status, output } = await run(project, process.execPath, command, ...args);
    expect(output).toMatch(/^cellstamp: .* a cell on AWS needs them: npm install @aws-sdk\/client-cloudwatch .*\n$/);
    expect(status).toBe(2);
  });
});

describe('a history in Parquet', () => {
  it('says what to install where nothing is that reads it', async () => {
    const folder = join(projects.get('cellstamp')!, 'fleet');
    mkdirSync(join(folder, 'cells'), { recursive: true });
    writeFileSync(join(folder, 'cells', 'euw1-a.yaml'), 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
    const kinds = 'kinds: [{ region: eu-west-1, prefix: euw1- }]';
    writeFileSync(join(folder, 'planning.yaml'), `${kinds}\nhistory: { files: [calls.parquet] }\n`);
    writeFileSync(join(folder, 'calls.parquet'), 'PAR1');
    const command = join('..', 'node_modules', 'cellstamp', 'bin', 'cellstamp.js');
    const args = ['plan', '--cells', 'cells', '--planning', 'planning.yaml'];
    const { status, output } = await run(folder, process.execPath, command, ...args);
    expect(output).toContain('calls.parquet:1:1 error: nothing is installed that reads Parquet');
    expect(output).toContain('npm install hyparquet@1 hyparquet-compressors@1');
    expect(status).toBe(1);
  });
});

const load = (how: 'import' | 'require', subpath: string) =>
  how === 'import'
    ? ['--input-type=module', '-e', `console.log(Object.keys(await import('${subpath}')).sort().join())`]
    : ['--input-type=commonjs', '-e', `console.log(Object.keys(require('${subpath}')).sort().join())`];

describe.each(['20.9.0', '20', '22', '24'])('on Node.js %s', (version) => {
  it.for(subpaths)('%s can be imported and required, and is the same', async (subpath, { skip }) => {
    const node = await nodeOf(version);
    if (node === undefined) return skip(`needs Node.js ${version} from npm`);
    const project = projects.get(subpath)!;
    const imported = await must(project, node, ...load('import', subpath));
    expect(imported.split(',').length).toBeGreaterThan(4);
    expect(await must(project, node, ...load('require', subpath))).toBe(imported);
  });
});

describe('the tests of a project, by vitest', () => {
  let project: string;
  beforeAll(async () => {
    project = await projectWith(archive, 'vitest', ...peers['cellstamp/aws']!);
    const program = `
      import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
      import { Testing, TerraformStack } from 'cdktf';
      import { parseCell } from 'cellstamp';
      import { VoipCell } from 'cellstamp/aws';
      import { erlangB } from 'cellstamp/capacity';
      import { expect, it } from 'vitest';
      it('has hosts', () => {
        const stack = new TerraformStack(Testing.app(), 'voice');
        const spec = parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, size: 'small' });
        new AwsProvider(stack, 'aws', { region: spec.region });
        expect(new VoipCell(stack, 'cell', { spec }).cell.media).toHaveLength(4);
        expect(erlangB(5, 10)).toBeCloseTo(0.564, 3);
      });`;
    writeFileSync(join(project, 'cell.test.mjs'), program);
  });

  it.for(['20', '22', '24'])('pass on Node.js %s', async (version, { skip }) => {
    const node = await nodeOf(version);
    if (node === undefined) return skip(`needs Node.js ${version} from npm`);
    const command = join('node_modules', 'vitest', 'vitest.mjs');
    expect(await must(project, node, command, 'run', '--root', '.')).toMatch(/Tests +1 passed/);
  });
});

describe('two copies in one program', () => {
  const program = (network: string) => `
    import { createRequire } from 'node:module';
    import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
    import { App, TerraformStack } from 'cdktf';
    import { parseCell } from 'cellstamp';
    import { VoipCell } from 'cellstamp/aws';
    const other = createRequire(import.meta.url);
    const stack = new TerraformStack(new App(), 'voice');
    new AwsProvider(stack, 'aws', { region: 'eu-west-1' });
    const spec = { name: 'euw1-a', region: 'eu-west-1', size: 'small' };
    const theirs = other('cellstamp').parseCell({ ...spec, name: 'euw1-b', network: '${network}' });
    new VoipCell(stack, 'a', { spec: parseCell(spec) });
    new (other('cellstamp/aws').VoipCell)(stack, 'b', { spec: parseCell({ ...spec, name: 'euw1-c', network: '10.48.0.0/20' }) });
    new VoipCell(stack, 'c', { spec: theirs });
    stack.node.root.synth();
  `;

  it.each([
    ['take each other’s specs', '10.32.0.0/20', 0, ''],
    [
      'find that their cells share a network',
      '10.48.0.0/20',
      1,
      'c network: 10.48.0.0/20 overlaps the network in voice/b',
    ],
  ])('%s', async (_, network, status, words) => {
    const project = projects.get('cellstamp/aws')!;
    writeFileSync(join(project, 'app.mjs'), program(network));
    const ended = await run(project, process.execPath, 'app.mjs');
    expect(ended.output).toContain(words);
    expect(ended.status, ended.output).toBe(status);
  });
});

describe('an editor', () => {
  /** What an editor shows over a word of a program. */
  function hover(project: string, text: string, word: string): string {
    const file = join(project, 'program.ts');
    writeFileSync(file, text);
    const service = ts.createLanguageService({
      getScriptFileNames: () => [file],
      getScriptVersion: () => '1',
      getScriptSnapshot: (name) => {
        const content = ts.sys.readFile(name);
        return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
      },
      getCurrentDirectory: () => project,
      getCompilationSettings: () => ({ module: ts.ModuleKind.NodeNext, strict: true }),
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
    });
    const info = service.getQuickInfoAtPosition(file, text.indexOf(word));
    return [...(info?.documentation ?? []), ...(info?.tags ?? []).flatMap((tag) => tag.text ?? [])]
      .map(({ text: part }) => part)
      .join(' ');
  }

  it.each([
    ['a field that is written', "parseCell({ name: 'a', region: 'b', aws: {}, media: { hosts: 2 } });", 'hosts'],
    ['a field of a spec', "parseCell({ name: 'a', region: 'b', aws: {} }).media.hosts;", 'hosts'],
  ])('shows what %s means, and its default', (_, text, word) => {
    expect(hover(projects.get('cellstamp')!, `import { parseCell } from 'cellstamp';\n${text}`, word)).toBe(
      'Media hosts. 4',
    );
  });
});
