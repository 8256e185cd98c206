import { counted } from '../../config-file/counted.ts';
import { FIGURES } from '../../planner/simulation/comparison.ts';
import type { FleetHour, SimulationResult } from '../../planner/simulation/result.ts';
import { barChart, html, lineChart, page, table, type Html, type Section } from '../../report/index.ts';

/** Actions of one decider that the page lists; the JSON has them all. */
const MOST_ACTIONS = 500;

/** One page with the deciders side by side, and for each the demand, the room for it and the cells that were short. */
export function simulationPage(name: string, results: readonly SimulationResult[]): string {
  return page({
    title: `Simulation: ${name}`,
    sections: [
      { heading: 'Compared', body: compared(results) },
      { heading: 'What it cost, and what it bought', body: bars(results) },
      ...results.map((result): Section => ({ heading: result.decider, body: overTime(result) })),
      ...results.map((result): Section => ({
        heading: `Actions of ${result.decider}`,
        folded: true,
        body: actions(result),
      })),
    ],
  });
}

const compared = (results: readonly SimulationResult[]): Html =>
  table(
    ['', ...results.map(({ decider }) => decider)],
    FIGURES.map(([what, figure]) => [what, ...results.map((result) => Math.round(figure(result)))]),
  );

function bars(results: readonly SimulationResult[]): Html {
  const categories = results.map(({ decider }) => decider);
  const chart = (id: string, title: string, unit: string, name: string, figure: (one: SimulationResult) => number) =>
    barChart({
      id,
      title,
      description: results.map((one) => `${one.decider}: ${Math.round(figure(one))} ${unit}`).join('; '),
      unit,
      categories,
      bars: [{ name, values: results.map(figure) }],
      height: 120,
    });
  return html`<figure>
      ${chart('short', 'Minutes short', 'minutes', 'minutes short, summed over cells', (one) => one.minutesShort)}
    </figure>
    <figure>
      ${chart('cells', 'Cell-hours', 'hours', 'cell-hours, by media hosts in service', (one) => one.weightedCellHours)}
    </figure>`;
}

function overTime({ decider, hours, log }: SimulationResult): Html {
  const series = (value: (hour: FleetHour) => number): Float64Array => Float64Array.from(hours, value);
  const times = series(({ at }) => at);
  const stamps = log.flatMap(({ action, at, refused }) =>
    action.do === 'stamp' && refused === undefined ? [{ at, text: `stamp ${action.name}` }] : [],
  );
  const highest = Math.max(...hours.map(({ calls }) => calls));
  const shortHours = hours.filter(({ short }) => short > 0).length;
  return html`<figure>
      ${lineChart({
        id: `demand-${decider}`,
        title: `Demand and capacity under ${decider}`,
        description: `Up to ${counted(Math.round(highest), 'concurrent call')} in ${counted(hours.length, 'hour')}, ${counted(stamps.length, 'cell')} stamped`,
        unit: 'concurrent calls',
        times,
        lines: [
          { name: 'calls, the most of the hour', values: series(({ calls }) => calls) },
          { name: 'room with one media host a cell lost', values: series(({ capacity }) => capacity), dashed: true },
        ],
        marks: stamps,
      })}
    </figure>
    <figure>
      ${lineChart({
        id: `short-${decider}`,
        title: `Cells and shortages under ${decider}`,
        description: `Cells were short in ${shortHours} of ${counted(hours.length, 'hour')}`,
        unit: 'cells',
        times,
        lines: [
          { name: 'cells', values: series(({ cells }) => cells) },
          { name: 'short at some time of the hour', values: series(({ short }) => short) },
        ],
        height: 120,
      })}
    </figure>`;
}

function actions({ log }: SimulationResult): Html {
  const rows = log.slice(0, MOST_ACTIONS).map(({ at, action, refused }) => {
    const { do: what, because = '', ...about } = action;
    const subject = Object.values(about).flat().join(' ');
    return [
      new Date(at).toISOString().slice(0, 16),
      what,
      subject,
      refused === undefined ? because : `not done: ${refused}`,
    ];
  });
  const rest = log.length - rows.length;
  return html`${table(['when (UTC)', 'what', 'of what', 'why'], rows)}
  ${rest > 0 ? html`<p class="faint">${rest} more are in the JSON.</p>` : ''}`;
}
