/** What a check says about a file: where, what was given, what is allowed. */

/** Keys and list positions from the top of a file: `['tenants', 0, 'domain']`. */
export type Path = readonly (string | number)[];

export interface Finding {
  /** An error stops a cell from being built; a warning says what only a quota or a measurement decides. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `tenants[0].domain`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, with the value that was given. */
  readonly message: string;
  /** The value as written, or `nothing`. */
  readonly given: string;
  readonly allowed: string;
}

/** @example formatPath(['tenants', 0, 'dids', '+4930123456']) // 'tenants[0].dids["+4930123456"]' */
export function formatPath(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[A-Za-z][\w-]*$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/**
 * One line: `cells/euw1-a.yaml:12:5 error media.relay.ports: 1000 ports are too few …; allowed: at least 10000 …`. What is
 * allowed is left out where the message says it. Nothing in it acts on a terminal.
 */
export function formatFinding(finding: Finding): string {
  const { file, line, column, severity, path } = finding;
  return `${printable(file)}:${line}:${column} ${severity}${path === '' ? ':' : ''} ${formatValueFinding(finding)}`;
}

/** The same of a value that stands in no file. */
export function formatValueFinding({ path, message, allowed }: Pick<Finding, 'path' | 'message' | 'allowed'>): string {
  const rest = message.includes(`must be ${allowed}; got`) ? '' : `; allowed: ${allowed}`;
  return printable(`${path === '' ? '' : `${path}: `}${message}${rest}`);
}

/**
 * Control characters, which a terminal acts on, characters that change the direction of writing, halves of a character, and blanks that
 * look like a space and are not one.
 */
const unprintable = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/gu;
const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * A text from outside as it may be written to a terminal.
 * @example printable('\u001b[2J') // '\\x1b[2J'
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return escapes[character] ?? (code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`);
  });
}

/** Findings in the order of the files and of the lines in them. */
export function compareFindings(a: Finding, b: Finding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
