import { resolve } from 'node:path';
import { readText, UnreadableFile } from '../config-file/read-text.ts';
import type { SecretReference } from './values.ts';
import { UserError } from '../config-file/user-error.ts';

/** A secret is not where its reference says. */
export class SecretMissing extends UserError {
  override readonly name = 'SecretMissing';
  readonly allowed: string;

  constructor(message: string, allowed: string) {
    super(message, 2);
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
    text = readText(path).trimEnd();
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new SecretMissing(`${path}: ${error.finding.message}`, error.finding.allowed);
  }
  if (text === '') throw new SecretMissing(`${path} is empty`, 'a file with the secret in it');
  return text;
}
