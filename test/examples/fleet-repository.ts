/** A repository of a fleet in a folder of its own, with an origin beside it, in which the pipeline's programs really run. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from '../cli/run-command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the programs need of the project; git sees none of it. */
const linked = ['bin', 'examples', 'lib', 'stacks', 'node_modules', 'package.json', 'tsconfig.json'];

const identity = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((who) => [
    [`GIT_${who}_NAME`, 'fleet'],
    [`GIT_${who}_EMAIL`, 'fleet@example.com'],
  ]),
);

export class FleetRepository {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cellstamp-fleet-'));
  readonly path = join(this.#folder, 'work');

  /** @param files path to text; they are the first commit */
  constructor(files: Readonly<Record<string, string>>) {
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(this.#folder, 'origin.git')]);
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', this.path]);
    for (const name of linked) symlinkSync(join(root, name), join(this.path, name));
    writeFileSync(join(this.path, '.git/info/exclude'), linked.map((name) => `/${name}\n`).join(''));
    this.git('remote', 'add', 'origin', join(this.#folder, 'origin.git'));
    this.commit(files);
    this.git('push', '--quiet', 'origin', 'main');
  }

  git(...args: readonly string[]): string {
    const options = { cwd: this.path, encoding: 'utf8', env: { ...process.env, ...identity } } as const;
    return execFileSync('git', args, options).trim();
  }

  /** @returns the commit's hash */
  commit(files: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, path)), { recursive: true });
      writeFileSync(join(this.path, path), text);
      this.git('add', path);
    }
    this.git('commit', '--quiet', '--message', 'a change');
    return this.git('rev-parse', 'HEAD');
  }

  /** Runs a program in the repository. */
  run(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Run {
    const [program = '', ...args] = argv;
    // npx links the project's command into npm's cache.
    const cache = { npm_config_cache: join(this.#folder, 'npm') };
    const env = { ...process.env, ...identity, ...cache, ...environment };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: this.path, encoding: 'utf8', env });
    return { status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A command line of the pipeline's program. */
export function program(name: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, '--import', 'tsx', `examples/pipeline/${name}`, ...args];
}
