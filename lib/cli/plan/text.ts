/** A plan as a person reads it: what, where, when and why, in the manner of Terraform's plans. */
import { counted } from '../../config-file/counted.ts';
import { amount, percent } from '../../planner/wording.ts';
import type { Action, Plan, PlanExcuse } from '../../planner/plan/schema.ts';
import { lines } from '../failure.ts';
import { formatTable } from '../output.ts';
import { when } from '../../planner/time.ts';

type ActionKind = Action['kind'];

const GREEN = 32;
const YELLOW = 33;
const RED = 31;
const BOLD = 1;

/** Sign and colour of an action, and the order in which kinds are printed. */
const SIGNS: Readonly<Record<ActionKind, readonly [sign: string, colour: number]>> = {
  hold: ['!', RED],
  stamp: ['+', GREEN],
  place: ['+', GREEN],
  move: ['~', YELLOW],
  scale: ['~', YELLOW],
  cordon: ['~', YELLOW],
  uncordon: ['~', YELLOW],
  drain: ['~', YELLOW],
  retire: ['-', RED],
};
const KINDS = Object.keys(SIGNS) as ActionKind[];

/** Excuses of one kind that are printed one by one. */
const EXCUSES_SHOWN = 3;

/** Cells whose limits are printed. */
const LIMITS_SHOWN = 5;

/** Whether a plan asks for anything to be done. A hold asks that nothing be done to a cell until a person has looked. */
export const somethingToDo = ({ actions }: Plan): boolean => actions.some(({ kind }) => kind !== 'hold');

/** @param colour with the colours of a terminal */
export function planText(plan: Plan, colour: boolean): string {
  const paint = (code: number, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const { actions, notes } = plan;
  const inOrder = KINDS.flatMap((kind) => actions.filter((action) => action.kind === kind));
  const parts = [
    [head(plan)],
    cellLines(plan),
    ...inOrder.map((action) => {
      const [sign, code] = SIGNS[action.kind];
      return [`  ${paint(code, sign)} ${paint(BOLD, `${action.kind} ${describe(action)}`)}`, `      ${action.reason}`];
    }),
    excuseLines(plan.excuses),
    limitLines(plan.admission),
    comparison(plan),
    quotaLines(plan),
    [
      `lead time    ${amount(plan.leadTime.hours)} h at the ${percent(plan.leadTime.quantile)} quantile: ${plan.leadTime.basis}`,
      `lower bound  ${counted(plan.lowerBound.cells, 'cell')} needed, however packed: ${plan.lowerBound.because}`,
    ],
    notes.length === 0 ? [] : ['Notes:', ...notes.map((note) => `  ${lines(note)}`)],
    [paint(BOLD, summary(plan))],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** `Plan: 1 to stamp, 3 to place`: all kinds that there are. */
export function summary(plan: Plan): string {
  const counts = KINDS.filter((kind) => kind !== 'hold')
    .map((kind) => [plan.actions.filter((action) => action.kind === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${count} to ${kind}`);
  const holds = plan.actions.filter(({ kind }) => kind === 'hold').length;
  const held = holds === 0 ? [] : [`${counted(holds, 'cell')} on hold`];
  return `Plan: ${[...(counts.length === 0 ? ['nothing to do'] : counts), ...held].join(', ')}.`;
}

function head({ now, policy, cells }: Plan): string {
  const { name, ...numbers } = policy;
  const given = Object.entries(numbers).map(([key, value]) => `${key} ${value}`);
  const tenants = cells.reduce((sum, cell) => sum + cell.tenants, 0);
  return `Plan of ${when(Date.parse(now))} for ${counted(cells.length, 'cell')} with ${counted(tenants, 'tenant')}, policy ${name} (${given.join(', ')})`;
}

/** A table that a terminal of 80 columns has room for, and below it what is of any length. */
function cellLines({ cells }: Plan): readonly string[] {
  if (cells.length === 0) return [];
  const rows = cells.map((cell) => [
    cell.name,
    cell.state,
    String(cell.tenants),
    percent(cell.utilisation),
    cell.crossesAt === null ? '-' : when(Date.parse(cell.crossesAt)),
  ]);
  return [
    formatTable(['cell', 'state', 'tenants', 'full', 'too full from'], rows),
    '',
    'The fullest limit of each:',
    ...cells.map(({ name, fullest }) => `  ${name}: ${fullest}`),
  ];
}

function describe(action: Action): string {
  switch (action.kind) {
    case 'stamp': {
      const urgent = action.emergency ? ', an emergency' : '';
      const cost = action.costPerHour === null ? '' : `, ${amount(action.costPerHour)} an hour`;
      return `${action.cell}: ${action.blueprint}, begin by ${at(action.startBy)}, needed by ${at(action.neededBy)}, for ${counted(action.tenants, 'tenant')}${cost}${urgent}`;
    }
    case 'place':
      return `${action.tenant} in ${action.cell}`;
    case 'move':
      return `${action.tenant} from ${action.from} to ${action.to}`;
    case 'scale':
      return `${action.cell} ${action.pools.join(' and ')}: ${action.current} to ${counted(action.hosts[0]!, 'media host')} from ${at(action.from)}, at most ${Math.max(...action.hosts)} within 48 h`;
    case 'drain':
      return `${action.cell}: ${counted(action.tenants, 'tenant')} to go by ${at(action.deadline)}`;
    case 'hold':
      return `${action.cell}: ${action.codes.join(', ')}`;
    case 'cordon':
    case 'uncordon':
    case 'retire':
      return action.cell;
  }
}

function excuseLines(excuses: readonly PlanExcuse[]): readonly string[] {
  if (excuses.length === 0) return [];
  const kinds = KINDS.map((kind) => excuses.filter(({ action }) => action === kind)).filter((some) => some.length > 0);
  return [
    'Not done:',
    ...kinds.flatMap((some) => {
      const shown = some.slice(0, EXCUSES_SHOWN).map(({ action, subject, text }) => `  ${action} ${subject}: ${text}`);
      const more = some.length - shown.length;
      return more === 0 ? shown : [...shown, `  ${some[0]!.action}: ${more} more, all of them with --json`];
    }),
  ];
}

/** Cells where a tenant should have less than its contract, or where there is something to report. */
function limitLines(admission: Plan['admission']): readonly string[] {
  const cells = admission.flatMap((one) => {
    if ('excuse' in one) return [[`  ${one.cell}: none, as ${one.excuse}`]];
    const lower = Object.keys(one.limits).length;
    if (lower === 0 && one.findings.length === 0) return [];
    const tenants = `${counted(lower, 'tenant')} below the contract`;
    return [
      [
        `  ${one.cell}: ${tenants}, ${counted(one.sharedCalls, 'call')} shared`,
        ...one.findings.map((text) => `    ${text}`),
      ],
    ];
  });
  if (cells.length === 0) return [];
  const more = cells.length - LIMITS_SHOWN;
  return [
    'Limits with which guarantees hold (all with --json, applied by `npx cellstamp provision CELL --plan FILE`):',
    ...cells.slice(0, LIMITS_SHOWN).flat(),
    ...(more > 0 ? [`  ${counted(more, 'cell')} more, all of them with --json`] : []),
  ];
}

function comparison({ policies, policy }: Plan): readonly string[] {
  const rows = Object.entries(policies).map(([name, { lines, blocking }]) => [
    name === policy['name'] ? `${name} (this plan)` : name,
    String(lines),
    blockingText(blocking),
  ]);
  return [
    'For the relayed calls of the busiest cell a policy buys:',
    formatTable(['policy', 'lines', 'calls lost'], rows),
  ];
}

/** A share that no one will live to see lost is as good as none. */
export function blockingText(blocking: number): string {
  if (blocking === 0) return 'none';
  return blocking < 1e-9 ? 'less than one in 1,000,000,000' : `${amount(blocking * 100)} %`;
}

function quotaLines({ quotas }: Plan): readonly string[] {
  if (quotas.length === 0) return [];
  const rows = quotas.map(({ region, quota, limit, used, needed, short }) => [
    region,
    quota,
    ...[limit, used, needed, short].map(String),
  ]);
  return [formatTable(['region', 'quota', 'limit', 'used', 'needed', 'to raise by'], rows)];
}

const at = (instant: string): string => when(Date.parse(instant));
