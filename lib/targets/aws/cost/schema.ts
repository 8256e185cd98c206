/** What `npx cellstamp cost --json` prints: types and JSON Schema are made from it. */
import { z } from 'zod';
import { writtenForm } from '../../../config-file/written-form.ts';

const dollars = z.number().min(0);

const item = z.strictObject({
  region: z.string().describe('Region in which it is used.'),
  item: z.string().describe('What is paid for.'),
  quantity: z.number().min(0).describe('How much of it in a month, in units.'),
  unit: z.string().describe('Unit of quantity and price.'),
  price: dollars.nullable().describe('US dollars a unit; null: the table of prices has none.'),
  month: dollars.nullable().describe('US dollars a month; null where the price is.'),
  byCalls: z.boolean().describe('It follows from the calls; all else costs the same without one.'),
});

const siteCost = z.strictObject({
  kind: z.enum(['cell', 'front']).describe('What it is.'),
  name: z.string().describe('Its name.'),
  busyHourCalls: z.number().min(0).describe('Calls at once in the busy hour.'),
  minutes: z.number().min(0).describe('Minutes of calls in the month.'),
  tenants: z.int().min(1).nullable().describe('Tenants among whom the sum is divided; null for a front.'),
  items: z.array(item).describe('All that is paid for.'),
  standing: dollars.describe('US dollars a month without a call.'),
  byCalls: dollars.describe('US dollars a month that follow from the calls.'),
  total: dollars.describe('Both together, without what has no price.'),
  perTenant: dollars.nullable().describe('The total a tenant; null for a front.'),
  perThousandCalls: dollars
    .nullable()
    .describe('The total for each 1,000 calls at once in the busy hour; null without calls.'),
  assumptions: z.array(z.string()).describe('What the figures rest on.'),
});

const costSchema = z
  .strictObject({
    currency: z.literal('USD'),
    pricesOf: z.iso.date().describe('When the table of prices was last gone over.'),
    pricesTaken: z
      .strictObject({ from: z.string(), to: z.string() })
      .describe('Oldest and newest month of the copies of AWS’s price list that they are from.'),
    pages: z.array(z.url()).describe('Where AWS shows its prices of today.'),
    sites: z.array(siteCost).describe('Each cell and the front, as asked for.'),
    total: dollars.describe('US dollars a month of all of them.'),
  })
  .meta({ title: 'Cellstamp cost', description: 'What cells and the front cost a month on AWS, at list prices.' });

/** The schema file that is committed, by its name in `cells/`. */
export const costJsonSchemas = { 'cost.schema.json': writtenForm(costSchema) } as const;

export type CostItem = z.output<typeof item>;
export type SiteCost = z.output<typeof siteCost>;
export type Cost = z.output<typeof costSchema>;
