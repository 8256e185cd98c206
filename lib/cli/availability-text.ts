/** The availability of cells and of the fleet, for a terminal. */
import { counted } from '../config-file/counted.ts';
import type { Assumed, AssumptionName } from '../planner/availability/assumptions.ts';
import { assumptions } from '../planner/availability/assumptions.ts';
import { minutesOf, type Availability } from '../planner/availability/cell-availability.ts';
import type { FleetAvailability } from '../planner/availability/fleet-availability.ts';
import { minutesPerYear } from '../planner/availability/redundancy.ts';
import { formatTable } from './output.ts';

const WIDTH = 100;

/** What users of telephone networks call five nines. */
const goal = 0.99999;

/** Why the edges can cost less than the site that they stand in. */
const sharedSite = 'The site of a region counts with the cells there, and not once more with the edges beside them.';

export function availabilityText(fleet: FleetAvailability, assumed: Assumed): string {
  const { cells, front } = fleet;
  return [
    ...cells.map((cell) => siteText(`cell ${cell.name} in ${cell.region}`, cell)),
    ...(front === undefined ? [] : [`${siteText('front', front)}\n\n${sharedSite}`]),
    fleetText(fleet),
    assumptionsText(assumed),
  ].join('\n\n');
}

function siteText(title: string, site: Availability): string {
  const rows = site.parts.map((part) => [
    part.name,
    part.group === undefined ? '' : `${part.group.needed} of ${part.group.hosts}`,
    minutes(minutesOf(part)).padStart(12),
    part.because,
  ]);
  return [
    `${title}: ${percent(site.available)}, ${counted(minutes(site.minutesAYear), 'minute')} a year`,
    '',
    formatTable(['part', 'needed', '  min a year', 'it costs that because'], rows),
  ].join('\n');
}

function fleetText({ cells, front, parts, available, minutesAYear, minutesWithCellsAway }: FleetAvailability): string {
  const allowed = (1 - goal) * minutesPerYear;
  const cost = (part: (typeof parts)[number]) => minutes(minutesOf(part));
  const most = parts.filter((part) => cost(part) === cost(parts[0]!)).map(({ name }) => name);
  const verdict =
    minutesAYear <= allowed
      ? `${percent(goal)} allows ${counted(minutes(allowed), 'minute')} a year: reached.`
      : `${percent(goal)} allows ${counted(minutes(allowed), 'minute')} a year: missed. What costs most: ${most.join(' and ')}.`;
  const away = minutesWithCellsAway.flatMap((of, count) =>
    count === 0
      ? []
      : [
          `  ${count === cells.length ? 'all' : `${count} of`} ${counted(cells.length, 'cell')} away: ${counted(minutes(of), 'minute')} a year`,
        ],
  );
  return [
    `a call of any tenant${front === undefined ? '' : ', through the front'}: ${percent(available)}, ${counted(minutes(minutesAYear), 'minute')} a year`,
    ...wrapped(verdict, ''),
    ...(cells.length > 1 ? ['', 'How much fails at once:', ...away] : []),
  ].join('\n');
}

function assumptionsText(assumed: Assumed): string {
  const lines = (Object.keys(assumptions) as AssumptionName[]).flatMap((name) => {
    const { value, what, source } = assumptions[name];
    const given = assumed[name] === value ? source : `given with --assume, in place of ${value}`;
    return wrapped(`${name}=${assumed[name]}, ${what}: ${given}`, '- ');
  });
  return ['Assumed:', ...lines].join('\n');
}

const percent = (share: number): string => `${Number((100 * share).toFixed(5))} %`;
const minutes = (value: number): string =>
  value >= 10 ? value.toFixed(0) : value.toPrecision(2).replace(/^0\.0+$/, '0');

function wrapped(text: string, mark: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) {
      lines.push(last === undefined ? `${mark}${word}` : `${' '.repeat(mark.length)}${word}`);
    } else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
