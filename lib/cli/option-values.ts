/** What options and arguments may be: one parser for each type, each with a message that says what is allowed. */
import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { printable } from '../config-file/finding.ts';
import { isPassedPipe, isThere, kindOf, reasonOf } from '../config-file/read-text.ts';
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
  const problem = placeProblem(path);
  if (problem === undefined) return;
  throw new CommandFailure(`${option} is ${path}: ${problem}; allowed: the name of a file that can be written`, status);
}

/**
 * Writes the file for which there was a place.
 * @throws CommandFailure with status 1, for example when the disk is full
 */
export function writePlace(option: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandFailure(`${option} is ${path}: it can't be written (${code ?? message})`, 1);
  }
}

function placeProblem(path: string): string | undefined {
  const folder = dirname(path);
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      if (isThere(path)) return reasonOf(path, { code: 'ENOENT' });
      if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return `there is no folder ${folder}`;
      accessSync(folder, constants.W_OK);
    } else if (stats.isFile() || stats.isCharacterDevice() || isPassedPipe(path, stats)) {
      accessSync(path, constants.W_OK);
    } else return `this is ${kindOf(stats)}`;
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
      ? 'this user may not write it'
      : reasonOf(path, error);
  }
}

/**
 * Has a command and all below it refuse a second value of an option that takes one: commander would take the last. Flags mean the same
 * twice, and an option that takes several values (`--to <cell...>`) takes them one by one too.
 */
export function refuseRepeats(program: Command): void {
  const given = new Map<string, string[]>();
  listen(program);
  program.hook('preAction', (_program, command) => {
    const repeated = [...given].filter(([, values]) => values.length > 1);
    if (repeated.length === 0) return;
    const told = repeated.map(
      ([flags, values]) =>
        `option '${flags}' is given more than once: ${values.map(printable).join(', ')}; allowed: one value`,
    );
    command.error(`error: ${told.join('\nerror: ')}`);
  });

  function listen(command: Command): void {
    for (const option of command.options) {
      if (option.variadic || option.isBoolean()) continue;
      command.on(`option:${option.name()}`, (value: string | null) =>
        given.set(option.flags, [...(given.get(option.flags) ?? []), value ?? '']),
      );
    }
    command.commands.forEach(listen);
  }
}
