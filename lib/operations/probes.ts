/** What the probe of a running cell finds: each SBC places calls through each media host (`../software/probe`). */
import { probeProgram } from '../software/probe/paths.ts';
import type { CellPort } from './cell-port.ts';
import type { HostCommand } from './host-command.ts';
import { until } from './patience.ts';

/** What a probe says of a media host, of its SBC (`sbc`), of records or of the database. */
export interface Probed {
  /** Null where it was not looked at: a host that is drained. */
  readonly good: boolean | null;
  readonly why: string | null;
}

/** Seconds for a host that has just started to carry calls. */
const settling = 60;

/** Has the probe of an SBC place its calls at once, and look for records and at the database. A cell without a probe says nothing. */
const askProbe: HostCommand = {
  does: 'place the calls of its probe',
  argv: ['sh', '-c', '[ ! -x "$0" ] || "$0" now || true', probeProgram],
  seconds: 120,
};

/** By the name of what was looked at, from the answer to it. */
export function probedIn(answer: string): ReadonlyMap<string, Probed> {
  if (answer.trim() === '') return new Map();
  return new Map(Object.entries(JSON.parse(answer) as Readonly<Record<string, Probed>>));
}

/**
 * Calls of the probe that fail now, by SBC and host, and why. An SBC that can't be asked is a fault of its own.
 * @param sbcs names of those that are asked
 * @example (await probeFaults(port, ['sbc-1'])).get('sbc-1 media-2') // 'the probe of sbc-1 finds media-2 at fault: its call has no audio ...'
 */
export async function probeFaults(
  port: Pick<CellPort, 'run'>,
  sbcs: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const asked = sbcs.map(async (sbc): Promise<readonly (readonly [string, string])[]> => {
    try {
      return [...probedIn(await port.run(sbc, askProbe))]
        .filter(([, { good }]) => good === false)
        .map(([part, { why }]) => [`${sbc} ${part}`, `the probe of ${sbc} finds ${part} at fault: ${why}`] as const);
    } catch (error) {
      return [[`${sbc} probe`, (error as Error).message]];
    }
  });
  return new Map((await Promise.all(asked)).flat());
}

/**
 * Waits until every call of the probe is good, of both SBCs and through every host; what failed before an operation began may go on failing, but
 * for the host that it has just touched.
 * @throws OperationFailure that says what fails
 */
export async function awaitProbe(
  port: Pick<CellPort, 'cell' | 'run'>,
  sbcs: readonly string[],
  touched: string,
  before: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<void> {
  let harm: readonly string[] = [];
  await until(
    async () => {
      const now = await probeFaults(port, sbcs);
      harm = [...now].filter(([of]) => !before.has(of) || isAbout(of, touched)).map(([, text]) => text);
      return harm.length === 0;
    },
    settling,
    () => `${touched} of cell ${port.cell} was renewed, and now ${harm.join('; ')}. No further host is touched`,
    signal,
  );
}

/** Whether a fault is one of the host itself: a media host's calls, or an SBC that takes none. */
function isAbout(fault: string, host: string): boolean {
  const [sbc, part] = fault.split(' ');
  return part === host || (sbc === host && (part === 'sbc' || part === 'probe'));
}
