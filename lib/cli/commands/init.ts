import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Option, type Command } from 'commander';
import { formatValueFinding, printable } from '../../config-file/finding.ts';
import { isThere, reasonOf } from '../../config-file/read-text.ts';
import { loadFleet } from '../../fleet/fleet.ts';
import { newCellText } from '../../fleet/schema/new-cell.ts';
import { CommandFailure } from '../failure.ts';
import { packageFile, packageRoot } from '../package-root.ts';

export function addInit(program: Command): Command {
  return program
    .command('init')
    .description('Writes a repository for a fleet: cells, Terraform app, pipeline.')
    .argument('<folder>', 'a new or empty folder')
    .requiredOption('--region <region>', 'AWS region of the first cell, for example eu-west-1')
    .addOption(
      new Option('--pipeline <service>', 'whose pipeline it gets').choices(['github', 'gitlab']).default('github'),
    )
    .addHelpText('after', '\nExample:\n  $ npx cellstamp init voice --region eu-west-1')
    .action(init);
}

interface Options {
  readonly region: string;
  readonly pipeline: 'github' | 'gitlab';
}

/** Nothing is written unless everything is right, and nothing stays when it can't be written whole. */
function init(folder: string, { region, pipeline }: Options): void {
  const given = printable(folder);
  const before = contentOf(folder);
  if (before?.some((name) => name !== '.git')) {
    throw new CommandFailure(`${given} is not empty; choose a new or empty folder`, 2);
  }
  const cell = `${region}-a`;
  const cellText = newCellText({ name: cell, region, network: '10.16.0.0/20', aws: {} });
  const { findings } = loadFleet([{ path: join('cells', `${cell}.yaml`), text: cellText }]);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.some(({ path }) => path === 'region')) {
    throw new CommandFailure(`--region is ${printable(region)}; it must be an AWS region, for example eu-west-1`, 2);
  }
  if (errors.length > 0) {
    throw new CommandFailure(
      [`--region ${region} gives no valid cell:`, ...errors.map(formatValueFinding)].join('\n'),
      2,
    );
  }
  for (const finding of findings) console.error(formatValueFinding(finding));

  // A link leads to the folder that is meant.
  const target = before === undefined ? folder : realpathSync(folder);
  try {
    write(target, { cell, cellText, region, pipeline });
  } catch (error) {
    const made = before === undefined ? [''] : (contentOf(target) ?? []).filter((name) => name !== '.git');
    for (const name of made) rmSync(join(target, name), { recursive: true, force: true });
    throw new CommandFailure(`${given} can't be written (${(error as Error).message}); nothing of it was kept`, 1);
  }
  const shown = /^[\w./~+-]+$/.test(folder) ? folder : `'${given.replaceAll("'", `'\\''`)}'`;
  console.log(
    `${given}: a fleet with the cell ${cell}. Next:\n  cd ${folder.startsWith('-') ? './' : ''}${shown}\n  npm install\n  npx cellstamp check`,
  );
}

/** Names in a folder; undefined where nothing is. @throws CommandFailure when there can't be one */
function contentOf(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    // A link that leads nowhere is something.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isThere(folder)) return undefined;
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOTDIR' && isThere(folder)
        ? 'this is a file'
        : reasonOf(folder, error);
    throw new CommandFailure(`${printable(folder)}: ${reason}; choose a new or empty folder`, 2);
  }
}

interface NewFleet {
  /** Name of the first cell, and the text of its file. */
  readonly cell: string;
  readonly cellText: string;
  readonly region: string;
  readonly pipeline: Options['pipeline'];
}

function write(folder: string, { cell, cellText, region, pipeline }: NewFleet): void {
  cpSync(join(packageRoot, 'examples', 'fleet'), folder, { recursive: true });
  copyPipeline(folder, pipeline, (text) => text.replaceAll('euw1-a', cell).replaceAll('eu-west-1', region));
  for (const name of ['cell', 'front', 'planning']) {
    const file = join('cells', `${name}.schema.json`);
    cpSync(join(packageRoot, file), join(folder, file));
  }
  const texts = {
    '.gitignore': `${ignored.join('\n')}\n`,
    'package.json': `${JSON.stringify(manifest(), null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(tsconfig, null, 2)}\n`,
    'cdktf.json': `${JSON.stringify(cdktfJson, null, 2)}\n`,
    'planning.yaml': `# yaml-language-server: $schema=./cells/planning.schema.json\nkinds:\n  - region: ${region}\n    prefix: ${region}-\n`,
    [`cells/${cell}.yaml`]: cellText,
  };
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Of Terraform, and what the planner and the pipeline leave. */
const ignored: readonly string[] = [
  ...[
    'node_modules/',
    'cdktf.out/',
    'terraform.*.tfstate*',
    'plans/',
    'plan.html',
    'plan.txt',
    'drift.txt',
    'stacks.txt',
  ],
  ...['body.md', 'planning-state.json', 'planning-audit.ndjson', 'planning-deploys.ndjson', 'rollout-audit.ndjson'],
];

/**
 * The workflows where their service looks for them, and the programs that they run in `pipeline/`.
 * @param settings what the fleet's settings have in place of the example's
 */
function copyPipeline(folder: string, service: Options['pipeline'], settings: (text: string) => string): void {
  const from = join(packageRoot, 'examples', 'pipeline');
  const copy = (source: string, target: string) => {
    const text = readFileSync(source, 'utf8')
      .replaceAll('examples/pipeline/', 'pipeline/')
      .replaceAll('](../../docs/', '](../node_modules/cellstamp/docs/');
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, target.endsWith('.env') ? settings(text) : text);
    if (target.endsWith('.sh')) chmodSync(target, 0o755);
  };
  for (const name of readdirSync(from, { withFileTypes: true })) {
    if (name.isFile()) copy(join(from, name.name), join(folder, 'pipeline', name.name));
  }
  for (const name of readdirSync(join(from, service))) {
    const place =
      service === 'github'
        ? join('.github', 'workflows')
        : name === '.gitlab-ci.yml'
          ? '.'
          : join('pipeline', 'gitlab');
    copy(join(from, service, name), join(folder, place, name));
  }
}

/** Of the fleet's package: the versions with which this one was tested. */
function manifest(): object {
  const { version, peerDependencies, devDependencies } = packageFile();
  const peers = Object.entries(peerDependencies).filter(([peer]) => !peer.startsWith('@pulumi/'));
  const tools = ['@types/node', 'cdktf-cli', 'tsx', 'typescript'];
  return {
    private: true,
    type: 'module',
    scripts: { check: 'tsc && npx cellstamp check' },
    dependencies: { cellstamp: `^${version}`, ...Object.fromEntries(peers) },
    devDependencies: Object.fromEntries(tools.map((tool) => [tool, `^${devDependencies[tool]!}`])),
  };
}

const tsconfig = {
  compilerOptions: {
    ...{ target: 'ES2022', module: 'NodeNext', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
    allowImportingTsExtensions: true,
  },
  include: ['stacks', 'pipeline'],
};

const cdktfJson = { language: 'typescript', app: 'node --import tsx stacks/main.ts', sendCrashReports: 'false' };
