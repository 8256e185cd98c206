/** What the probes of a running cell have found last: the files that they keep on their SBCs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from '../../fleet/derive/cell.ts';
import { probeFolder } from '../../software/probe/paths.ts';
import { isAlive } from './processes.ts';
import { isActive } from './service-notes.ts';
import type { CellState } from './state.ts';

export interface HostProbe {
  /** Whether less than two looks in a row have failed. */
  readonly good: boolean;
  /** Since the last look. */
  readonly secondsAgo: number;
  /** What was wrong. */
  readonly why: string | null;
  /** Whether a media host gets new calls, as far as the probe of the active SBC has a say. */
  readonly inService: boolean;
}

/** `results.json` of an SBC. */
interface Results {
  readonly parts: Readonly<Record<string, Part>>;
}

interface Part {
  readonly failing: boolean;
  /** Seconds since 1970. */
  readonly at: number;
  readonly why: string | null;
  readonly out?: boolean;
}

/**
 * By the host's name: of an SBC what its own probe says of it, of records and of the database; of a media host what the active
 * SBC's says, or the only one that there is.
 */
export function probedHosts(cell: Cell, state: CellState): ReadonlyMap<string, HostProbe> {
  const told = cell.sbcs.flatMap(({ name }) => {
    const results = resultsOf(state, name);
    return results === undefined ? [] : [{ sbc: name, parts: results.parts }];
  });
  const ofMedia = told.find(({ sbc }) => isActive(cell.name, sbc)) ?? told[0];
  return new Map([
    ...told.flatMap(({ sbc, parts }): [string, HostProbe][] => {
      const own = Object.entries(parts).filter(([name]) => !name.startsWith('media-'));
      if (own.length === 0) return [];
      const bad = own.filter(([, { failing }]) => failing);
      return [
        [
          sbc,
          {
            good: bad.length === 0,
            secondsAgo: ago(Math.max(...own.map(([, { at }]) => at))),
            why: bad.length === 0 ? null : bad.map(([name, { why }]) => `${name}: ${why}`).join('; '),
            inService: true,
          },
        ],
      ];
    }),
    ...Object.entries(ofMedia?.parts ?? {})
      .filter(([name]) => name.startsWith('media-'))
      .map(([name, { failing, at, why, out }]): [string, HostProbe] => [
        name,
        {
          good: !failing,
          secondsAgo: ago(at),
          why: failing ? `the probe of ${ofMedia!.sbc}: ${why}` : null,
          inService: out !== true,
        },
      ]),
  ]);
}

const ago = (at: number) => Math.max(0, Date.now() / 1000 - at);

/** Undefined where the SBC is dead, has no probe, or it has said nothing yet. */
function resultsOf({ namespaces }: CellState, sbc: string): Results | undefined {
  const init = namespaces[sbc]?.init;
  if (init === undefined || !isAlive(init)) return undefined;
  try {
    const text = readFileSync(join('/proc', String(init.pid), 'root', probeFolder, 'results.json'), 'utf8');
    return JSON.parse(text) as Results;
  } catch {
    return undefined;
  }
}
