/** What options and arguments may be: one parser for each type, each with a message that says what is allowed. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { readInstant } from '../planner-files/values.ts';
import { CommandFailure } from './failure.ts';

type Parser<T> = (text: string) => T;

/** @example wholeNumber(1, 365)('28') // 28 */
export function wholeNumber(least: number, most: number): Parser<number> {
  return parser(/^\d{1,15}$/, least, most, 'a whole number');
}

/** A decimal number, such as 0.5. */
export function decimal(least: number, most: number): Parser<number> {
  return parser(/^\d{1,15}(\.\d{1,15})?$/, least, most, 'a number');
}

function parser(form: RegExp, least: number, most: number, what: string): Parser<number> {
  return (text) => {
    const value = Number(text);
    if (form.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be ${what} from ${least} to ${most}.`);
  };
}

/** Milliseconds since 1970 UTC. */
export const instant: Parser<number> = (text) => {
  const at = readInstant(text);
  if (typeof at === 'number') return at;
  throw new InvalidArgumentError(`It ${at}.`);
};

export function oneOf<const T extends string>(allowed: readonly T[]): Parser<T> {
  return (text) => {
    const found = allowed.find((each) => each === text);
    if (found === undefined) throw new InvalidArgumentError(`It must be ${allowed.join(', ')}.`);
    return found;
  };
}

/**
 * Looks at where a file is to be written, before the work that it is for.
 * @throws CommandFailure with the status when there can be no file
 */
export function requirePlaceFor(option: string, path: string | undefined, status: 1 | 2 = 2): void {
  if (path === undefined) return;
  const folder = dirname(path);
  if (path === '') throw new CommandFailure(`${option} is empty; it must be the name of a file`, status);
  if (!existsSync(folder)) throw new CommandFailure(`there is no folder ${folder} for ${option}`, status);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory())
    throw new CommandFailure(`${option} is ${path}, a folder; it must be the name of a file`, status);
}
