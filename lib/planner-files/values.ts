/** Kinds of single values that only planning files have. */
import { z } from 'zod';
import { instantOf, yearProblem } from '../planner/forecast/instant.ts';
import type { TimeZone } from '../planner/forecast/time-zone.ts';
import { text } from '../config-file/fields.ts';

/** Relative to the folder of the file that names it, unless it begins with a slash. */
export const filePath = text(/^[^\0\n]{1,1000}$/, 'must be a path, relative to the folder of this file');

const time = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;
const timeAllowed = 'must be a time with its offset, for example 2026-03-02T09:00:00Z';
/** Every command line is parsed with it: the runtime's data of time zones, which take a while, are not needed. */
const UTC: TimeZone = { name: 'UTC', offsetAt: () => 0, nextChange: () => Infinity };

/**
 * A time that means one instant wherever it is read.
 * @returns milliseconds since 1970 UTC, or why the text is none
 */
export function readInstant(written: string): number | string {
  if (!time.test(written)) return timeAllowed;
  const at = instantOf(written, UTC, -Infinity);
  if (typeof at === 'string') return 'must be a day and a time that exist';
  return yearProblem(at) ?? at;
}

export const instant = text(time, timeAllowed).refine((written) => typeof readInstant(written) === 'number', {
  error: ({ input }) => String(readInstant(input as string)),
});

export const zoneName = text(
  /^(UTC|[A-Z][A-Za-z_]+(\/[A-Z][A-Za-z0-9_+-]+){1,2})$/,
  'must be an IANA time zone, for example Europe/Berlin',
);

/** A secret by reference: its text is in no planning file. Exactly one of the two. */
export const secretSchema = z.strictObject({
  env: text(/^[A-Z][A-Z0-9_]{0,99}$/, 'must be the name of an environment variable, for example PROMETHEUS_TOKEN')
    .optional()
    .describe('Environment variable that holds it. Default: it is in a file.'),
  file: filePath
    .optional()
    .describe('File that holds it; white space at its end is left out. Default: it is in the environment.'),
});

export type SecretReference = z.output<typeof secretSchema>;

export const share = (usual: number, what: string) => z.number().min(0).max(1).default(usual).describe(what);
