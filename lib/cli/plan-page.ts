/** A plan as one page: what to do and why, each cell's demand against what it carries, and what if. */
import { demandAhead, type CellAhead, type DemandAhead } from '../capacity/plan/demand-ahead.ts';
import type { PlanInput } from '../capacity/plan/input.ts';
import type { Action, Plan } from '../capacity/plan/schema.ts';
import { barChart, html, lineChart, page, table, type Html, type Mark, type Section } from '../page/index.ts';
import { whatIf } from './plan-what-if.ts';

/** Days of the past that are drawn before the forecast. */
const MEASURED_DAYS = 14;
/** Cells in one bar chart: with more the names can't be read. */
const CELLS_A_CHART = 50;
/** Beyond so many cells a plot has a point a day, so that the page can still be opened. */
const MOST_HOURLY_CELLS = 30;

/**
 * @param input what the plan was made from
 * @returns HTML that needs nothing else; the same plan is the same text
 */
export function planPage(input: PlanInput, plan: Plan): string {
  const ahead = demandAhead(input, MEASURED_DAYS);
  return page({
    title: `Plan of ${minute(plan.now)} UTC`,
    sections: [
      { heading: 'What to do', body: actions(plan) },
      { heading: 'What is not done, and why', body: excuses(plan), folded: plan.excuses.length > 20 },
      { heading: 'How full the cells are', body: packing(plan) },
      { heading: 'What it is made from', body: basis(plan) },
      { heading: 'What if', body: whatIfTable(input, plan) },
      ...ahead.map((cell): Section => ({
        heading: cell.cell,
        body: cellOverTime(cell, plan, ahead.length > MOST_HOURLY_CELLS),
        folded: ahead.length > 6,
      })),
    ],
  });
}

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');

/** What an action is done to, and the moments that belong to it. */
function aboutAction(action: Action): { readonly subject: string; readonly when: string } {
  switch (action.kind) {
    case 'stamp':
      return {
        subject: `${action.cell} (${action.blueprint})`,
        when: `${action.emergency ? 'now, needed since' : `start by ${minute(action.startBy)}, needed`} ${minute(action.neededBy)}`,
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
              values: some.map(({ utilisation }) => Math.min(utilisation, 10) * 100),
            },
          ],
          limits: [{ value: 100, text: 'full' }],
          height: 260,
        })}
      </figure>`,
    );
  }
  return html`${charts}
    <p>The tenants need at least ${lowerBound.cells} cells, however packed: ${lowerBound.because}.</p>
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

/** A limit of zero is exceeded beyond every measure. */
const percent = (share: number): string => (share > 10 ? 'over 1000 %' : `${(share * 100).toFixed(1)} %`);

function basis({ policy, policies, leadTime, quotas, notes }: Plan): Html {
  return html`<p>
      Policy ${policyText(policy)}. Lead time of a stamp ${leadTime.hours} h (${percent(leadTime.quantile)}):
      ${leadTime.basis}.
    </p>
    ${table(
      ['policy', 'lines it buys for the busiest cell', 'calls lost'],
      Object.entries(policies).map(([name, { lines, blocking }]) => [name, lines, percent(blocking)]),
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
    return html`<p class="faint">Left out: with so many cells it would take longer than the plan itself.</p>`;
  }
  return table(
    ['if', 'stamps', 'earliest start by (UTC)', 'cells that get too full', 'fullest cell'],
    cases.map(({ when, stamps, startBy, crossing, fullest }) => [
      when,
      stamps,
      startBy === undefined ? '' : minute(startBy),
      crossing,
      percent(fullest),
    ]),
  );
}

function cellOverTime({ cell, resources }: CellAhead, plan: Plan, thin: boolean): Html {
  if (resources.length === 0) return html`<p class="faint">No history: planned by its tenants' expected weeks.</p>`;
  const marks = marksOf(cell, plan);
  const fullness = ({ quantile, usable }: DemandAhead): number =>
    usable === undefined ? 0 : quantile.reduce((most, value) => (value > most ? value : most), 0) / usable;
  const [fullest, ...others] = [...resources].sort((a, b) => fullness(b) - fullness(a));
  const chart = (demand: DemandAhead, with_: readonly Mark[]): Html => {
    const { hours, measured, median, quantile } = thin ? daily(demand) : demand;
    const { resource, usable } = demand;
    return html`<figure>
      ${lineChart({
        id: `${cell}-${resource}`,
        title: `${resource} of ${cell}`,
        description: `Measured, forecast, and what the cell carries${usable === undefined ? ', which is not known' : ''}`,
        unit: UNITS[resource],
        times: hours,
        lines: [
          { name: 'measured', values: measured },
          { name: 'median ahead', values: median },
          { name: `${percent(Number(plan.policy['quantile']))} quantile`, values: quantile, dashed: true },
        ],
        ...(usable !== undefined && {
          limits: [{ value: usable, text: `carries ${Number(usable.toPrecision(4))} by the policy` }],
        }),
        marks: with_,
      })}
    </figure>`;
  };
  return html`${chart(fullest!, marks)}
  ${
    others.length > 0
      ? html`<details>
          <summary>Other resources</summary>
          ${others.map((demand) => chart(demand, []))}
        </details>`
      : ''
  }`;
}

const UNITS: Readonly<Record<DemandAhead['resource'], string>> = {
  setups: 'set-ups/s',
  registrations: 'contacts',
  relayedCalls: 'concurrent calls',
  mediaSessions: 'sessions',
  recordEvents: 'operations/s',
  databaseWrites: 'writes/s',
};

/** When the cell gets too full, and what the plan does because of it. */
function marksOf(cell: string, { now, cells, actions: all }: Plan): Mark[] {
  const report = cells.find(({ name }) => name === cell);
  const at = (iso: string, text: string): Mark => ({ at: Date.parse(iso), text });
  const stamps = all.flatMap((action) =>
    action.kind === 'stamp' && action.reason.includes(cell) ? [at(action.startBy, `begin ${action.cell}`)] : [],
  );
  const own = all.flatMap((action) => ('cell' in action && action.cell === cell ? [at(now, action.kind)] : []));
  const kinds = new Map(own.map((mark) => [mark.text, mark]));
  return [...(report?.crossesAt ? [at(report.crossesAt, 'too full')] : []), ...stamps, ...kinds.values()];
}

/** The most of every day. */
function daily({ hours, ...series }: DemandAhead): Pick<DemandAhead, 'hours' | 'measured' | 'median' | 'quantile'> {
  const days = Math.ceil(hours.length / 24);
  const most = (values: Float64Array) =>
    Float64Array.from({ length: days }, (_, day) =>
      values.subarray(day * 24, day * 24 + 24).reduce((high, value) => (high >= value ? high : value), NaN),
    );
  return {
    hours: Float64Array.from({ length: days }, (_, day) => hours[day * 24]!),
    measured: most(series.measured),
    median: most(series.median),
    quantile: most(series.quantile),
  };
}
