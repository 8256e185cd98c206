/** The one way to read a file that a person wrote or named: its text, or what stands in the way, as a finding. */
import { closeSync, lstatSync, openSync, readFileSync, readlinkSync, readSync, statSync, type Stats } from 'node:fs';
import { printable, type Finding } from './finding.ts';
import { InvalidFiles } from './invalid-files.ts';

/** What can't be read, in the form of everything else that is wrong with a file. */
export class UnreadableFile extends InvalidFiles {
  override readonly name = 'UnreadableFile';
  readonly finding: Finding;

  constructor(finding: Finding) {
    super([finding]);
    this.finding = finding;
  }
}

/** Larger than any file that is read whole; a longer text does not fit into a string. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * @param allowed what belongs there, in words
 * @throws UnreadableFile
 */
export function readText(path: string, allowed = 'a text file in UTF-8'): string {
  const { size } = requireFile(path, allowed);
  if (size > MOST_BYTES) throw unreadable(path, `the file has ${size} bytes`, `at most ${MOST_BYTES} bytes`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(path, reasonOf(path, error), allowed);
  }
  const problem = textProblem(bytes);
  if (problem !== undefined) throw unreadable(path, problem.message, 'text in UTF-8', problem.line);
  return bytes.toString();
}

/**
 * Looks at a file that is read in parts: whether it is one, and whether it begins as UTF-8 does.
 * @throws UnreadableFile
 */
export function requireTextFile(path: string, allowed: string): void {
  if (!requireFile(path, allowed).isFile()) return;
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(4096);
    const start16 = utf16(start.subarray(0, readSync(file, start, 0, start.length, 0)));
    if (start16) throw unreadable(path, 'the text is in UTF-16', 'text in UTF-8');
  } finally {
    closeSync(file);
  }
}

/**
 * @returns what a path leads to: a file, or what a shell passes as one (`--plan <(npx cellstamp plan --json)`)
 * @throws UnreadableFile
 */
export function requireFile(path: string, allowed: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
    if (stats.isFile()) closeSync(openSync(path, 'r'));
  } catch (error) {
    throw unreadable(path, reasonOf(path, error), allowed);
  }
  if (stats.isFile() || isPassedPipe(path, stats)) return stats;
  throw unreadable(path, `this is ${kindOf(stats)}`, allowed);
}

/** Whether a shell has made it (`<(...)`, `>(...)`), so that somebody is at its other end. */
export const isPassedPipe = (path: string, stats: Stats): boolean =>
  stats.isFIFO() && /^\/(dev\/(fd\/|std(in|out|err)$)|proc\/self\/fd\/)/.test(path);

/** Whether anything has this name, a link that leads nowhere and what this user may not see included: whoever reads it says why not. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
  }
}

export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe (FIFO)';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function unreadable(path: string, message: string, allowed: string, line = 1): UnreadableFile {
  const file = path === '' ? "''" : path;
  return new UnreadableFile({ severity: 'error', file, line, column: 1, path: '', message, given: file, allowed });
}

/** Why the operating system refused, in words. */
export function reasonOf(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ELOOP': {
      const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
        ? printable(readlinkSync(path))
        : undefined;
      if (link === undefined) return code === 'ELOOP' ? 'links lead in a circle' : 'there is no such file';
      return code === 'ELOOP'
        ? `this is a link that leads in a circle (to ${link})`
        : `this is a link to ${link}, which is not there`;
    }
    case 'EACCES':
    case 'EPERM':
      return 'this user may not read it';
    case 'ENOTDIR':
      return 'a part of the path is a file, not a folder';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    default:
      return `it can't be read (${code ?? message})`;
  }
}

/** Why bytes are not a text, and in which line. */
export function textProblem(bytes: Buffer): { readonly message: string; readonly line: number } | undefined {
  if (utf32(bytes)) return { message: 'the text is in UTF-32', line: 1 };
  if (utf16(bytes)) return { message: 'the text is in UTF-16', line: 1 };
  const nul = bytes.indexOf(0);
  if (nul >= 0) return { message: 'this is a binary file: it has NUL bytes', line: lineAt(bytes, nul) };
  if (isUtf8(bytes, false)) return undefined;
  // The longest part from the start that is right, or would be if it went on.
  let [right, wrong] = [0, bytes.length];
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    if (isUtf8(bytes.subarray(0, middle), true)) right = middle;
    else wrong = middle;
  }
  // A character that breaks off is wrong from its first byte.
  let start = right;
  while (!isUtf8(bytes.subarray(0, start), false)) start--;
  const byte = bytes[start]!.toString(16).padStart(2, '0');
  return { message: `the byte 0x${byte} is not UTF-8`, line: lineAt(bytes, start) };
}

/** By its mark, of which that of UTF-16 is the beginning. */
const utf32 = (bytes: Buffer): boolean => /^(fffe0000|0000feff)/.test(bytes.subarray(0, 4).toString('hex'));

/** By its mark, or because every other byte of the beginning is zero, as in English text. */
function utf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const start = bytes.subarray(0, Math.min(bytes.length, 64) & ~1);
  const zeros = (from: number) => start.length >= 4 && start.every((byte, at) => (byte === 0) === (at % 2 === from));
  return zeros(0) || zeros(1);
}

function isUtf8(bytes: Buffer, goesOn: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: goesOn });
    return true;
  } catch {
    return false;
  }
}

const lineAt = (bytes: Buffer, end: number): number => bytes.subarray(0, end).toString('latin1').split('\n').length;
