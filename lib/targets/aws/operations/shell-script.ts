/** A command of a host as shell scripts, as SSM's document AWS-RunShellScript runs them. */
import { gzipSync } from 'node:zlib';
import type { HostCommand } from '../../../operations/host-command.ts';
import { shellWords } from '../../../software/shell-quote.ts';

/**
 * Characters of standard input in one script. What SSM takes in one call ends somewhere below 100 KB; AWS names 64 KB for a document.
 */
const partLength = 40_000;

/**
 * Scripts that are to run one after the other, each once the one before has succeeded; the last one is the command. An input that
 * is too long for one call comes in parts. A part that comes twice does no harm.
 *
 * @param id tells the parts of one input from those of others: letters and digits
 */
export function shellScripts({ argv, input }: HostCommand, id: string): readonly string[] {
  const command = shellWords(argv);
  if (input === undefined) return [`exec ${command}`];
  const packed = gzipSync(input).toString('base64');
  const parts = packed.match(new RegExp(`.{1,${partLength}}`, 'g')) ?? [];
  const folder = `/run/cellstamp-input-${id}`;
  const file = (index: number) => `${folder}/${String(index).padStart(4, '0')}`;
  const write = parts.map((part, index) =>
    [`set -eu`, 'umask 077', `mkdir -p ${folder}`, `printf %s ${part} >${file(index)}`].join('\n'),
  );
  // Unpacked as a whole first: what arrived in part must not run in part.
  const runIt = [
    `trap 'rm -rf ${folder}' EXIT`,
    `cat ${parts.map((_, index) => file(index)).join(' ')} | base64 -d >${folder}/packed`,
    `gzip -dc ${folder}/packed >${folder}/input`,
    `${command} <${folder}/input`,
  ].join('\n');
  return [...write.slice(0, -1), `${write.at(-1)!}\n${runIt}`];
}
