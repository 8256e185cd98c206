/** What a tenant’s calls to carriers may cost: destinations, minutes and calls. */
import { z } from 'zod';
import { text } from '../../config-file/fields.ts';

const prefix = text(/^\+[0-9]{0,14}$/, 'must be a prefix of E.164 numbers, for example +49, or + for all');

const minutes = z.int().min(1).max(1_000_000);
const calls = z.int().min(1).max(100_000);

export const fraud = z
  .strictObject({
    highRisk: z
      .enum(['refused', 'allowed'])
      .default('refused')
      .describe(
        'Calls to premium-rate numbers and to codes that belong to no country (satellites, international networks). refused: unless the tenant names the prefix under outbound.destinations.',
      ),
    byTenant: z
      .boolean()
      .default(false)
      .describe('Whether tenants of the cell may have destinations and caps of their own (outbound).'),
  })
  .prefault({})
  .describe('Protection against calls that somebody places at a tenant’s cost.');

export const outbound = z
  .strictObject({
    destinations: z
      .array(prefix)
      .min(1)
      .max(500)
      .default(['+'])
      .describe(
        'Prefixes of numbers that may be called through carriers; + is every number. A high-risk prefix must be named itself, or one within it.',
      ),
    minutesPerDay: minutes.optional().describe('Minutes of calls through carriers in a day (UTC). Default: no cap.'),
    minutesPerDayOfUser: minutes.optional().describe('Minutes in a day of each user. Default: no cap.'),
    internationalCalls: calls
      .optional()
      .describe('Concurrent calls to other countries than the tenant’s. Default: no cap.'),
    internationalCallsOfUser: calls
      .optional()
      .describe('Concurrent calls to other countries of each user. Default: no cap.'),
    alarmPercent: z.int().min(1).max(100).default(80).describe('Percent of a cap from which an alarm goes off.'),
  })
  .optional()
  .describe('Limits of the tenant’s calls through carriers, emergency calls excepted. Default: none of its own.');
