import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Option, type Command } from 'commander';
import { formatValueFinding, printable } from '../../config-file/finding.ts';
import { isThere } from '../../config-file/read-text.ts';
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

/** Nothing is written unless everything is right. */
function init(folder: string, { region, pipeline }: Options): void {
  if (!isFree(folder)) {
    throw new CommandFailure(`${printable(folder)} is there and not an empty folder; choose another name`, 2);
  }
  const cell = `${region}-a`;
  const cellText = newCellText({ name: cell, region, network: '10.16.0.0/20', aws: {} });
  const { findings } = loadFleet([{ path: join('cells', `${cell}.yaml`), text: cellText }]);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new CommandFailure(
      [`--region ${region} gives no valid cell, and nothing was written:`, ...errors.map(formatValueFinding)].join(
        '\n',
      ),
      2,
    );
  }
  for (const finding of findings) console.error(formatValueFinding(finding));

  cpSync(join(packageRoot, 'examples', 'fleet'), folder, { recursive: true });
  copyPipeline(folder, pipeline);
  for (const name of ['cell', 'front', 'planning']) {
    const file = join('cells', `${name}.schema.json`);
    cpSync(join(packageRoot, file), join(folder, file));
  }
  const texts = {
    '.gitignore': 'node_modules/\ncdktf.out/\nterraform.*.tfstate*\nplans/\nplan.html\nplan.txt\n',
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
  console.log(
    `${printable(folder)}: a fleet with the cell ${cell}. Next:\n  cd ${printable(folder)}\n  npm install\n  npx cellstamp check`,
  );
}

/** Whether there is nothing, or an empty folder; git's own is no content. */
function isFree(folder: string): boolean {
  try {
    return readdirSync(folder).every((name) => name === '.git');
  } catch (error) {
    // A link that leads nowhere is something.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !isThere(folder);
  }
}

/** The workflows where their service looks for them, and the programs that they run in `pipeline/`. */
function copyPipeline(folder: string, service: Options['pipeline']): void {
  const from = join(packageRoot, 'examples', 'pipeline');
  const copy = (source: string, target: string) => {
    const text = readFileSync(source, 'utf8')
      .replaceAll('examples/pipeline/', 'pipeline/')
      .replaceAll('](../../docs/', '](../node_modules/cellstamp/docs/');
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
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
    scripts: { check: 'tsc && cellstamp check' },
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
