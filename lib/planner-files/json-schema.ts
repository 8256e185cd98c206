/**
 * The JSON Schemas of the planner's files, made from the zod schemas: editors complete and check by them, and programs know
 * what a plan as JSON says.
 */
import { measurementsSchema } from '../planner/component-figures.ts';
import { scenarioJsonSchema } from '../planner/simulation/scenario-schema.ts';
import { planSchema } from '../planner/plan/schema.ts';
import { writtenForm } from '../config-file/written-form.ts';
import { calendarSchema } from './calendar-file.ts';
import { planningSchema } from './planning-schema.ts';

/** Every schema file that is committed, by its name in `cells/`. */
export const planningJsonSchemas = {
  'planning.schema.json': writtenForm(planningSchema),
  'calendar.schema.json': writtenForm(calendarSchema),
  'figures.schema.json': writtenForm(measurementsSchema),
  'plan.schema.json': writtenForm(planSchema),
  'scenario.schema.json': scenarioJsonSchema,
} as const;
