/** When what a plan decides is to be done: for its page. */
import { counted } from '../../config-file/counted.ts';
import type { Action, ActionOf, Plan } from '../../planner/plan/schema.ts';
import type { Mark, Span } from '../../report/index.ts';
import { HOUR_MS } from '../../planner/time.ts';

export const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');

/** Every action with its moments, the earliest first; places and moves of the same cells are one. */
export function spansOf({ actions, now }: Plan): Span[] {
  const spans = new Map<string, { name: (count: number) => string; from: number; to?: number; count: number }>();
  for (const action of actions) {
    const span = spanOf(action, Date.parse(now));
    const key = span.name(1);
    const known = spans.get(key);
    if (known === undefined) spans.set(key, { ...span, count: 1 });
    else known.count++;
  }
  return [...spans.values()]
    .map(({ name, count, ...times }): Span => ({ name: name(count), ...times }))
    .sort((a, b) => a.from - b.from);
}

function spanOf(action: Action, now: number): Pick<Span, 'from' | 'to'> & { name: (count: number) => string } {
  const tenants = (count: number): string => (count === 1 ? 'a tenant' : counted(count, 'tenant'));
  switch (action.kind) {
    case 'stamp':
      return {
        name: () => `stamp ${action.cell}`,
        from: Date.parse(action.startBy),
        to: Date.parse(action.neededBy),
      };
    case 'drain':
      return { name: () => `drain ${action.cell}`, from: now, to: Date.parse(action.deadline) };
    case 'scale': {
      const steps = stepsOf(action);
      const from = steps[0]!.at;
      const to = steps.at(-1)!.at;
      return {
        name: () => `scale ${action.cell} ${action.pools.join('+')}`,
        from,
        ...(to !== from && { to }),
      };
    }
    case 'place':
      return { name: (count) => `place ${tenants(count)} in ${action.cell}`, from: now };
    case 'move':
      return { name: (count) => `move ${tenants(count)} from ${action.from} to ${action.to}`, from: now };
    default:
      return { name: () => `${action.kind} ${action.cell}`, from: now };
  }
}

/** The hours from which on another number of media hosts is wanted: at least one. */
function stepsOf({ from, hosts, current }: ActionOf<'scale'>): { at: number; hosts: number }[] {
  return hosts.flatMap((count, hour) =>
    count === (hosts[hour - 1] ?? current) ? [] : [{ at: Date.parse(from) + hour * HOUR_MS, hosts: count }],
  );
}

/** What happens to a cell and because of it, each at its moment: what is at the same moment has one name. */
export function marksOf(cell: string, { now, cells, actions }: Plan): Mark[] {
  const texts = new Map<number, string[]>();
  const add = (at: number, text: string): void => {
    const others = texts.get(at);
    if (others === undefined) texts.set(at, [text]);
    else if (!others.includes(text)) others.push(text);
  };
  const present = Date.parse(now);
  add(present, 'this plan');
  const crossing = cells.find(({ name }) => name === cell)?.crossesAt ?? undefined;
  if (crossing !== undefined) add(Date.parse(crossing), 'too full');
  for (const action of actions) {
    if (action.kind === 'stamp') {
      if (!isNamed(cell, action.reason)) continue;
      add(Date.parse(action.startBy), `begin ${action.cell}`);
      add(Date.parse(action.neededBy), `${action.cell} needed`);
    } else if (action.kind === 'move') {
      if (action.from === cell || action.to === cell) {
        add(present, action.from === cell ? 'tenants go' : 'tenants come');
      }
    } else if (action.cell === cell) {
      if (action.kind === 'scale') {
        const [first] = stepsOf(action);
        add(first!.at, `${counted(first!.hosts, 'media host')} of ${action.pools.join(' and ')}`);
      } else {
        add(present, action.kind === 'place' ? 'tenants come' : action.kind);
        if (action.kind === 'drain') add(Date.parse(action.deadline), 'drained');
      }
    }
  }
  return [...texts].map(([at, all]): Mark => ({ at, text: all.join(', ') })).sort((a, b) => a.at - b.at);
}

/** True where a text has the whole name: `euw1-a` is not in `euw1-ab`. */
const isNamed = (name: string, text: string): boolean => text.split(/[^a-z0-9-]+/).includes(name);
