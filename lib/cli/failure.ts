/** What goes wrong in a command, and how it is told. */
import { CommanderError } from 'commander';
import { printable } from '../spec/finding.ts';

/** Exit status of a wrong command line: an unknown option, a name that is not there. */
export const usageStatus = 2;

/** What commander does with a wrong command line, of which it has printed what is wrong. */
export function exitsWith(status: number): (error: CommanderError) => never {
  return (error) => {
    throw error.exitCode === 0 ? error : new CommanderError(status, error.code, error.message);
  };
}

/** What was asked for can't be done; the text says what was given and what is allowed. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  /** 1: something is wrong; 2: it was asked for wrongly. */
  readonly status: 1 | 2;

  constructor(message: string, status: 1 | 2) {
    super(message);
    this.status = status;
  }
}

/** Failures that are told in words made for people; anything else is a fault of the program. */
const expected = [
  'CommandFailure',
  'EdgeKeysRefused',
  'LocalFailure',
  'PlanConflict',
  'PlanningFailure',
  'PrometheusFailure',
  'SecretMissing',
  'UnreadableFile',
];

/** @param debug with the place in the program */
export function describeFailure(error: unknown, debug: boolean): { readonly text: string; readonly status: number } {
  const { name, message, stack, code, status: told } = error as NodeJS.ErrnoException & { readonly status?: 1 | 2 };
  const status = (expected.includes(name) ? told : undefined) ?? 1;
  if (debug && stack !== undefined) return { text: stack, status };
  const text = lines(message);
  if (expected.includes(name)) return { text: `cellstamp: ${text}`, status };
  if (code === 'EACCES' || code === 'EPERM') return { text: `cellstamp: ${text}; root may do it (sudo)`, status };
  return { text: `cellstamp: ${text} (--debug shows where)`, status };
}

/** A message as it may be written to a terminal, in the lines that it has. */
export const lines = (message: string): string => message.split('\n').map(printable).join('\n');
