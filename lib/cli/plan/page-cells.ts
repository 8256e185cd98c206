/** Each cell of a plan over time: demand and its quantiles against what it carries, and the media hosts it wants. */
import { counted } from '../../config-file/counted.ts';
import { demandAhead, type CellAhead, type DemandAhead } from '../../planner/plan/demand-ahead.ts';
import type { PlanInput } from '../../planner/plan/input.ts';
import { DEFAULT_RULES } from '../../planner/plan/rules.ts';
import type { ActionOf, Plan } from '../../planner/plan/schema.ts';
import {
  count,
  html,
  lineChart,
  table,
  type Html,
  type Limit,
  type PlottedLine,
  type Mark,
  type Section,
} from '../../report/index.ts';
import { marksOf } from './page-moments.ts';
import { HOUR_MS } from '../../planner/time.ts';

/** Days of the past that are drawn before the forecast. */
const MEASURED_DAYS = 14;
/** Beyond this many cells a plot has a point a day, and only the fullest resource has one: the page can still be opened. */
const MOST_HOURLY_CELLS = 30;
/** More cells than this are folded. */
const MOST_OPEN_CELLS = 6;

/** What all cells' plots follow. */
interface Drawing {
  readonly plan: Plan;
  /** Quantile that the policy plans for. */
  readonly planned: number;
  /** Media hosts of every pool that may be lost. */
  readonly lost: number;
}

export function cellSections(input: PlanInput, plan: Plan): Section[] {
  const ahead = demandAhead(input, MEASURED_DAYS);
  const pools = new Map(input.cells.map(({ spec }) => [spec.name, spec.media.pools]));
  const drawing: Drawing = {
    plan,
    planned: Number(plan.policy['quantile']),
    lost: { ...DEFAULT_RULES, ...input.rules }.lostMediaHosts,
  };
  const large = ahead.length > MOST_HOURLY_CELLS;
  return ahead.map((one): Section => {
    const scales = plan.actions.filter((action) => action.kind === 'scale').filter(({ cell }) => cell === one.cell);
    const { fullest, others } = demandPlots(one, drawing, large);
    return {
      heading: one.cell,
      body: html`${fullest} ${scales.map((scale) => mediaHosts(scale, pools.get(one.cell)!))} ${others}`,
      folded: ahead.length > MOST_OPEN_CELLS,
    };
  });
}

function demandPlots(
  { cell, resources }: CellAhead,
  drawing: Drawing,
  large: boolean,
): Record<'fullest' | 'others', Html> {
  const { plan, planned } = drawing;
  const [first, ...rest] = [...resources].sort((a, b) => fullness(b, planned) - fullness(a, planned));
  if (first === undefined) {
    return { fullest: html`<p class="faint">No history, and no tenants that use anything.</p>`, others: html`` };
  }
  const report = plan.cells.find(({ name }) => name === cell)!;
  return {
    fullest: html`${demandPlot(cell, large ? daily(first) : first, drawing, marksOf(cell, plan))}
      <p>Fullest in the busiest hours ahead, of all limits and pools: ${report.fullest}.</p>
      ${lastDay(cell, first, planned, large)}`,
    others:
      rest.length === 0
        ? html``
        : html`<details>
            <summary>Other resources</summary>
            ${large ? peaks(rest, planned) : rest.map((one) => demandPlot(cell, daily(one), drawing, []))}
          </details>`,
  };
}

/** What is planned for: the quantile of the policy, or what the tenants are expected to use where nothing was measured. */
const plannedFor = ({ levels, quantiles, expected }: DemandAhead, planned: number): Float64Array =>
  expected ?? quantiles[levels.indexOf(planned)]!;

const highest = (values: Float64Array): number => values.reduce((most, value) => (value > most ? value : most), 0);

const fullness = (one: DemandAhead, planned: number): number =>
  one.usable === undefined ? 0 : highest(plannedFor(one, planned)) / one.usable;

function demandPlot(
  cell: string,
  { resource, hours, measured, levels, quantiles, expected, limit, usable }: DemandAhead,
  { planned, lost }: Drawing,
  marks: readonly Mark[],
): Html {
  const lines: PlottedLine[] = expected
    ? [{ name: 'expected of its tenants, never measured', values: expected }]
    : [{ name: 'measured', values: measured }, ...quantileLines(levels, quantiles, planned)];
  const limits: Limit[] = [
    ...(limit === undefined
      ? []
      : [{ value: limit, text: `carries ${count(four(limit))} with ${withLost(resource, lost)}` }]),
    ...(usable === undefined
      ? []
      : [{ value: usable, text: `up to ${count(four(usable))} by the policy`, dashed: true }]),
  ];
  return html`<figure>
    ${lineChart({
      id: `${cell}-${resource}`,
      title: `${resource} of ${cell}`,
      description: `Measured, forecast, and what the cell carries${limit === undefined ? ', which is not known' : ''}`,
      unit: isDaily(hours) ? `${UNITS[resource]}, the most of each day` : UNITS[resource],
      times: hours,
      lines,
      limits,
      marks,
    })}
  </figure>`;
}

const quantileLines = (levels: readonly number[], quantiles: readonly Float64Array[], planned: number): PlottedLine[] =>
  levels.map((level, n) => ({
    name: `${levelText(level)} quantile${level === planned ? ', planned for' : ''}`,
    values: quantiles[n]!,
    dashed: level !== planned,
  }));

/** The last day as it was forecast a day ago, against what was measured. */
function lastDay(
  cell: string,
  { resource, hours, measured, levels, dayAgo }: DemandAhead,
  planned: number,
  large: boolean,
): Html {
  const at = [...hours.keys()].filter((i) => !Number.isNaN(dayAgo?.[0]![i] ?? NaN) && !Number.isNaN(measured[i]!));
  if (dayAgo === undefined || at.length === 0) return html``;
  const [median, high] = [0.5, planned].map((level) => dayAgo[levels.indexOf(level)]!);
  const above = at.filter((i) => measured[i]! > high![i]!).length;
  const sum = (of: (i: number) => number): number => at.reduce((total, i) => total + of(i), 0);
  const [apart, all] = [sum((i) => Math.abs(measured[i]! - median![i]!)), sum((i) => measured[i]!)];
  const error = all > 0 ? `, and its median was ${((100 * apart) / all).toFixed(1)} % off` : '';
  const [from, to] = [at[0]!, at.at(-1)! + 1];
  return html`<p>
      The forecast of a day ago, against what was measured since: in ${counted(above, 'hour')} of ${at.length} the use
      was above its ${levelText(planned)} quantile${error}.
    </p>
    ${
      large
        ? html``
        : html`<figure>
            ${lineChart({
              id: `${cell}-${resource}-last-day`,
              title: `${resource} of ${cell} in the last day, and its forecast`,
              description: 'The forecast of a day ago, and what was measured since',
              unit: UNITS[resource],
              times: hours.subarray(from, to),
              lines: [
                { name: 'measured', values: measured.subarray(from, to) },
                ...quantileLines(
                  levels,
                  dayAgo.map((values) => values.subarray(from, to)),
                  planned,
                ),
              ],
              height: 160,
            })}
          </figure>`
    }`;
}

const four = (value: number): number => Number(value.toPrecision(4));
/** `99 %`, `97.5 %`. */
const levelText = (level: number): string => `${Number((level * 100).toPrecision(6))} %`;

const withLost = (resource: DemandAhead['resource'], lost: number): string =>
  resource === 'relayedCalls' || resource === 'mediaSessions'
    ? `${counted(lost, 'media host')} of every pool lost`
    : 'an SBC lost';

const UNITS: Readonly<Record<DemandAhead['resource'], string>> = {
  setups: 'set-ups/s',
  registrations: 'contacts',
  relayedCalls: 'concurrent calls',
  mediaSessions: 'sessions',
  recordEvents: 'operations/s',
  databaseWrites: 'writes/s',
};

/** The busiest hours as numbers, where plots of all cells would be too many. */
function peaks(demands: readonly DemandAhead[], planned: number): Html {
  const { levels } = demands[0]!;
  const heads = levels.length === 0 ? ['expected'] : levels.map((level) => `${levelText(level)} quantile`);
  return table(
    ['busiest hour ahead', ...heads, 'carries', 'usable'],
    demands.map((one) => [
      `${one.resource}, ${UNITS[one.resource]}`,
      ...(levels.length === 0 ? [plannedFor(one, planned)] : one.quantiles).map((values) => four(highest(values))),
      ...[one.limit, one.usable].map((value) => (value === undefined ? 'not known' : four(value))),
    ]),
  );
}

/** The most of every day. */
function daily({ hours, measured, quantiles, expected, dayAgo: _, ...others }: DemandAhead): DemandAhead {
  const days = Math.ceil(hours.length / 24);
  const most = (values: Float64Array): Float64Array =>
    Float64Array.from({ length: days }, (_, day) =>
      values.subarray(day * 24, day * 24 + 24).reduce((high, value) => (high >= value ? high : value), NaN),
    );
  return {
    ...others,
    hours: Float64Array.from({ length: days }, (_, day) => hours[day * 24]!),
    measured: most(measured),
    quantiles: quantiles.map(most),
    ...(expected && { expected: most(expected) }),
  };
}

const isDaily = (hours: Float64Array): boolean => hours[1]! - hours[0]! > HOUR_MS;

/** The schedule of the media hosts that a group of pools wants, in steps. */
function mediaHosts(
  { cell, pools, from, current, hosts }: ActionOf<'scale'>,
  all: Readonly<Record<string, readonly number[]>>,
): Html {
  const there = new Set(pools.flatMap((pool) => all[pool]!)).size;
  const whose = pools.join(' and ');
  const first = Date.parse(from);
  // The last hour is as long as the others.
  const times = Array.from({ length: hosts.length + 1 }, (_, hour) => first + hour * HOUR_MS);
  return html`<figure>
    ${lineChart({
      id: `${cell}-hosts-${pools.join('-')}`,
      title: `Media hosts of ${whose} wanted in ${cell}`,
      description: `${current} now, ${hosts[0]!} from ${from} on, ${hosts.at(-1)!} at the end; there are ${there}`,
      unit: `media hosts of ${whose}`,
      times,
      lines: [
        { name: 'wanted', values: [...hosts, hosts.at(-1)!], steps: true },
        { name: 'in service now', values: times.map(() => current), dashed: true },
      ],
      limits: [{ value: there, text: `${there} there are` }],
      height: 140,
    })}
  </figure>`;
}
