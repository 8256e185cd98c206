/** A plan as one page: what to do and why, each cell's demand against what it carries, and what if. */
import { counted } from '../../config-file/counted.ts';
import type { PlanInput } from '../../planner/plan/input.ts';
import type { Action, Plan } from '../../planner/plan/schema.ts';
import { barChart, html, page, table, timeline, type Html } from '../../report/index.ts';
import { cellSections } from './page-cells.ts';
import { minute, spansOf } from './page-moments.ts';
import { blockingText, summary } from './text.ts';
import { whatIf, type WhatIf } from './what-if.ts';

/** Cells in one bar chart: with more the names can't be read. */
const CELLS_A_CHART = 50;
/** Rows in one timeline. */
const ROWS_A_CHART = 40;

/**
 * @param input what the plan was made from
 * @returns HTML that needs nothing else; the same plan is the same text
 */
export function planPage(input: PlanInput, plan: Plan): string {
  return page({
    title: `Plan of ${minute(plan.now)} UTC`,
    sections: [
      { heading: 'In short', body: verdict(plan) },
      { heading: 'What to do', body: actions(plan) },
      { heading: 'When', body: moments(plan), folded: plan.actions.length > ROWS_A_CHART },
      { heading: 'What is not done, and why', body: excuses(plan), folded: plan.excuses.length > 20 },
      { heading: 'How full the cells are', body: packing(plan) },
      { heading: 'What it is made from', body: basis(plan) },
      { heading: 'What if', body: whatIfTable(input, plan) },
      ...cellSections(input, plan),
    ],
  });
}

/** What a reader must know who reads no further. */
function verdict(plan: Plan): Html {
  const { cells } = plan;
  const full = cells.filter(({ crossesAt }) => crossesAt !== null);
  const [fullest] = [...cells].sort((a, b) => b.utilisation - a.utilisation);
  return html`<p><strong>${summary(plan)}</strong></p>
    ${
      full.length > 0
        ? html`<p class="bad">
            Too full within the horizon:
            ${full.map(({ name, crossesAt }) => `${name} from ${minute(crossesAt!)} UTC`).join(', ')}.
          </p>`
        : html`<p>No cell gets too full within the horizon.</p>`
    }
    ${fullest === undefined ? '' : html`<p>The fullest cell is ${fullest.name}, at ${percent(fullest.utilisation)}: ${fullest.fullest}.</p>`}`;
}

/** What an action is done to, and the moments that belong to it. */
function aboutAction(action: Action): { readonly subject: string; readonly when: string } {
  switch (action.kind) {
    case 'stamp':
      return {
        subject: `${action.cell} (${action.blueprint})`,
        when: `${action.emergency ? 'at once, was to start' : 'start'} by ${minute(action.startBy)}, needed ${minute(action.neededBy)}`,
      };
    case 'place':
      return { subject: `${action.tenant} in ${action.cell}`, when: '' };
    case 'move':
      return { subject: `${action.tenant} from ${action.from} to ${action.to}`, when: '' };
    case 'drain':
      return { subject: action.cell, when: `until ${minute(action.deadline)}` };
    case 'scale':
      return { subject: action.cell, when: `from ${minute(action.from)}` };
    default:
      return { subject: action.cell, when: '' };
  }
}

function actions({ actions: all }: Plan): Html {
  if (all.length === 0) return html`<p>Nothing.</p>`;
  return table(
    ['what', 'of what', 'when (UTC)', 'why'],
    all.map((action) => {
      const { subject, when } = aboutAction(action);
      return [action.kind, subject, when, action.reason];
    }),
  );
}

function moments(plan: Plan): Html {
  const spans = spansOf(plan);
  if (spans.length === 0) return html`<p>Nothing.</p>`;
  const charts: Html[] = [];
  for (let first = 0; first < spans.length; first += ROWS_A_CHART) {
    const rows = spans.slice(first, first + ROWS_A_CHART);
    charts.push(
      html`<figure>
        ${timeline({
          id: `when-${first}`,
          title: 'When to do what',
          description: rows
            .map(
              ({ name, from, to }) => `${name} ${[from, ...(to === undefined ? [] : [to])].map(moment).join(' to ')}`,
            )
            .join('; '),
          rows,
          marks: [{ at: Date.parse(plan.now), text: 'this plan' }],
        })}
      </figure>`,
    );
  }
  return html`${charts}
    <p>
      UTC. A dot: begin then; of a stamp, then at the latest. A diamond: the new cell is needed, the drain should be
      over, the last media host of the next two days is wanted.
    </p>`;
}

const moment = (at: number): string => minute(new Date(at).toISOString());

function excuses({ excuses: all }: Plan): Html {
  if (all.length === 0) return html`<p>Nothing was wanted and left.</p>`;
  return table(
    ['what', 'of what', 'why not'],
    all.map(({ action, subject, text }) => [action, subject, text]),
  );
}

function packing({ cells, lowerBound }: Plan): Html {
  const charts: Html[] = [];
  for (let first = 0; first < cells.length; first += CELLS_A_CHART) {
    const some = cells.slice(first, first + CELLS_A_CHART);
    charts.push(
      html`<figure>
        ${barChart({
          id: `full-${first}`,
          title: 'How full the cells are',
          description: some.map(({ name, utilisation }) => `${name} ${percent(utilisation)}`).join('; '),
          unit: '% of what the fullest limit lets them carry',
          categories: some.map(({ name }) => name),
          bars: [
            {
              name: 'in the busiest hours ahead',
              values: some.map(({ utilisation }) => drawnPercent(utilisation)),
              labels: tooHigh(some.map(({ utilisation }) => utilisation)),
            },
          ],
          limits: [{ value: 100, text: 'full' }],
        })}
      </figure>`,
    );
  }
  return html`${charts}
    <p>The tenants need at least ${counted(lowerBound.cells, 'cell')}, however packed: ${lowerBound.because}.</p>
    ${table(
      ['cell', 'state', 'tenants', 'full', 'fullest limit', 'full from (UTC)'],
      cells.map((cell) => [
        cell.name,
        cell.state,
        cell.tenants,
        percent(cell.utilisation),
        cell.fullest,
        cell.crossesAt === null ? 'not within the horizon' : minute(cell.crossesAt),
      ]),
    )}`;
}

/** A limit of zero is exceeded beyond every measure, and would leave nothing to see of the other bars. */
const HIGHEST_DRAWN = 2;
const drawnPercent = (share: number): number => Math.min(share, HIGHEST_DRAWN) * 100;
/** What bars say that are drawn shorter than they are. */
const tooHigh = (shares: readonly number[]): Readonly<Record<number, string>> =>
  Object.fromEntries(shares.flatMap((share, at) => (share > HIGHEST_DRAWN ? [[at, percent(share)]] : [])));
const percent = (share: number): string => (share > 10 ? 'over 1,000 %' : `${(share * 100).toFixed(1)} %`);

function basis({ policy, policies, leadTime, quotas, notes }: Plan): Html {
  return html`<p>
      Policy ${policyText(policy)}. Lead time of a stamp ${leadTime.hours} h (${percent(leadTime.quantile)}):
      ${leadTime.basis}.
    </p>
    ${table(
      ['policy', 'lines it buys for the busiest cell', 'calls lost'],
      Object.entries(policies).map(([name, { lines, blocking }]) => [name, lines, blockingText(blocking)]),
    )}
    ${
      quotas.length > 0
        ? table(
            ['quota', 'region', 'limit', 'used', 'needed', 'short'],
            quotas.map(({ quota, region, limit, used, needed, short }) => [quota, region, limit, used, needed, short]),
          )
        : ''
    }
    ${
      notes.length > 0
        ? html`<ul>
            ${notes.map((note) => html`<li>${note}</li>`)}
          </ul>`
        : ''
    }`;
}

const policyText = ({ name, ...numbers }: Plan['policy']): string =>
  `${name} (${Object.entries(numbers)
    .map(([what, value]) => `${what} ${value}`)
    .join(', ')})`;

function whatIfTable(input: PlanInput, plan: Plan): Html {
  const cases = whatIf(input, plan);
  if (cases === undefined) {
    return html`<p class="faint">Left out: for a fleet of this size it would take longer than the plan itself.</p>`;
  }
  const chart = (
    id: string,
    title: string,
    unit: string,
    bars: readonly (readonly [string, (one: WhatIf) => number])[],
    labels: Readonly<Record<number, string>> = {},
  ) =>
    html`<figure>
      ${barChart({
        id,
        title,
        description: cases
          .map((one) => `${one.when}: ${bars.map(([name, value]) => `${Math.round(value(one))} ${name}`).join(', ')}`)
          .join('; '),
        unit,
        categories: cases.map(({ when }) => when),
        bars: bars.map(([name, value]) => ({ name, values: cases.map(value), labels })),
        ...(unit.startsWith('%') && { limits: [{ value: 100, text: 'full' }] }),
      })}
    </figure>`;
  return html`${chart(
    'if-full',
    'How full the fullest cell would be',
    '% of what its fullest limit lets it carry',
    [['fullest cell', ({ fullest }) => drawnPercent(fullest)]],
    tooHigh(cases.map(({ fullest }) => fullest)),
  )}
  ${chart('if-cells', 'Cells to stamp, and cells that get too full', 'cells', [
    ['stamps', ({ stamps }) => stamps],
    ['cells that get too full', ({ crossing }) => crossing],
  ])}
  ${table(
    ['if', 'stamps', 'earliest start by (UTC)', 'cells that get too full', 'fullest cell'],
    cases.map(({ when, stamps, startBy, crossing, fullest }) => [
      when,
      stamps,
      startBy === undefined ? '' : minute(startBy),
      crossing,
      percent(fullest),
    ]),
  )}`;
}
