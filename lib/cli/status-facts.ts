/** What `status --watch` tells: facts about everything that is up, and how they change. */
import { hostFaults, planned } from './cell-table.ts';
import type { FrontStatus } from '../targets/local/front/index.ts';
import type { CellStatus, HostStatus, Remains } from '../targets/local/index.ts';

/** What is up, and what killed commands have left. */
export interface Sight {
  readonly cells: readonly CellStatus[];
  readonly fronts: readonly FrontStatus[];
  readonly remains: readonly Remains[];
}

/** Sentences by what they are about. */
type Facts = ReadonlyMap<string, string>;

export function factsOf({ cells, fronts, remains }: Sight): Map<string, string> {
  type Host = Parameters<typeof hostFaults>[0] & Pick<HostStatus, 'work'>;
  const hosts = (of: string, each: readonly Host[], up: string) =>
    each.map((host): [string, string] => {
      const faults = hostFaults(host, up);
      const is = [host.state, ...planned(host)].join(', ');
      return [
        `${host.name} of ${of}`,
        `${host.name} of ${of} is ${is}${faults.length === 0 ? '' : `: ${faults.join('; ')}`}`,
      ];
    });
  if (cells.length + fronts.length + remains.length === 0)
    return new Map([['nothing', 'no cell is up on this machine']]);
  return new Map([
    ...cells.flatMap((cell): [string, string][] => {
      const active = cell.hosts.filter((host) => host.active).map(({ name }) => name);
      const who =
        active.length === 0
          ? 'no SBC is active'
          : `${active.join(' and ')} ${active.length === 1 ? 'is' : 'are'} active`;
      return [
        [`cell ${cell.name}`, `cell ${cell.name} is ${cell.state}, ${who}`],
        ...hosts(cell.name, cell.hosts, `up ${cell.name}`),
      ];
    }),
    ...fronts.flatMap((front): [string, string][] => {
      const out = front.edges.filter(({ healthy }) => !healthy).map(({ name }) => name);
      const who = out.length === 0 ? 'every edge takes calls' : `no new calls go to ${out.join(' and ')}`;
      return [
        [`front ${front.name}`, `front ${front.name} is ${front.state}, ${who}`],
        ...hosts(front.name, [...front.edges, ...front.around], 'up --front'),
      ];
    }),
    ...remains.map(({ name, reason }): [string, string] => [`remains of ${name}`, `remains of ${name}: ${reason}`]),
  ]);
}

/** What is new or different, and what is gone. Of what is seen for the first time only what is not well, and each cell and front. */
export function changes(before: Facts, now: Facts): readonly string[] {
  const first = before.size === 0;
  return [
    ...[...now]
      .filter(([about, fact]) => before.get(about) !== fact)
      .map(([, fact]) => fact)
      .filter((fact) => !first || !/^\S+ of \S+ is ready$/.test(fact)),
    ...[...before.keys()]
      .filter((about) => !now.has(about) && /^(cell|front|remains) /.test(about))
      .map((about) => `${about} is gone`),
  ];
}
