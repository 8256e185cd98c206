import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { plan, planJson } from '../../lib/planner/plan.ts';
import type { ReadFleet } from '../../lib/planner-files/plan-input.ts';
import { HOUR, iso, MINIMAL, NOW, readFrom, refusalOf } from './folder.ts';

type Given = string | number | bigint | Date | null | undefined;
interface Line {
  readonly time: Given;
  readonly cell?: Given;
  readonly tenant?: Given;
  readonly resource?: Given;
  readonly value: Given;
}
interface Form {
  readonly rowGroupSize?: number;
  readonly codec?: 'GZIP' | 'SNAPPY' | 'UNCOMPRESSED';
  readonly schema?: SchemaElement[];
}

const ALL = ['time', 'cell', 'tenant', 'resource', 'value'] as const;

function parquet(lines: readonly Line[], form: Form = {}, columns: readonly string[] = ALL): Buffer {
  const columnData = columns.map((name): ColumnSource => ({
    name,
    data: lines.map((line) => (line as unknown as Record<string, Given>)[name] ?? null),
    nullable: true,
    ...(name === 'value' && !form.schema && { type: 'DOUBLE' as const }),
  }));
  const compressors = { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) };
  return Buffer.from(parquetWriteBuffer({ columnData, compressors, ...form }));
}

const planning = (file: string): string => `${MINIMAL}history: { files: [${file}] }\n`;
const withParquet = (content: Buffer) => ({ 'planning.yaml': planning('a.parquet'), 'a.parquet': content });
const csvOf = (lines: readonly Line[]): string =>
  ['time,cell,tenant,resource,value', ...lines.map((line) => ALL.map((name) => line[name] ?? '').join(','))].join('\n');
const hour = (before: number): string => iso(NOW - before * HOUR);
const calls = (values: readonly number[]): Line[] =>
  values.map((value, i) => ({
    time: hour(values.length - i),
    cell: 'euw1-a',
    tenant: null,
    resource: 'relayedCalls',
    value,
  }));
const callsOf = ({ input }: ReadFleet): number[] => [...(input.cells[0]!.history.relayedCalls?.values ?? [])];

describe('a history in Parquet', () => {
  it.each<[string, Form]>([
    ['in one row group', {}],
    ['in many row groups', { rowGroupSize: 2 }],
    ['packed with gzip', { codec: 'GZIP' }],
    ['not packed', { codec: 'UNCOMPRESSED' }],
  ])('%s gives a cell its hours', async (_, form) => {
    expect(callsOf(await readFrom(withParquet(parquet(calls([10, 20, 30, 40, 50]), form))))).toEqual([
      10, 20, 30, 40, 50,
    ]);
  });

  it.each<[string, (instant: number) => Given]>([
    ['seconds since 1970', (instant) => BigInt(instant / 1000)],
    ['timestamps', (instant) => new Date(instant)],
    ['texts', iso],
  ])('has times as %s', async (_, timeOf) => {
    const lines = calls([10, 20, 30]).map((line, i) => ({ ...line, time: timeOf(NOW - (3 - i) * HOUR) }));
    expect(callsOf(await readFrom(withParquet(parquet(lines))))).toEqual([10, 20, 30]);
  });

  it('needs no column of cells where all rows are about tenants', async () => {
    const lines = calls([10, 20]).map((line) => ({ ...line, tenant: 'acme' }));
    const content = parquet(lines, {}, ['value', 'resource', 'tenant', 'time']);
    expect(callsOf(await readFrom(withParquet(content)))).toEqual([10, 20]);
  });

  it('gives the plan that CSV of the same rows gives', async () => {
    const value = fc.option(
      fc.integer({ min: 0, max: 4000 }).map((eighths) => eighths / 8),
      { freq: 9 },
    );
    const histories = fc.record(
      { acme: fc.array(value, { minLength: 2 }), globex: fc.array(value, { minLength: 2 }) },
      { requiredKeys: ['acme'] },
    );
    const linesOf = (tenant: string, values: readonly (number | null)[]): Line[] =>
      values.flatMap((one, i) =>
        ['relayedCalls', 'setups'].map((resource) => ({ time: hour(values.length - i), tenant, resource, value: one })),
      );
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 30 }), async (ofTenants, rowGroupSize) => {
        const lines = Object.entries(ofTenants).flatMap(([tenant, values]) => linesOf(tenant, values));
        const [ofParquet, ofCsv] = await Promise.all([
          readFrom(withParquet(parquet(lines, { rowGroupSize }))),
          readFrom({ 'planning.yaml': planning('a.csv'), 'a.csv': csvOf(lines) }),
        ]);
        expect(planJson(plan(ofParquet.input))).toBe(planJson(plan(ofCsv.input)));
      }),
      { numRuns: 12 },
    );
  });

  const good = calls([10, 20, 30]);
  it.each<[string, Line[]]>([
    ['a negative value', [...good, { ...good[0]!, time: hour(9), value: -1 }]],
    ['an unknown resource', [...good, { ...good[0]!, resource: 'calls' }]],
    ['no name', [...good, { ...good[0]!, cell: null }]],
    ['a local time', [...good, { ...good[0]!, time: '2026-03-02T08:00:00' }]],
    ['two values for one time', [...good, { ...good[0]!, value: 11 }]],
  ])('refuses %s as CSV does, at its row', async (_, lines) => {
    const [refused, ofCsv] = [
      await refusalOf(withParquet(parquet(lines, { rowGroupSize: 2 }))),
      await refusalOf({ 'planning.yaml': planning('a.csv'), 'a.csv': csvOf(lines) }),
    ];
    expect(refused).toHaveLength(1);
    // The first line of CSV is its header.
    expect(refused[0]).toBe(ofCsv[0]!.replace('a.csv:5:1', 'a.parquet:4:1'));
  });

  const local: SchemaElement[] = [
    { name: 'root', num_children: 5 },
    {
      ...{ name: 'time', type: 'INT64', repetition_type: 'OPTIONAL' },
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' },
    },
    ...['cell', 'tenant', 'resource'].map((name): SchemaElement => ({
      ...{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    })),
    { name: 'value', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  ];
  const times = good.map((line, i) => ({ ...line, time: BigInt(NOW - (3 - i) * HOUR) * 1000n }));
  it.each<[string, Buffer, string]>([
    ['text', Buffer.from(csvOf(good)), 'invalid Parquet: '],
    ['a file of which the end is missing', parquet(good).subarray(0, 200), 'invalid Parquet: '],
    ['nothing', Buffer.from(''), 'invalid Parquet: '],
    ['no value', parquet(good, {}, ['time', 'cell', 'resource']), 'the columns are time, cell, resource;'],
    ['times without a zone', parquet(times, { schema: local }), 'the times have no zone'],
  ])('refuses %s', async (_, content, words) => {
    const refused = await refusalOf(withParquet(content));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain(`a.parquet:1:1 error: ${words}`);
  });
});
