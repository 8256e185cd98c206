/** The plan as data: what is printed, stored, and read by other programs. */
import { z } from 'zod';

const instant = z.iso.datetime().describe('UTC, ISO 8601.');
const name = z.string().min(1);
const count = z.int().min(0);
const reason = z.string().min(1).describe('Why, with the numbers.');

const stamp = z.strictObject({
  kind: z.literal('stamp'),
  cell: name.describe('Name for the new cell.'),
  blueprint: name.describe('Which of the kinds of cells that may be stamped.'),
  region: name,
  startBy: instant.describe('The latest moment to begin, so that the cell is there in time.'),
  neededBy: instant.describe('When the demand quantile crosses what the cells can carry.'),
  emergency: z.boolean().describe('It is later than startBy: no hold stops it, a cap of its own does.'),
  tenants: count.describe('Tenants that are meant for it.'),
  costPerHour: z.number().min(0).nullable(),
  reason,
});
const place = z.strictObject({ kind: z.literal('place'), tenant: name, cell: name, reason });
const move = z.strictObject({ kind: z.literal('move'), tenant: name, from: name, to: name, reason });
const cordon = z.strictObject({ kind: z.literal('cordon'), cell: name, reason });
const uncordon = z.strictObject({
  kind: z.literal('uncordon'),
  cell: name.describe('A cordoned or draining cell, which takes tenants again.'),
  reason,
});
const drain = z.strictObject({
  kind: z.literal('drain'),
  cell: name,
  deadline: instant.describe('When a person should look why it is not empty. Nothing is taken down for it.'),
  tenants: count.describe('Tenants still in the cell.'),
  reason,
});
const retire = z.strictObject({ kind: z.literal('retire'), cell: name, reason });
const scale = z.strictObject({
  kind: z.literal('scale'),
  cell: name,
  pools: z.array(name).min(1).describe('The pools that these media hosts serve: those that share hosts, together.'),
  from: instant.describe('Start of the first hour.'),
  current: count.describe('Media hosts of the pools that are in service.'),
  hosts: z
    .array(count)
    .length(48)
    .describe('Media hosts of the pools wanted in each of the next 48 hours. Never falls on a forecast.'),
  inService: z.array(z.int().min(1)).describe('Numbers of the media hosts to be in service in the first hour.'),
  reason,
});
const hold = z.strictObject({
  kind: z.literal('hold'),
  cell: name,
  codes: z.array(z.enum(['quality', 'missing', 'stale', 'implausible', 'contradictory', 'unfinished'])).min(1),
  reason,
});

export const actionSchema = z.discriminatedUnion('kind', [
  stamp,
  place,
  move,
  cordon,
  uncordon,
  drain,
  retire,
  scale,
  hold,
]);

export const planExcuseSchema = z.strictObject({
  action: z
    .enum(['stamp', 'place', 'move', 'cordon', 'uncordon', 'drain', 'retire', 'scale'])
    .describe('What is not done.'),
  subject: name.describe('The cell, tenant or region that it is not done to.'),
  text: z.string().min(1).describe('Why not, with the numbers.'),
});

const purchase = z.strictObject({
  lines: count.describe('Circuits that the policy buys.'),
  blocking: z.number().min(0).max(1).describe('Share of the calls of the busiest hour that find them all busy.'),
});

const cellReport = z.strictObject({
  name: name.describe('Name of the cell.'),
  state: z.enum(['planned', 'active', 'cordoned', 'draining', 'retired']).describe('As its file says.'),
  tenants: count.describe('Tenants in the cell.'),
  utilisation: z
    .number()
    .min(0)
    .describe(
      'Of the fullest usable limit, at the quantile planned for, in the busiest hours of the coming week, or longer where a stamp takes longer.',
    ),
  fullest: z.string().describe('The limit that is fullest, when, and the numbers.'),
  crossesAt: instant.nullable().describe('When the quantile first goes beyond what the cell can carry.'),
  erlangs: z.number().min(0).describe('Relayed calls in the busiest hour ahead, at the quantile planned for.'),
  blocking: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'Share of the relayed calls lost with the media hosts down that may be lost: of the pool, or of the pools that share hosts, that loses the most, in its busiest hour ahead, at the quantile planned for.',
    ),
});

const tenantLimitsSchema = z.strictObject({
  calls: count.describe('Concurrent calls at most, the guaranteed ones included.'),
  guaranteedCalls: count.describe('Concurrent calls that are always admitted.'),
  callsPerSecond: z.number().min(0).describe('Call set-ups per second.'),
  burst: count.describe('Call set-ups at once.'),
});

const cellAdmission = z.union([
  z.strictObject({
    cell: name,
    sharedCalls: count.describe('Concurrent calls above all guarantees that its media hosts carry.'),
    congestion: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of the busiest hour ahead in which these places are all taken, in the worst pool.'),
    heldByLimitsAlone: z.boolean().describe('All tenants at their limits at once would still fit.'),
    findings: z.array(z.string()).describe('What is not as it should be, with the numbers.'),
    limits: z
      .record(name, tenantLimitsSchema)
      .describe('By tenant; who is not named keeps what the file of the cell says.'),
  }),
  z.strictObject({ cell: name, excuse: z.string().min(1).describe('Why there are no such limits, with the numbers.') }),
]);

/** Since when something is so. */
const since = (what: string) => instant.optional().describe(`Since when ${what}. Default: it is not so.`);

const changes = (what: string) =>
  z
    .array(
      z.strictObject({
        tenant: name.describe('Who.'),
        cell: name.describe('Which cell.'),
        at: instant.describe('Instant of the first plan that saw it.'),
      }),
    )
    .optional()
    .describe(`Who ${what} within its history. Default: nobody.`);

export const memorySchema = z
  .strictObject({
    cells: z
      .record(
        name,
        z.strictObject({
          overSince: since('it was too full in every plan'),
          spareSince: since('it was dispensable in every plan'),
          fewerHostsSince: since('fewer media hosts were enough in every plan'),
          cordonedAt: since('it is cordoned'),
          drainBy: instant.optional().describe('When it should be empty. Default: it does not drain.'),
          neededSince: since('its tenants fitted into no other cell in every plan'),
          stampedAt: instant.optional().describe('When a plan asked for it. Default: no plan did.'),
        }),
      )
      .describe('By the name of the cell, with its pools where it is about media hosts.'),
    done: z
      .array(
        z.strictObject({
          at: instant.describe('Instant of the plan.'),
          kind: z.enum(['stamp', 'emergency', 'move']).describe('What was decided.'),
          region: name.describe('Where.'),
          count: count.describe('How often.'),
        }),
      )
      .describe('What plans of the last 14 days decided, for caps and for not taking back what was just done.'),
    homes: z
      .record(name, z.array(name))
      .optional()
      .describe('Tenants by cell, of the cells whose history is their own. Default: nobody looked yet.'),
    came: changes('came into a cell'),
    left: changes('left a cell'),
  })
  .describe('What the next plan has to know of this one; to be given to it unless this plan was thrown away.');

export const planSchema = z
  .strictObject({
    version: z.literal(1).describe('Of this format.'),
    now: instant.describe('Instant of the plan.'),
    policy: z.record(name, z.union([z.string(), z.number()])).describe('The policy with its numbers.'),
    policies: z
      .record(name, purchase)
      .describe(
        'For the relayed calls of the busiest cell: lines that every policy buys and the blocking that follows.',
      ),
    leadTime: z
      .strictObject({
        hours: z.number().min(0).describe('Hours that are counted on.'),
        quantile: z.number().describe('Of the earlier stamps, a share.'),
        basis: z.string().describe('How many earlier stamps it is measured from, or that it is assumed.'),
      })
      .describe('From the decision to stamp until the cell takes calls.'),
    cells: z.array(cellReport).describe('How full the cells are.'),
    actions: z.array(actionSchema).describe('What to do.'),
    excuses: z.array(planExcuseSchema).describe('What is not done, and why not.'),
    quotas: z
      .array(
        z.strictObject({
          region: name.describe('Where the quota holds.'),
          quota: name.describe('What is counted.'),
          limit: z.number().min(0).describe('What the region allows.'),
          used: z.number().min(0).describe('By what is there.'),
          needed: z.number().min(0).describe('By what this plan wants to stamp, allowed or not.'),
          short: z.number().min(0).describe('By how much the quota must be raised.'),
        }),
      )
      .describe('The quotas that are known.'),
    lowerBound: z
      .strictObject({
        cells: count.describe('The least number of cells.'),
        because: z.string().describe('What it follows from.'),
      })
      .describe('Cells that the tenants need however packed.'),
    admission: z
      .array(cellAdmission)
      .describe(
        'Limits of tenants with which guarantees hold whatever the others do, by cell, once the plan is carried out. No file is changed for them.',
      ),
    notes: z.array(z.string()).describe('What was assumed where nothing is known.'),
    memory: memorySchema,
  })
  .meta({ title: 'Cellstamp plan', description: 'What to do with a fleet of cells, when, and why.' });

export type Plan = z.output<typeof planSchema>;
export type Action = z.output<typeof actionSchema>;
export type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>;
export type PlanExcuse = z.output<typeof planExcuseSchema>;
export type PlanMemory = z.output<typeof memorySchema>;
export type CellMemory = PlanMemory['cells'][string];
export type CellReport = z.output<typeof cellReport>;
export type CellAdmission = Plan['admission'][number];
export type QuotaNeed = Plan['quotas'][number];
export type HoldCode = ActionOf<'hold'>['codes'][number];
