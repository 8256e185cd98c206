/** The package itself: its folder, and what its package.json says. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** It lies two folders up; compiled, three. */
export const packageRoot = ['../..', '../../..']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((folder) => existsSync(join(folder, 'package.json')))!;

interface PackageFile {
  readonly version: string;
  /** Ranges by name. */
  readonly peerDependencies: Readonly<Record<string, string>>;
  /** Exact versions by name. */
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function packageFile(): PackageFile {
  return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as PackageFile;
}
