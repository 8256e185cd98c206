/** What the running Kamailios of cells and edges say. */
import { kamailioPaths as paths } from '../../../software/kamailio/common/paths.ts';
import { runInside } from '../namespace.ts';
import type { ProcessId } from '../processes.ts';
import { frontProcess, type FrontState } from './state.ts';

/** One that is frozen never answers. Seconds. */
const usualPatience = 2;

/** Its answer; undefined when it gives none. What it refuses is an answer that begins with `error:`. */
async function ask(init: ProcessId, words: readonly string[], patience = usualPatience): Promise<string | undefined> {
  // The time-out is inside: a killed nsenter would leave the program that it started.
  const argv = ['timeout', '--signal=KILL', String(patience), 'kamcmd', '-s', `unix:${paths.control}`, ...words];
  const { status, stdout } = await runInside(init, argv);
  return status === 0 ? stdout : undefined;
}

/** @param patience seconds @throws LocalFailure when the host is not there */
export function askEdge(
  state: FrontState,
  edge: string,
  words: readonly string[],
  patience?: number,
): Promise<string | undefined> {
  return ask(frontProcess(state, edge), words, patience);
}

/** Entries of a table, from the answer to `htable.dump`. */
export function tableEntries(dump: string): ReadonlyMap<string, string> {
  const entries = [...dump.matchAll(/^\s*name: (.*)\n\s*value: (.*)$/gm)];
  return new Map(entries.map(([, key, value]) => [key!.trim(), value!.trim()]));
}
