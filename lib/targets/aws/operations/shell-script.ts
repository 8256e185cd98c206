/** A command of a host as shell scripts, as SSM's document AWS-RunShellScript runs them. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { HostCommand } from '../../../operations/host-command.ts';
import { shellWords } from '../../../software/shell-quote.ts';

/**
 * Characters of standard input in one script. What SSM takes in one call ends somewhere below 100 KB; AWS names 64 KB for a document.
 */
const partLength = 40_000;

/** Characters of standard output in one answer: SSM passes on the first 24,000. */
const answerLength = 20_000;

const folderOf = (id: string): string => `/run/cellstamp-input-${id}`;

/**
 * Scripts that are to run one after the other, each once the one before has succeeded; the last one is the command. An input that
 * is too long for one call comes in parts. A part that comes twice does no harm.
 *
 * An output that may be long is packed; `answer` reads what the last script writes, and what `furtherParts` fetch.
 *
 * @param id tells the parts of one command from those of others: letters and digits
 */
export function shellScripts({ argv, input, isLong = false }: HostCommand, id: string): readonly string[] {
  const command = shellWords(argv);
  const folder = folderOf(id);
  const begin = ['set -eu', 'umask 077', `mkdir -p ${folder}`];
  const tidyUp = `trap 'rm -rf ${folder}' EXIT`;
  if (input === undefined) {
    return [isLong ? [...begin, tidyUp, packedOutput(command, folder)].join('\n') : `exec ${command}`];
  }
  const packed = gzipSync(input).toString('base64');
  const parts = packed.match(new RegExp(`.{1,${partLength}}`, 'g')) ?? [];
  const file = (index: number) => `${folder}/${String(index).padStart(4, '0')}`;
  const write = parts.map((part, index) => [...begin, `printf %s ${part} >${file(index)}`].join('\n'));
  // Unpacked as a whole first: what arrived in part must not run in part.
  const runIt = [
    tidyUp,
    `cat ${parts.map((_, index) => file(index)).join(' ')} | base64 -d >${folder}/packed`,
    `gzip -dc ${folder}/packed >${folder}/input`,
    isLong ? packedOutput(`${command} <${folder}/input`, folder) : `${command} <${folder}/input`,
  ].join('\n');
  return [...write.slice(0, -1), `${write.at(-1)!}\n${runIt}`];
}

/** Writes the length of the packed output and its first part, and keeps the folder only where more is to be fetched. */
function packedOutput(command: string, folder: string): string {
  return [
    `${command} >${folder}/raw`,
    `gzip -c ${folder}/raw | base64 -w 0 >${folder}/output`,
    `rm ${folder}/raw`,
    `length=$(wc -c <${folder}/output)`,
    'echo "$length"',
    `head -c ${answerLength} ${folder}/output`,
    `[ "$length" -le ${answerLength} ] || trap - EXIT`,
  ].join('\n');
}

/** What fetches the rest of a packed output whose first part came: a script for each part; the last one removes it. */
export function furtherParts(first: string, id: string): readonly string[] {
  const count = Math.ceil(Number.parseInt(first, 10) / answerLength) - 1;
  const folder = folderOf(id);
  return Array.from({ length: count }, (_, index) => {
    const part = `tail -c +${(index + 1) * answerLength + 1} ${folder}/output | head -c ${answerLength}`;
    return index === count - 1 ? `${part}\nrm -rf ${folder}` : part;
  });
}

/** The output of a command from its packed parts; undefined where some of it is missing. */
export function answer([first = '', ...parts]: readonly string[]): string | undefined {
  const [length, begin = ''] = first.split('\n') as [string, string?];
  const packed = [begin, ...parts].join('');
  return packed.length === Number(length) && packed !== ''
    ? gunzipSync(Buffer.from(packed, 'base64')).toString()
    : undefined;
}
