import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SecretReference } from './values.ts';

/** A secret is not where its reference says. */
export class SecretMissing extends Error {
  override readonly name = 'SecretMissing';
  readonly allowed: string;

  constructor(message: string, allowed: string) {
    super(message);
    this.allowed = allowed;
  }
}

/**
 * @param folder that a file's path is relative to
 * @throws SecretMissing where there is none
 */
export function readSecret({ env, file }: SecretReference, folder: string): string {
  if (env !== undefined) {
    const value = process.env[env];
    if (value === undefined || value === '') {
      throw new SecretMissing(`the environment variable ${env} is not set`, `${env} with the secret in it`);
    }
    return value;
  }
  const path = resolve(folder, file!);
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trimEnd();
  } catch (error) {
    throw new SecretMissing(
      `${path} can't be read (${(error as NodeJS.ErrnoException).code})`,
      'a file that can be read',
    );
  }
  if (text === '') throw new SecretMissing(`${path} is empty`, 'a file with the secret in it');
  return text;
}
