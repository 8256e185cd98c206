import { describe, expect, it } from 'vitest';
import { HOLIDAY_COUNTRIES } from '../../lib/planner/holidays.ts';
import { listWords } from '../../lib/config-file/allowed.ts';
import { CELL, readFrom, refusalOf } from './folder.ts';

const calendar = (text: string) => ({ 'calendar.yaml': text });
const two = {
  'cells/euw1-b.yaml': `${CELL.replace('euw1-a', 'euw1-b').replaceAll(/acme|globex/g, 'b-$&')}network: 10.17.0.0/20\n`,
};
const EVENT = 'name: letter, at: 2026-03-10 10:00, zone: Europe/Berlin, minutes: 60';

describe('calendar.yaml', () => {
  it('gives cells the holidays of their countries, from the start of the history on', async () => {
    const text = 'holidays: [{ country: DE, cells: [euw1-a] }, { country: US, cells: [euw1-b] }]\n';
    const { input } = await readFrom({ ...calendar(text), ...two });
    const [german, american] = input.cells.map((cell) => cell.calendar!.holidays!);
    expect(german).toContain('2026-01-01');
    expect(german).toContain('2026-04-03');
    expect(german).not.toContain('2026-07-03');
    expect(american).toContain('2026-07-03');
  });

  it('gives cells the weekend of the first country, by which a holiday is a day off', async () => {
    const text = 'holidays: [{ country: IL, cells: [euw1-a] }, { country: DE, state: BY }]\n';
    const { input } = await readFrom({ ...calendar(text), ...two });
    expect(input.cells.map((cell) => cell.calendar!.weekend)).toEqual([
      [4, 5],
      [5, 6],
    ]);
    // Passover, and Epiphany, which is a holiday in parts of Germany.
    expect(input.cells[0]!.calendar!.holidays).toContain('2026-04-02');
    expect(input.cells[1]!.calendar!.holidays).toContain('2026-01-06');
  });

  it('gives days of a kind, and holidays of one’s own', async () => {
    const text = 'days: [{ date: 2026-12-24, kind: holiday }, { date: 2026-03-31, kind: payday }]\n';
    const { input } = await readFrom(calendar(text));
    expect(input.cells[0]!.calendar).toEqual({
      holidays: ['2026-12-24'],
      days: [{ date: '2026-03-31', kind: 'payday' }],
    });
  });

  it('turns people who call into what they add to every resource, at a local hour', async () => {
    const text = `events: [{ ${EVENT}, people: 50000, calling: 0.1, callSeconds: 180, processedShare: 0.5 }]\n`;
    const { input } = await readFrom(calendar(text));
    const [event] = input.cells[0]!.announced!;
    expect(event).toMatchObject({ name: 'letter', start: Date.UTC(2026, 2, 10, 9), minutes: 60, times: 1 });
    // 5,000 calls in an hour are 1.39 a second, and 250 at once.
    expect(event!.add.setups).toBeCloseTo(1.3889, 4);
    expect(event!.add.relayedCalls).toBeCloseTo(250, 9);
    expect(event!.add.mediaSessions).toBeCloseTo(125, 9);
  });

  it('brings an event to the cells of the tenants that it is for', async () => {
    const text = `events: [{ ${EVENT}, people: 10, tenants: [b-acme] }, { ${EVENT}, times: 2, cells: [euw1-a] }]\n`;
    const { input } = await readFrom({ ...calendar(text), ...two });
    expect(input.cells.map(({ announced }) => announced!.map(({ times }) => times))).toEqual([[2], [1]]);
  });

  it.each<[string, string, string]>([
    [
      'an unknown country',
      'holidays: [{ country: Germany }]',
      `holidays[0].country: must be ${listWords(HOLIDAY_COUNTRIES)}; got Germany`,
    ],
    [
      'a state that has no holidays of its own',
      'holidays: [{ country: DE, state: XX }]',
      'holidays[0].state: DE has no state XX with holidays of its own',
    ],
    [
      'a year that is none of ours',
      'days: [{ date: 1970-01-01, kind: payday }]',
      'days[0].date: 1970-01-01 must be in a year from 2000 to 2099, not in 1970',
    ],
    [
      'a day that no month has',
      'days: [{ date: 2026-02-30, kind: payday }]',
      'days[0].date: there is no day 2026-02-30',
    ],
    [
      'an hour that clocks skip',
      `events: [{ ${EVENT.replace('03-10 10:00', '03-29 02:30')}, people: 1 }]`,
      'events[0].at: 2026-03-29 02:30 does not exist in Europe/Berlin, as clocks go forward',
    ],
    [
      'an hour that comes twice',
      `events: [{ ${EVENT.replace('03-10 10:00', '10-25 02:30')}, people: 1 }]`,
      'events[0].at: 2026-10-25 02:30 comes twice in Europe/Berlin, as clocks go back',
    ],
    ['an event that changes nothing', `events: [{ ${EVENT} }]`, 'events[0]: letter changes nothing'],
    [
      'an event for cells and tenants',
      `events: [{ ${EVENT}, people: 1, cells: [euw1-a], tenants: [acme] }]`,
      'events[0].tenants: cells are named too',
    ],
    [
      'an event for a tenant that is not there',
      `events: [{ ${EVENT}, people: 1, tenants: [acne] }]`,
      'events[0].tenants[0]: there is no tenant acne; did you mean "acme"?',
    ],
    [
      'a day for a cell that is not there',
      'days: [{ date: 2026-02-03, kind: payday, cells: [euw1-x] }]',
      'days[0].cells[0]: there is no cell euw1-x; did you mean "euw1-a"?',
    ],
  ])('refuses %s', async (_, text, expected) => {
    const refusal = await refusalOf(calendar(`${text}\n`));
    expect(refusal).toHaveLength(1);
    expect(refusal[0]!.replace(/^calendar\.yaml:1:\d+ error /, '').replace(/; allowed: .*/, '')).toBe(expected);
  });
});
