/** The JSON Schemas of the planner's files, made from the zod schemas: editors complete and check by them. */
import { measurementsSchema } from '../capacity/component-figures.ts';
import { scenarioJsonSchema } from '../capacity/simulation/scenario-schema.ts';
import { writtenForm } from '../spec/json-schema.ts';
import { calendarSchema } from './calendar-file.ts';
import { planningSchema } from './planning-schema.ts';

/** Every schema file that is committed, by its name in `cells/`. */
export const planningJsonSchemas = {
  'planning.schema.json': writtenForm(planningSchema),
  'calendar.schema.json': writtenForm(calendarSchema),
  'figures.schema.json': writtenForm(measurementsSchema),
  'scenario.schema.json': scenarioJsonSchema,
} as const;
