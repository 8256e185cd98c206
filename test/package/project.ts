/** Copies of the project, the package made of one, and other people's projects that use it, each in a folder of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

export const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** What the package exports but for its JSON files. */
export const subpaths = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace(/^\./, 'cellstamp'));

const folders: string[] = [];

/** After the tests of a file. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-package-'));
  folders.push(folder);
  return folder;
}

export interface Ended {
  readonly status: number | null;
  /** Of both, as it came. */
  readonly output: string;
}

/** Runs a program to its end. */
export function run(folder: string, program: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', npm_config_loglevel: 'error' },
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString() }));
  });
}

/** @throws Error with the output when the program does not end with 0 */
export async function must(folder: string, program: string, ...args: readonly string[]): Promise<string> {
  const { status, output } = await run(folder, program, ...args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${output}`);
  return output;
}

/** The project as it is after a clone and `npm ci`, without anything that was built. */
export function cloneOfProject(): string {
  const folder = newFolder();
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
  for (const path of listed.trim().split('\n').filter(existsSync)) cpSync(path, join(folder, path));
  // Folders of their own, so that what npm would write into them is not written into the project's.
  for (const part of ['node_modules', join('node_modules', '.bin')]) {
    mkdirSync(join(folder, part));
    for (const name of readdirSync(part).filter((entry) => !['.bin', 'cellstamp'].includes(entry)))
      symlinkSync(join(process.cwd(), part, name), join(folder, part, name));
  }
  return folder;
}

/** Packs a clone, as `npm publish` does. @returns the archive */
export async function pack(): Promise<string> {
  const clone = cloneOfProject();
  await must(clone, 'npm', 'pack', '--silent');
  return join(clone, `cellstamp-${manifest.version}.tgz`);
}

/** A project in which the package, its own dependencies and some peers are installed, and nothing else. */
export async function projectWith(archive: string, ...peers: readonly string[]): Promise<string> {
  const folder = newFolder();
  const installed = join(folder, 'node_modules', 'cellstamp');
  mkdirSync(installed, { recursive: true });
  await must(folder, 'tar', '--extract', '--file', archive, '--directory', installed, '--strip-components', '1');
  for (const name of [...Object.keys(manifest.dependencies), ...peers]) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules', name), link);
  }
  return folder;
}

/** Whether npm's output says that there is no registry to be reached. */
export const registryMissing = (output: string): boolean => /ENOTFOUND|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN/.test(output);

const executables = new Map<string, Promise<string | undefined>>();

/** A Node.js of this version, from npm; undefined where npm has none. */
export function nodeOf(version: string): Promise<string | undefined> {
  const known =
    executables.get(version) ??
    run(tmpdir(), 'npx', '--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath').then(
      ({ status, output }) => {
        const path = output.trim().split('\n').at(-1)!;
        return status === 0 && existsSync(path) ? path : undefined;
      },
    );
  executables.set(version, known);
  return known;
}
