/** What cells and the front cost, for a terminal of 80 columns. */
import type { Cost, CostItem, SiteCost } from '../targets/aws/cost/schema.ts';
import { formatTable } from './output.ts';

const WIDTH = 80;

export function costText({ sites, pricesOf, pricesTaken, pages, total }: Cost): string {
  const missing = sites.some(({ items }) => items.some(({ price }) => price === null));
  return [
    ...sites.map(siteText),
    ...(sites.length > 1 ? [`all together: ${dollars(total)} a month`] : []),
    [
      ...(missing ? wrapped('unknown: the table has no price of it for that region, and no sum contains it.') : []),
      ...wrapped(
        `List prices on demand in US dollars, from copies of AWS’s price list of ${pricesTaken.from} to ${pricesTaken.to}, gone over on ${pricesOf}. Ask AWS’s calculator before you decide; its prices of today:`,
      ),
      ...pages.map((page) => `  ${page}`),
    ].join('\n'),
  ].join('\n\n');
}

function siteText(site: SiteCost): string {
  const regions = [...new Set(site.items.map(({ region }) => region))];
  const rows = regions.flatMap((region) => [
    [regions.length > 1 ? region : '', '', '', '', ''],
    ...site.items
      .filter((item) => item.region === region)
      .sort((a, b) => (b.month ?? -1) - (a.month ?? -1))
      .map(row),
  ]);
  const [head, ...body] = onTheRight([['', 'quantity', 'unit', 'price', 'a month'], ...rows]);
  const sums: readonly (readonly [string, number | null])[] = [
    ['without a call', site.standing],
    ['by calls', site.byCalls],
    ['sum', site.total],
    [`  for each tenant of ${site.tenants}`, site.perTenant],
    [`  for each 1,000 calls in the busy hour`, site.perThousandCalls],
  ];
  return [
    `${site.kind} ${site.name}${regions.length > 1 ? '' : ` in ${regions[0]}`}`,
    formatTable(head!, regions.length > 1 ? body : body.slice(1)),
    '',
    ...sums.flatMap(([what, value]) => (value === null ? [] : [`${what.padEnd(42)}${dollars(value).padStart(13)}`])),
    '',
    'Assumed:',
    ...site.assumptions.flatMap((text) => wrapped(text, '- ')),
  ].join('\n');
}

const row = ({ item, quantity, unit, price, month }: CostItem): readonly string[] => [
  item,
  grouped(quantity, 1),
  unit,
  price === null ? 'unknown' : grouped(price, 4),
  month === null ? '' : dollars(month),
];

/** Least widths of the columns, so that usual sites look alike. */
const usualWidths = [0, 9, 8, 8, 9];

/** All columns but the first end on the right. */
function onTheRight(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const widths = usualWidths.map((usual, column) => Math.max(usual, ...rows.map((cells) => cells[column]!.length)));
  return rows.map(([item, ...cells]) => [item!, ...cells.map((cell, at) => cell.padStart(widths[at + 1]!))]);
}

const grouped = (value: number, decimals: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: decimals });
const dollars = (value: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function wrapped(text: string, bullet = ''): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH - bullet.length)
      lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(word);
  }
  return lines.map((line, index) => `${index === 0 ? bullet : ' '.repeat(bullet.length)}${line}`);
}
