import { describe, expect, it } from 'vitest';
import type { Action, Plan } from '../../../lib/planner/plan/schema.ts';
import { planText, somethingToDo, summary } from '../../../lib/cli/plan/text.ts';

const at = '2026-03-02T09:00:00.000Z';
const hosts = Array.from({ length: 48 }, (_, hour) => (hour === 7 ? 4 : 3));
const ACTIONS: readonly Action[] = [
  { kind: 'place', tenant: 'acme', cell: 'a', reason: 'why placed' },
  {
    ...{ kind: 'stamp', cell: 'b', blueprint: 'eu-west-1 small', region: 'eu-west-1', startBy: at, neededBy: at },
    ...{ emergency: true, tenants: 1, costPerHour: 2.5, reason: 'why stamped' },
  },
  { kind: 'move', tenant: 'acme', from: 'a', to: 'b', reason: 'why moved' },
  { kind: 'cordon', cell: 'a', reason: 'why cordoned' },
  { kind: 'uncordon', cell: 'c', reason: 'why uncordoned' },
  { kind: 'drain', cell: 'd', deadline: at, tenants: 2, reason: 'why drained' },
  { kind: 'retire', cell: 'e', reason: 'why retired' },
  {
    ...{ kind: 'scale', cell: 'f', pools: ['standard', 'premium'], from: at, current: 2, hosts, inService: [1, 2, 3] },
    reason: 'why scaled',
  },
  { kind: 'hold', cell: 'g', codes: ['stale', 'quality'], reason: 'why held' },
];
const planOf = (more: Partial<Plan>): Plan => ({
  version: 1,
  now: at,
  policy: { name: 'gradeOfService', blocking: 0.01, quantile: 0.99 },
  policies: {},
  leadTime: { hours: 24, quantile: 0.95, basis: 'assumed' },
  cells: [],
  actions: [],
  excuses: [],
  quotas: [],
  lowerBound: { cells: 1, because: 'one is enough' },
  admission: [],
  notes: [],
  memory: { cells: {}, done: [] },
  ...more,
});

describe('a plan as text', () => {
  it('has every action with its sign, its place and moment, and why', () => {
    const lines = planText(planOf({ actions: [...ACTIONS] }), false).split('\n');
    expect(lines.filter((line) => /^ {2}[!+~-] /.test(line))).toEqual([
      '  ! hold g: stale, quality',
      '  + stamp b: eu-west-1 small, begin by 2026-03-02 09:00 UTC, needed by 2026-03-02 09:00 UTC, for 1 tenant, 2.5 an hour, an emergency',
      '  + place acme in a',
      '  ~ move acme from a to b',
      '  ~ scale f standard and premium: 2 to 3 media hosts from 2026-03-02 09:00 UTC, at most 4 within 48 h',
      '  ~ cordon a',
      '  ~ uncordon c',
      '  ~ drain d: 2 tenants to go by 2026-03-02 09:00 UTC',
      '  - retire e',
    ]);
    for (const { reason } of ACTIONS) expect(lines).toContain(`      ${reason}`);
  });

  it('says in which cells tenants should have less than their contract, what is found, and where no guarantee fits', () => {
    const limits = { calls: 20, guaranteedCalls: 0, callsPerSecond: 2.5, burst: 4 };
    const made = { sharedCalls: 300, congestion: 0, heldByLimitsAlone: true, findings: [] };
    const admission = [
      { cell: 'a', ...made, limits: { acme: limits }, findings: ['what was found'] },
      { cell: 'b', ...made, limits: {} },
      { cell: 'c', excuse: 'why not' },
      ...['d', 'e', 'f', 'g'].map((cell) => ({ cell, ...made, limits: { acme: limits, beta: limits } })),
    ];
    expect(planText(planOf({ admission }), false)).toContain(`
Limits with which guarantees hold (all with --json, applied by \`npx cellstamp provision CELL --plan FILE\`):
  a: 1 tenant below the contract, 300 calls shared
    what was found
  c: none, as why not
  d: 2 tenants below the contract, 300 calls shared
  e: 2 tenants below the contract, 300 calls shared
  f: 2 tenants below the contract, 300 calls shared
  1 cell more, all of them with --json

`);
    expect(planText(planOf({ admission: [{ cell: 'b', ...made, limits: {} }] }), false)).not.toContain('Limits');
  });

  it('is the same with colours and without, but for the colours', () => {
    const plan = planOf({ actions: [...ACTIONS] });
    const colourful = planText(plan, true);

    expect(colourful.replaceAll(/\x1b\[\d+m/g, '')).toBe(planText(plan, false));
    expect(colourful).toContain('\x1b[32m+\x1b[0m');
  });

  it('folds excuses of a kind to the first three and a count', () => {
    const excuses = Array.from({ length: 10 }, (_, i) => ({ action: 'move' as const, subject: `t${i}`, text: 'no' }));
    const one = { action: 'stamp' as const, subject: 'eu-west-1', text: 'quota' };
    const lines = planText(planOf({ excuses: [...excuses, one] }), false).split('\n');
    expect(lines.slice(lines.indexOf('Not done:') + 1).slice(0, 5)).toEqual([
      '  stamp eu-west-1: quota',
      '  move t0: no',
      '  move t1: no',
      '  move t2: no',
      '  move: 7 more, all of them with --json',
    ]);
  });

  it('sums up what is to be done, and counts holds apart', () => {
    const [first] = ACTIONS;
    expect(summary(planOf({ actions: [...ACTIONS, first!] }))).toBe(
      'Plan: 1 to stamp, 2 to place, 1 to move, 1 to scale, 1 to cordon, 1 to uncordon, 1 to drain, 1 to retire, 1 cell on hold.',
    );
    expect(summary(planOf({}))).toBe('Plan: nothing to do.');
  });

  it.each(ACTIONS.map((action) => [action.kind, action] as const))(
    'knows whether %s is something to do',
    (kind, one) => {
      expect(somethingToDo(planOf({ actions: [one] }))).toBe(kind !== 'hold');
    },
  );
});
