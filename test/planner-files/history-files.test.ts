import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadFleet } from '../../lib/planner-files/plan-input.ts';
import { folderOf, HOUR, iso, MINIMAL, NOW, readFrom, refusalOf } from './folder.ts';

const PLANNING = `${MINIMAL}history: { files: [history/*.csv, history/*.ndjson] }\n`;
const HEADER = 'time,cell,tenant,resource,value\n';
const withFiles = (files: Readonly<Record<string, string>>) => ({
  'planning.yaml': `${MINIMAL}history: { files: [${Object.keys(files).join(', ')}] }\n`,
  ...files,
});
const csv = (lines: readonly string[]) => withFiles({ 'history/a.csv': `${HEADER}${lines.join('\n')}\n` });
/** Relayed calls of a cell, an hour each, the last one ending now. */
const hourly = (values: readonly (number | string)[]): string[] =>
  values.map((value, i) => `${iso(NOW - (values.length - i) * HOUR)},euw1-a,,relayedCalls,${value}`);
const callsOf = ({ input }: ReadFleet): number[] => [...(input.cells[0]!.history.relayedCalls?.values ?? [])];

describe('a history file', () => {
  it('gives a cell its hours, from the first known one to the last', async () => {
    const read = await readFrom(csv(hourly([10, 20, 30])));
    expect(callsOf(read)).toEqual([10, 20, 30]);
    expect(read.input.cells[0]!.history.relayedCalls).toMatchObject({ start: NOW - 3 * HOUR, stepMinutes: 60 });
    expect(read.input.cells[0]!.signals).toEqual({ measuredAt: NOW, everyMinutes: 60, relayedCalls: 30 });
  });

  it('may be NDJSON, with seconds since 1970', async () => {
    const row = (hour: number, value: number | null) =>
      JSON.stringify({ time: (NOW - hour * HOUR) / 1000, cell: 'euw1-a', resource: 'relayedCalls', value });
    const text = [row(4, 1), row(3, null), row(2, 3), row(1, 4)].join('\n');
    expect(callsOf(await readFrom(withFiles({ 'history/a.ndjson': text })))).toEqual([1, NaN, 3, 4]);
  });

  it('may lie elsewhere', async () => {
    const elsewhere = folderOf({ 'a.csv': HEADER + hourly([1, 2]).join('\n') });
    const planning = `${MINIMAL}history: { files: [${elsewhere}/a.csv] }\n`;
    expect(callsOf(await readFrom({ 'planning.yaml': planning }))).toEqual([1, 2]);
  });

  it('may be in any order, and say the same twice', async () => {
    const lines = hourly([10, 20, 30, 40]);
    const files = withFiles({
      'history/a.csv': HEADER + [...lines].reverse().join('\n'),
      'history/b.csv': `${HEADER}${lines[1]}\n${lines[1]}\n${lines[2]}\n`,
    });
    expect(callsOf(await readFrom(files))).toEqual([10, 20, 30, 40]);
  });

  it('leaves a gap unknown, which is not zero', async () => {
    const lines = hourly([10, 20, 30, '', '', 60]).filter((_, i) => i !== 1);
    expect(callsOf(await readFrom(csv(lines)))).toEqual([10, NaN, 30, NaN, NaN, 60]);
  });

  it('of every five minutes is averaged, and an hour of which less than half was measured is unknown', async () => {
    const lines = (hour: number, rows: number, value: number) =>
      Array.from(
        { length: rows },
        (_, i) => `${iso(NOW - hour * HOUR + i * 300_000)},euw1-a,,relayedCalls,${value + i}`,
      );
    const read = await readFrom(
      csv([...lines(4, 12, 10), ...lines(3, 5, 20), ...lines(2, 6, 30), ...lines(1, 12, 40)]),
    );
    expect(callsOf(read)).toEqual([15.5, NaN, 32.5, 45.5]);
  });

  it('keeps what lies before the weeks of the plan, and after its moment, out of it', async () => {
    const at = (instant: number, value: number) => `${iso(instant)},euw1-a,,relayedCalls,${value}`;
    const lines = [at(NOW - 57 * 24 * HOUR, 1), at(NOW - 2 * HOUR, 2), at(NOW - HOUR, 3), at(NOW, 4)];
    expect(callsOf(await readFrom(csv(lines)))).toEqual([2, 3]);
  });

  it('may speak of others, and a note says so', async () => {
    const read = await readFrom(csv([...hourly([1, 2]), `${iso(NOW - HOUR)},,initech,relayedCalls,3`]));
    expect(read.notes).toContain('left out of the history, because not of the fleet: tenant initech');
  });

  it('is read back as it was written, whatever the values', async () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }).map(Math.fround), {
      minLength: 1,
      maxLength: 50,
    });
    await fc.assert(
      fc.asyncProperty(values, async (written) => {
        expect(callsOf(await readFrom(csv(hourly(written))))).toEqual(written);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a CSV file', () => {
  const quoted = (line: string): string => line.replaceAll(/[^,]+/g, '"$&"');
  const spaced = (line: string): string => line.replaceAll(',', ' ,\t');
  const forms = [(line: string) => line, quoted, spaced, (line: string) => `${line}\n`];

  it('says the same in every form that programs write', async () => {
    const written = fc.record({
      form: fc.array(fc.constantFrom(...forms), { minLength: 6, maxLength: 6 }),
      end: fc.constantFrom('\n', '\r\n'),
      mark: fc.constantFrom('', '\ufeff'),
      last: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(written, async ({ form, end, mark, last }) => {
        const lines = [HEADER.trim(), ...hourly([10, 20, 30, 40, 50])].map((line, i) => form[i]!(line));
        const text = `${mark}${lines.join('\n')}${last ? '\n' : ''}`.replaceAll('\n', end);
        expect(callsOf(await readFrom(withFiles({ 'history/a.csv': text })))).toEqual([10, 20, 30, 40, 50]);
      }),
      { numRuns: 60 },
    );
  });

  it('is read to its end, however long, and its lines are counted all along', async () => {
    // Some 2 MB, which are not read at once.
    const others = Array.from({ length: 50_000 }, (_, i) => `${iso(NOW - HOUR)},other-${i},,relayedCalls,1`);
    const [first, last] = hourly([10, 20]);
    for (const form of forms) {
      const text = HEADER + [first, ...others, form(last!)].join('\n');
      expect(callsOf(await readFrom(withFiles({ 'history/a.csv': text })))).toEqual([10, 20]);
      const [refusal] = await refusalOf(
        withFiles({ 'history/a.csv': `${HEADER}${[...others, form(`${NOW / 1000},a,,x,1`)].join('\n')}` }),
      );
      expect(refusal).toMatch('history/a.csv:50002:1 error: there is no resource x');
    }
  });
});

describe('the history of tenants', () => {
  const row = (hour: number, tenant: string, value: number, resource = 'relayedCalls') =>
    `${iso(NOW - hour * HOUR)},elsewhere,${tenant},${resource},${value}`;

  it('adds up to that of the cell that they are in now, wherever they were', async () => {
    const read = await readFrom(csv([3, 2, 1].flatMap((hour) => [row(hour, 'acme', hour), row(hour, 'globex', 10)])));
    expect(callsOf(read)).toEqual([13, 12, 11]);
    expect(read.input.tenants.map(({ since }) => since)).toEqual([undefined, undefined]);
    // Of 36 calls acme had 6.
    const { tenantHistory } = read.input.cells[0]!;
    expect(Object.fromEntries(Object.entries(tenantHistory!).map(([name, { values }]) => [name, [...values]]))).toEqual(
      {
        acme: [3, 2, 1],
        globex: [10, 10, 10],
      },
    );
  });

  it('is kept apart of those who have a large part of the calls', async () => {
    const read = await readFrom(csv([3, 2, 1].flatMap((hour) => [row(hour, 'acme', 1), row(hour, 'globex', 10)])));
    expect(Object.keys(read.input.cells[0]!.tenantHistory!)).toEqual(['globex']);
  });

  it('is unknown where that of one is, unless the cell itself was measured', async () => {
    const rows = [3, 2, 1].flatMap((hour) => [row(hour, 'acme', 1), ...(hour === 2 ? [] : [row(hour, 'globex', 10)])]);
    expect(callsOf(await readFrom(csv(rows)))).toEqual([11, NaN, 11]);
    const own = `${iso(NOW - 2 * HOUR)},euw1-a,,relayedCalls,17`;
    expect(callsOf(await readFrom(csv([...rows, own])))).toEqual([11, 17, 11]);
  });

  it('is completed from most of the tenants where one is unknown, by the part that each usually has', async () => {
    // Two weeks in which acme has nine times as many calls as globex, which was not measured three hours ago, nor in the last.
    const hours = Array.from({ length: 336 }, (_, i) => 336 - i);
    const rows = hours.flatMap((hour) => [
      row(hour, 'acme', hour === 3 ? 180 : 90),
      ...(hour === 3 || hour === 1 ? [] : [row(hour, 'globex', 10)]),
    ]);
    const read = await readFrom(csv(rows));
    const [before, without, after, last] = callsOf(read).slice(-4);
    expect([before, after, last]).toEqual([100, 100, 100]);
    // 180 and its part of what both have in this hour of the week, when acme usually has 90, this week in it.
    expect(without).toBeGreaterThan(190);
    expect(without).toBeLessThan(200);
    expect(read.input.tenants.map(({ measuredAt }) => measuredAt)).toEqual([NOW, NOW - HOUR]);
    expect(read.input.cells[0]!.signals.measuredAt).toBe(NOW);
  });

  it('has none where the source has rows of calls only, and says so', async () => {
    const rows = [row(5, 'acme', 2), row(4, 'globex', 10), row(3, 'acme', 1), row(1, 'globex', 10)];
    // As gaps, most of it is unknown or a guess.
    expect(callsOf(await readFrom(csv(rows)))).toEqual([2, 11.5, NaN, NaN, 11.5]);
    const files: Record<string, string> = csv(rows);
    const says = files['planning.yaml']!.replace('history: {', 'history: { missingRows: zero,');
    expect(callsOf(await readFrom({ ...files, 'planning.yaml': says }))).toEqual([2, 10, 1, 0, 10]);
    // A gap that is written down is one all the same.
    const gap = { 'history/a.csv': `${files['history/a.csv']!}${iso(NOW - 2 * HOUR)},elsewhere,acme,relayedCalls,\n` };
    expect(callsOf(await readFrom({ ...gap, 'planning.yaml': says }))).toEqual([2, 10, 1, NaN, 10]);
  });

  it('counts a tenant from its first measurement, and one without any on top', async () => {
    const read = await readFrom(csv([row(3, 'acme', 1), row(2, 'acme', 1), row(1, 'acme', 1), row(1, 'globex', 10)]));
    expect(callsOf(read)).toEqual([1, 1, 11]);
    expect(read.input.tenants.map(({ since }) => since)).toEqual([undefined, NOW - HOUR]);
    const alone = await readFrom(csv([row(2, 'acme', 1), row(1, 'acme', 1)]));
    expect(alone.input.tenants.map(({ since }) => since)).toEqual([undefined, NOW]);
    expect(alone.notes).toEqual(['1 of 2 tenants without a history: expected to use what their limits were sized for']);
  });

  it('is not added up for a resource that is measured of some only', async () => {
    const rows = [row(1, 'acme', 1), row(1, 'globex', 2), row(1, 'acme', 0.5, 'setups')];
    const read = await readFrom(csv(rows));
    expect(read.input.cells[0]!.history.setups).toBeUndefined();
    expect(read.notes).toEqual(['euw1-a: setups is measured of 1 of 2 tenants, and not added up']);
  });
});

describe('a history that nobody should plan on', () => {
  it('is refused with every wrong line at once', async () => {
    const good = hourly([1])[0]!.split(',');
    const wrong = (change: Partial<Record<number, string>>) => good.map((field, i) => change[i] ?? field).join(',');
    const lines = [
      wrong({ 4: '-3' }),
      wrong({ 4: 'many' }),
      wrong({ 3: 'relayedCall' }),
      wrong({ 0: '2026-03-02' }),
      wrong({ 0: '2026-03-02T08:00:00' }),
      wrong({ 0: '1772438400000' }),
      wrong({ 0: '2026-03-02T08:01:00Z' }),
      `${good[0]},,,relayedCalls,1`,
    ];
    const time = 'ISO 8601 with an offset (2026-03-29T01:00:00Z), or seconds since 1970, every 5 minutes or more';
    const resources = 'setups, registrations, relayedCalls, mediaSessions, recordEvents, databaseWrites';
    const number = 'a decimal number of 0 or more, or nothing where it is not known';
    expect(await refusalOf(csv(lines))).toEqual([
      `history/a.csv:2:1 error: the value -3 is negative; allowed: ${number}`,
      `history/a.csv:3:1 error: the value many is not a number; allowed: ${number}`,
      `history/a.csv:4:1 error: there is no resource relayedCall; did you mean "relayedCalls"?; allowed: ${resources}`,
      `history/a.csv:5:1 error: the time 2026-03-02 is not a time; allowed: ${time}`,
      `history/a.csv:6:1 error: the time 2026-03-02T08:00:00 has no offset, and is two instants when clocks go back; allowed: ${time}`,
      `history/a.csv:7:1 error: the time 1772438400000 is in milliseconds; allowed: ${time}`,
      `history/a.csv:8:1 error: the time 2026-03-02T08:01:00Z is not a multiple of 5 minutes; allowed: ${time}`,
      'history/a.csv:9:1 error: the line names neither a cell nor a tenant; allowed: the name of a cell or of a tenant',
    ]);
  });

  it('is refused with the first ten lines and the number of the others', async () => {
    const refusal = await refusalOf(csv(hourly(Array.from({ length: 40 }, () => -1))));
    expect(refusal).toHaveLength(11);
    expect(refusal.at(-1)).toMatch('a.csv:11:1 error: 30 more lines of the file are wrong');
  });

  it('has two values for one time, in one file or in two', async () => {
    const [first, second] = [hourly([1, 2])[0]!, hourly([7, 2])[0]!];
    expect(await refusalOf(csv([first, second]))).toEqual([
      'history/a.csv:3:1 error: relayedCalls of cell euw1-a at 2026-03-02T07:00:00.000Z is there already, with another value or apart from this line; allowed: one value for one time',
    ]);
    const files = withFiles({ 'history/a.csv': HEADER + first, 'history/b.csv': HEADER + second });
    expect(await refusalOf(files)).toEqual([
      'history/b.csv:1:1 error: relayedCalls of cell euw1-a at 2026-03-02T07:00:00.000Z is another than in the file before; allowed: files that agree where they overlap',
    ]);
  });

  it('lacks the hour that the clocks of its callers skip, and claims to be UTC', async () => {
    // Clocks went forward on 2025-03-30 in Berlin: the hour from 02:00 on was shown by none.
    const now = Date.UTC(2025, 3, 2, 9);
    const all = Array.from({ length: 200 }, (_, i) => now - (200 - i) * HOUR);
    const lines = (times: readonly number[]) => times.map((at) => `${iso(at)},euw1-a,,relayedCalls,1`);
    const files = (times: readonly number[]) => ({
      ...csv(lines(times)),
      'planning.yaml': `${MINIMAL}zone: Europe/Berlin\nhistory: { files: [history/a.csv] }\n`,
    });
    const skipped = all.filter((at) => at !== Date.UTC(2025, 2, 30, 2));
    await expect(readFrom(files(skipped), { now })).rejects.toThrow(
      'the hour from 2025-03-30T02:00:00.000Z on is missing, which the clocks of Europe/Berlin skip: local time under another name',
    );
    expect(callsOf(await readFrom(files(all), { now }))).toHaveLength(200);
  });

  it('is coarser than what the plan counts in', async () => {
    const days = [3, 2, 1].map((day) => `${iso(NOW - day * 24 * HOUR)},euw1-a,,relayedCalls,1`);
    expect(await refusalOf(csv(days))).toEqual([
      expect.stringContaining('the file has a line every 1440 minutes, the plan counts in 60'),
    ]);
  });

  it('is of another form than its name says', async () => {
    const header = 'a first line that names the columns time, resource, value, and cell or tenant or both';
    const object = 'an object a line with the keys time, resource, value, and cell or tenant or both';
    const files = withFiles({
      'history/a.csv': 'time,cell,calls\n',
      'history/b.csv': '',
      'history/c.csv': `${HEADER}${iso(NOW)},euw1-a\n`,
      'history/d.csv': `${HEADER}${iso(NOW)},"euw1-a\n`,
      'history/e.ndjson': '{"time": 1\n',
      'history/f.ndjson': '{"time": 1, "tenent": "acme"}\n',
      'history/g.txt': 'x',
      'history/i.ndjson': `{"time": 1, "tenant": "\\"time\\": a", "resource": "calls", "value": 1, "v\\u0061lue": 2}\n`,
    });
    const refusal = await refusalOf({
      ...files,
      'planning.yaml': files['planning.yaml']!.replace(']', ', history/h.csv]'),
    });
    expect(refusal.map((line) => line.replace(/ invalid CSV: .*; allowed/, ' invalid CSV; allowed'))).toEqual([
      `history/a.csv:1:1 error: the first line is time,cell,calls; allowed: ${header}`,
      `history/b.csv:1:1 error: the file is empty; allowed: ${header}`,
      'history/c.csv:2:1 error: the line has 2 fields; allowed: 5, as many as the first line',
      'history/d.csv:2:1 error: invalid CSV; allowed: UTF-8, fields between commas, closed quotes',
      `history/e.ndjson:1:1 error: the line is not JSON; allowed: ${object}`,
      `history/f.ndjson:1:1 error: there is no key tenent; allowed: ${object}`,
      'history/g.txt:1:1 error: the name ends in .txt; allowed: a name that ends in .csv, .ndjson or .parquet',
      'history/i.ndjson:1:1 error: the key value is given twice; allowed: each key once',
      'planning.yaml:4:149 error history.files[8]: there is no file history/h.csv; allowed: a file that is there',
    ]);
  });

  it('is left as soon as the plan is given up', async () => {
    const controller = new AbortController();
    controller.abort(new Error('given up'));
    const { signal } = controller;
    await expect(readFrom(csv(hourly([1])), { signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

it('a pattern takes the files of a folder in the order of their names', async () => {
  const [first, second] = hourly([1, 2]);
  const files = { 'history/a.csv': HEADER + first, 'history/b.csv': HEADER + second, 'history/b.csv.bak': 'x' };
  const planning = PLANNING.replace(', history/*.ndjson', '');
  expect(callsOf(await readFrom({ 'planning.yaml': planning, ...files }))).toEqual([1, 2]);
});
