/** What goes wrong in a command, and how it is reported. */
import { CommanderError } from 'commander';
import { printable } from '../config-file/finding.ts';
import { UserError } from '../config-file/user-error.ts';

/** Exit status of a wrong command line: an unknown option, a name that is not there. */
export const usageStatus = 2;

/** What commander does with a wrong command line, of which it has printed what is wrong. */
export function exitsWith(status: number): (error: CommanderError) => never {
  return (error) => {
    throw error.exitCode === 0 ? error : new CommanderError(status, error.code, error.message);
  };
}

/** What was asked for can't be done; the text says what was given and what is allowed. */
export class CommandFailure extends UserError {
  override readonly name = 'CommandFailure';
}

/** What system calls do with a file, in words. */
const verbs: Readonly<Record<string, string>> = {
  ...{ open: 'open', lstat: 'see', stat: 'see', scandir: 'list', access: 'open', rename: 'replace', unlink: 'remove' },
  ...{ symlink: 'make', mkdir: 'make', chown: 'give away', chmod: 'change' },
};

/** @param debug with the place in the program */
export function describeFailure(error: unknown, debug: boolean): { readonly text: string; readonly status: number } {
  const { message, stack, code, syscall, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const status = error instanceof UserError ? error.status : 1;
  if (debug && stack !== undefined) return { text: stack, status };
  const text = lines(message);
  if (error instanceof UserError) return { text: `cellstamp: ${text}`, status };
  if (code === 'EACCES' || code === 'EPERM') {
    const file = dest ?? path;
    const what =
      file === undefined ? text : `this user may not ${verbs[syscall ?? ''] ?? 'use'} ${printable(file)} (${code})`;
    return { text: `cellstamp: ${what}; root may do it (sudo)`, status };
  }
  return { text: `cellstamp: ${text} (--debug shows where)`, status };
}

/** A message as it may be written to a terminal, in the lines that it has. */
export const lines = (message: string): string => message.split('\n').map(printable).join('\n');
