import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import { planningJsonSchemas } from '../../../lib/planner-files/json-schema.ts';
import type { CellInput, cellSchema } from '../../../lib/fleet/schema/cell.ts';
import type { FrontInput, frontSchema } from '../../../lib/fleet/schema/front.ts';
import { jsonSchemas } from '../../../lib/fleet/schema/json-schema.ts';
import { schemaKeys } from './schema-keys.ts';

const files = Object.entries({ ...jsonSchemas, ...planningJsonSchemas });

describe.each(files)('%s', (_, schemaOf) => {
  const schema = schemaOf();

  it('describes every key', () => {
    const silent = schemaKeys(schema).filter(([, part]) => (part.description ?? '') === '');
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it('gives every key that may be left out a default, or says in words what happens', () => {
    const silent = schemaKeys(schema).filter(
      ([, part, required]) => !required && part.default === undefined && !/default/i.test(part.description ?? ''),
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });
});

describe('the types of specs', () => {
  it('take what the schemas take', () => {
    expectTypeOf<z.input<typeof cellSchema>>().toExtend<CellInput>();
    expectTypeOf<z.input<typeof frontSchema>>().toExtend<FrontInput>();
    expectTypeOf<keyof CellInput>().toEqualTypeOf<keyof z.input<typeof cellSchema>>();
    expectTypeOf<keyof FrontInput>().toEqualTypeOf<keyof z.input<typeof frontSchema>>();
  });
});

describe('the schema of a cell', () => {
  const parts = new Map(schemaKeys(jsonSchemas['cell.schema.json']()).map(([path, part]) => [path, part]));

  it('names the unit of every number, or what is counted', () => {
    const units =
      /second|MiB|day|port|concurrent|call|tenants|hosts|readers|replicas|worker|percent|set-ups|numbers of the media hosts/i;
    const numbers = [...parts].filter(([, part]) => part.type === 'integer' || part.type === 'number');
    expect(numbers.length).toBeGreaterThan(15);
    expect(numbers.filter(([, part]) => !units.test(part.description ?? '')).map(([path]) => path)).toEqual([]);
  });

  it('tells the defaults that follow from the size', () => {
    expect(parts.get('media.relay.calls')?.description).toMatch('test 200, small 500, standard 2500');
  });

  it('asks for a name and a region only', () => {
    expect(jsonSchemas['cell.schema.json']().required).toEqual(['name', 'region']);
  });
});
