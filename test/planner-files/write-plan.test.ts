import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plan } from '../../lib/planner/plan.ts';
import type { Action, Plan } from '../../lib/planner/plan/schema.ts';
import { PlanConflict } from '../../lib/planner-files/failure.ts';
import { InvalidFiles } from '../../lib/config-file/invalid-files.ts';
import { readPlanInput, type ReadFleet } from '../../lib/planner-files/plan-input.ts';
import { writePlan } from '../../lib/planner-files/write-plan.ts';
import { loadFleet } from '../../lib/fleet/fleet.ts';

const now = Date.UTC(2026, 2, 2, 9);
const cellA = `# The first one.
name: euw1-a
region: eu-west-1 # Dublin
size: small
network: 10.32.0.0/20

tenants:
  - { name: acme, domain: acme.example.com } # since May
  # They call in the morning.
  - name: initech
    domain: initech.example.com

# The end.
`;
const cellB =
  'name: euw1-b\nregion: eu-west-1\naws: {}\nstate: active # for now\nsize: small\nnetwork: 10.32.16.0/20\n';
const planningText = `kinds:
  - { region: eu-west-1, prefix: euw1-, size: small }
# Who waits.
waiting:
  - name: stark
    domain: stark.example.com
`;

let folder: string;
let cells: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-write-'));
  cells = join(folder, 'cells');
  mkdirSync(cells);
  writeFileSync(join(cells, 'euw1-a.yaml'), cellA);
  writeFileSync(join(cells, 'euw1-b.yaml'), cellB);
  writeFileSync(join(folder, 'planning.yaml'), planningText);
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = () => readPlanInput({ cells, planning: join(folder, 'planning.yaml'), now });
const text = (...path: readonly string[]) => readFileSync(join(folder, ...path), 'utf8');
const reason = 'because';
/** The plan of the fleet as it is, with other actions. */
const planOf = (fleet: ReadFleet, ...actions: readonly Action[]): Plan => ({
  ...plan(fleet.input),
  actions: [...actions],
});
const stamp = (cell: string): Action => ({
  kind: 'stamp',
  cell,
  blueprint: 'eu-west-1 small',
  region: 'eu-west-1',
  startBy: '2026-03-03T09:00:00.000Z',
  neededBy: '2026-03-05T09:00:00.000Z',
  emergency: false,
  tenants: 3,
  costPerHour: null,
  reason: 'euw1-a is full',
});

describe('a plan that is written', () => {
  it('places a waiting tenant, moves another, and touches no other line', async () => {
    const fleet = await read();
    const written = writePlan({
      plan: planOf(
        fleet,
        { kind: 'place', tenant: 'stark', cell: 'euw1-b', reason },
        { kind: 'move', tenant: 'initech', from: 'euw1-a', to: 'euw1-b', reason },
      ),
      read: fleet,
      cells,
    });
    expect(text('cells', 'euw1-a.yaml')).toBe(
      cellA.replace('  # They call in the morning.\n  - name: initech\n    domain: initech.example.com\n', ''),
    );
    expect(text('cells', 'euw1-b.yaml')).toBe(
      `${cellB}tenants:\n  - name: stark\n    domain: stark.example.com\n  # They call in the morning.\n  - name: initech\n    domain: initech.example.com\n`,
    );
    expect(text('planning.yaml')).toBe(planningText.replace(/waiting:[^]*/, 'waiting: []\n'));
    expect(written.map(({ path }) => path)).toEqual([
      join(cells, 'euw1-a.yaml'),
      join(cells, 'euw1-b.yaml'),
      join(folder, 'planning.yaml'),
    ]);
    const names = (await read()).input.tenants.map(({ id, cell }) => `${id} ${cell}`).sort();
    expect(names).toEqual(['acme euw1-a', 'initech euw1-b', 'stark euw1-b']);
  });

  it('stamps cells with networks of their own, and says in the file why', async () => {
    const fleet = await read();
    writePlan({ plan: planOf(fleet, stamp('euw1-c'), stamp('euw1-d')), read: fleet, cells });
    expect(text('cells', 'euw1-c.yaml')).toMatch(
      /^# yaml-language-server: .*\n#\n# Stamped by the plan of .*\n# euw1-a is full\nname: euw1-c\nregion: eu-west-1\nsize: small\nnetwork: 10\..*\naws: \{\}\n$/,
    );
    const files = readdirSync(cells).map((name) => ({ path: join(cells, name), text: text('cells', name) }));
    const { cells: specs, findings } = loadFleet(files);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(new Set(specs.map(({ network }) => network)).size).toBe(4);
    expect(text('cells', 'euw1-a.yaml')).toBe(cellA);
  });

  it.each([
    ['cordon', 'cordoned'],
    ['drain', 'draining'],
    ['retire', 'retired'],
    ['uncordon', 'active'],
  ] as const)('writes a %s as the state %s', async (kind, state) => {
    const fleet = await read();
    const one = (cell: string) => ({ kind, cell, reason, tenants: 0, deadline: '2026-03-09T09:00:00.000Z' }) as Action;
    writePlan({ plan: planOf(fleet, one('euw1-a'), one('euw1-b')), read: fleet, cells });
    expect(text('cells', 'euw1-a.yaml')).toBe(cellA.replace('# Dublin\n', `# Dublin\nstate: ${state}\n`));
    expect(text('cells', 'euw1-b.yaml')).toBe(cellB.replace('active', state));
  });

  it('writes nothing where it only holds', async () => {
    const fleet = await read();
    const hold: Action = { kind: 'hold', cell: 'euw1-a', codes: ['missing'], reason };
    expect(writePlan({ plan: planOf(fleet, hold), read: fleet, cells })).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['cells', 'planning.yaml']);
  });

  it('is refused when a file changed since it was read', async () => {
    const fleet = await read();
    writeFileSync(join(cells, 'euw1-b.yaml'), `${cellB}# by hand\n`);
    const made = planOf(fleet, stamp('euw1-c'), { kind: 'cordon', cell: 'euw1-b', reason });
    expect(() => writePlan({ plan: made, read: fleet, cells })).toThrow(PlanConflict);
    expect(text('cells', 'euw1-b.yaml')).toBe(`${cellB}# by hand\n`);
    expect(readdirSync(cells).sort()).toEqual(['euw1-a.yaml', 'euw1-b.yaml']);
  });

  it('is refused, with all that is wrong, when a file can’t be edited or the fleet would be wrong', async () => {
    writeFileSync(join(cells, 'euw1-c.yaml'), '{ name: euw1-c, region: eu-west-1, network: 10.32.32.0/20 }\n');
    const fleet = await read();
    const made = planOf(fleet, stamp('euw1-a'), { kind: 'cordon', cell: 'euw1-c', reason });
    expect(() => writePlan({ plan: made, read: fleet, cells })).toThrow(InvalidFiles);
    expect(() => writePlan({ plan: made, read: fleet, cells })).toThrow(/euw1-a\.yaml.*there already[^]*euw1-c\.yaml/);
    expect(text('cells', 'euw1-a.yaml')).toBe(cellA);
  });
});
