/**
 * The shell blocks of the documentation, executed as a reader would: page by page, from the top, in a copy of the project.
 *
 * A comment right before a block says what it needs that not every machine has: `<!-- needs root -->` for the whole block,
 * `<!-- needs AWS: npx cdktf deploy, aws -->` for the commands that begin so. `takes minutes` are run by `npm run faults`.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  readdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'examples/pipeline/README.md',
];

/** `the registry`: the package is there once it is released; `test/package` installs it from its archive. */
export const needs = ['root', 'AWS', 'a host', 'a cluster', 'minutes', 'the registry'] as const;
export type Need = (typeof needs)[number];

export interface DocumentedCommand {
  /** `README.md:70` */
  readonly place: string;
  readonly text: string;
  /** Undefined for what runs everywhere. */
  readonly needs: Need | undefined;
  /** Lines that the page prints below it; `...` stands for any lines. Undefined where it prints none. */
  readonly output: readonly string[] | undefined;
}

/** Languages of blocks that a shell reads; none is given to commands and to what they print. */
const shells = ['', 'sh', 'bash', 'console'];
const marker = /^<!-- (?:needs|takes) ([A-Za-z ]+?)(?:: (.+))? -->$/;

export function commandsOf(page: string): readonly DocumentedCommand[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n');
  const commands: DocumentedCommand[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, language] = /^```(\w*)$/.exec(lines[at]!) ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (shells.includes(language)) {
      const marks = marksAbove(lines, at, page);
      commands.push(...commandsIn(lines.slice(at + 1, end), `${page}:`, at + 2, marks));
    }
    at = end;
  }
  return commands;
}

interface Mark {
  readonly need: Need;
  /** Undefined for the whole block. */
  readonly beginnings: readonly string[] | undefined;
}

function marksAbove(lines: readonly string[], fence: number, page: string): readonly Mark[] {
  const marks: Mark[] = [];
  for (let at = fence - 1; at >= 0 && (lines[at]!.startsWith('<!--') || lines[at] === ''); at--) {
    if (lines[at] === '') continue;
    const [, need, beginnings] = marker.exec(lines[at]!) ?? [];
    if (!needs.includes(need as Need)) throw new Error(`${page}:${at + 1}: ${lines[at]!} is not a marker`);
    marks.push({ need: need as Need, beginnings: beginnings?.split(', ') });
  }
  return marks;
}

function commandsIn(
  lines: readonly string[],
  page: string,
  firstLine: number,
  marks: readonly Mark[],
): readonly DocumentedCommand[] {
  const whole = marks.find(({ beginnings }) => beginnings === undefined);
  if (whole) return [{ place: `${page}${firstLine}`, text: lines.join('\n'), needs: whole.need, output: undefined }];
  const isSession = lines.some((line) => line.startsWith('$ '));
  const found: { place: string; text: string; output: string[] | undefined }[] = [];
  for (const [at, line] of lines.entries()) {
    const isFirst = isSession ? line.startsWith('$ ') : line !== '' && !goesOn(found.at(-1)?.text);
    if (isFirst) {
      const text = isSession ? line.slice(2) : line;
      found.push({ place: `${page}${firstLine + at}`, text, output: undefined });
    } else if (isSession) (found.at(-1)!.output ??= []).push(line);
    else if (line !== '') found.at(-1)!.text += `\n${line}`;
  }
  const needOf = (text: string) =>
    marks.find(({ beginnings }) => beginnings!.some((beginning) => text.startsWith(beginning)))?.need;
  return found.map((command) => ({ ...command, needs: needOf(spelling(command.text)) }));
}

/** Whether a command goes on in the next line: a backslash, a pipe or an open quote at its end. */
function goesOn(text: string | undefined): boolean {
  if (text === undefined) return false;
  const code = text.replace(/\s#.*$/gm, '').replace(/\\./g, '');
  const quotes = (quote: string) => code.split(quote).length - 1;
  return /[\\|]$/.test(text.replace(/\s#.*$/, '')) || quotes('"') % 2 === 1 || quotes("'") % 2 === 1;
}

/** However the command is spelt, it is the same program. */
function spelling(text: string): string {
  return text.replace(/(^|[\s|;])(npx cellstamp|npx tsx lib\/cli\/main\.ts|cellstamp)(?= )/g, '$1npx cellstamp');
}

/** A copy of what the commands read and write, and the program's own files by links. */
export function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-docs-'));
  for (const name of ['cells', 'examples', 'planning.yaml'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of ['lib', 'stacks', 'node_modules', 'package.json', 'tsconfig.json']) {
    symlinkSync(join(root, name), join(folder, name));
  }
  mkdirSync(join(folder, '.bin'));
  const tsx = join(root, 'node_modules/tsx/dist/esm/index.mjs');
  // npx itself would ask a registry for what is not there.
  const npx = [
    '#!/bin/bash',
    `case $1 in`,
    `  cellstamp) shift; exec "${process.execPath}" --import "${tsx}" "${root}lib/cli/main.ts" "$@" ;;`,
    `  tsx) shift; exec "${process.execPath}" --import "${tsx}" "$@" ;;`,
    `esac`,
    `echo "npx $1: nothing that the documentation may run here" >&2; exit 127`,
  ];
  writeFileSync(join(folder, '.bin/npx'), `${npx.join('\n')}\n`, { mode: 0o755 });
  return folder;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runIn(folder: string, { text }: DocumentedCommand): Outcome {
  const env = { ...process.env, PATH: `${join(folder, '.bin')}:${process.env['PATH']}`, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail\n${spelling(text)}`], {
    ...{ cwd: folder, env, encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 400_000 },
  });
  return { status, stdout, stderr };
}

/** Files that a command reads and that are not there. What it writes, it need not find; a path from the root is a host's. */
export function missingFiles(folder: string, { text }: DocumentedCommand): readonly string[] {
  const words = text.replace(/\s#.*$/gm, '').split(/\s+/);
  return words.filter(
    (word, at) =>
      /^[\w.-][\w./-]*\.(yaml|csv|json|ts)$/.test(word) &&
      words[at - 1] !== '--html' &&
      !existsSync(join(folder, word)),
  );
}

/** Whether a text has the lines that the page prints, `...` standing for any lines. */
export function hasOutput(text: string, printed: readonly string[]): boolean {
  const parts = printed.map((line) =>
    line === '...' ? '(.*\\n)*?' : `${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\n`,
  );
  return new RegExp(`^${parts.join('')}$`).test(`${text.trimEnd()}\n`);
}
