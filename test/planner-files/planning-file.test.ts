import { describe, expect, it } from 'vitest';
import { COMPONENT_FIGURES } from '../../lib/planner/component-figures.ts';
import { DEFAULT_RULES } from '../../lib/planner/plan/rules.ts';
import { POLICIES } from '../../lib/planner/policy.ts';
import { CELL, folderOf, MINIMAL, NOW, readFrom, refusalOf } from './folder.ts';
import { formatFinding } from '../../lib/config-file/finding.ts';
import { readPlanInput } from '../../lib/planner-files/plan-input.ts';

const planning = (text: string) => ({ 'planning.yaml': MINIMAL + text });
const KINDS = 'kinds: [{ region: eu-west-1, prefix: euw1- }]\n';

describe('planning.yaml', () => {
  it('needs a kind of cell only; all else is the planner’s own', async () => {
    const { input, planning: file, files } = await readFrom({});
    expect(input.policy).toEqual(POLICIES.gradeOfService);
    expect(input.rules).toEqual(DEFAULT_RULES);
    expect(input.figures).toEqual(COMPONENT_FIGURES);
    expect(input.blueprints).toMatchObject([
      { name: 'eu-west-1 standard', prefix: 'euw1-', spec: { size: 'standard' } },
    ]);
    expect(input.cells.map(({ spec, history, signals }) => [spec.name, history, signals])).toEqual([
      ['euw1-a', {}, { measuredAt: undefined }],
    ]);
    expect(file.statePath).toMatch(/\/planning-state\.json$/);
    expect(file.auditPath).toMatch(/\/planning-audit\.ndjson$/);
    expect(files.map(({ path }) => path.replace(/.*cellstamp-planning-[^/]*\//, ''))).toEqual([
      'cells/euw1-a.yaml',
      'planning.yaml',
    ]);
  });

  it('gives a policy its own numbers, and rules a few of them', async () => {
    const { input } = await readFrom(
      planning('policy: { name: telecomRule, growth: 0.2 }\nrules: { horizonDays: 60, caps: { costPerHour: 100 } }\n'),
    );
    expect(input.policy).toEqual({ ...POLICIES.telecomRule, growth: 0.2 });
    expect(input.rules).toEqual({
      ...DEFAULT_RULES,
      horizonDays: 60,
      caps: { ...DEFAULT_RULES.caps, costPerHour: 100 },
    });
  });

  it('says of kinds what the files of new cells say, and keeps it as it is written', async () => {
    const kind = `kinds:
  - name: lab
    prefix: lab-
    region: eu-west-1
    size: test
    costPerHour: 1.5
    settings: { media: { hosts: 2, kernelForwarding: preferred } }
`;
    const { input, planning: file } = await readFrom({ 'planning.yaml': kind });
    expect(input.blueprints).toMatchObject([
      { name: 'lab', costPerHour: 1.5, spec: { size: 'test', media: { hosts: 2, relay: { calls: 200 } } } },
    ]);
    expect(file.kinds.get('lab')!.written).toEqual({
      region: 'eu-west-1',
      size: 'test',
      media: { hosts: 2, kernelForwarding: 'preferred' },
      aws: {},
    });
  });

  it('takes kinds of before targets had sections, and says where their values belong', async () => {
    const kind = (settings: string) => `kinds:\n  - { region: eu-west-1, prefix: a-, settings: ${settings} }\n`;
    const old = await readFrom({ 'planning.yaml': kind('{ media: { hosts: 2, instanceType: c6in.xlarge } }') });
    const now = await readFrom({
      'planning.yaml': kind('{ media: { hosts: 2 }, aws: { media: { instanceType: c6in.xlarge } } }'),
    });
    expect(old.input.blueprints).toEqual(now.input.blueprints);
    expect([...old.planning.kinds.values()].map(({ written }) => written)).toEqual(
      [...now.planning.kinds.values()].map(({ written }) => written),
    );
    expect(now.planning.warnings).toEqual([]);
    expect(old.planning.warnings).toMatchObject([
      {
        line: 2,
        path: 'kinds[0].settings.media.instanceType',
        allowed: 'kinds[0].settings.aws.media.instanceType',
      },
    ]);
  });

  it('takes the name that the fill target had before, and says its name now', async () => {
    const rules = (key: string) => `kinds: [{ region: eu-west-1, prefix: a- }]\nrules:\n  ${key}: 0.7\n`;
    const old = await readFrom({ 'planning.yaml': rules('settle') });
    expect(old.input.rules).toMatchObject({ fillTarget: 0.7 });
    expect(old.planning.warnings.map(formatFinding)).toEqual([
      expect.stringMatching(
        /planning\.yaml:3:3 warning rules\.settle: has another name now; allowed: rules\.fillTarget$/,
      ),
    ]);
    expect((await readFrom({ 'planning.yaml': rules('fillTarget') })).planning.warnings).toEqual([]);
    expect(await refusalOf({ 'planning.yaml': `${rules('settle')}  fillTarget: 0.8\n` })).toEqual([
      'planning.yaml:3:3 error rules.settle: is given twice, here and as rules.fillTarget; allowed: rules.fillTarget alone',
    ]);
  });

  it('keeps free what a tenant is guaranteed, whether it has a cell or waits for one', async () => {
    const limits = 'limits: { guaranteedCalls: 20 }';
    const { input } = await readFrom({
      'cells/euw1-a.yaml': CELL.replace('domain: acme.example.com', `$&, ${limits}`),
      ...planning(`waiting: [{ name: initech, domain: initech.example.com, ${limits} }]\n`),
    });
    expect(input.tenants.map(({ id, guaranteed }) => [id, guaranteed])).toEqual([
      ['acme', { relayedCalls: 20 }],
      ['globex', undefined],
      ['initech', { relayedCalls: 20 }],
    ]);
  });

  it('tells what is not in the files of cells', async () => {
    const facts =
      'cells: { euw1-a: { costPerHour: 3, jurisdiction: EU, elastic: { least: 2, inService: [1, 2, 4] } } }\n';
    const { input } = await readFrom(planning(facts));
    expect(input.cells[0]).toMatchObject({
      costPerHour: 3,
      jurisdiction: 'EU',
      elastic: { least: 2, inService: [1, 2, 4] },
    });
  });

  it('counts what the fleet uses of a quota by itself', async () => {
    const other = CELL.replace('euw1-a', 'euw1-b').replaceAll(/acme|globex/g, 'b-$&') + 'network: 10.17.0.0/20\n';
    const quotas = 'quotas: [{ region: eu-west-1, quota: elasticAddresses, limit: 20, others: 3 }]\n';
    const files = { ...planning(quotas), 'cells/euw1-b.yaml': other };
    const planned = { ...files, 'cells/euw1-b.yaml': `${other}state: planned\n` };
    expect((await readFrom(files)).input.quotas).toEqual([
      { region: 'eu-west-1', quota: 'elasticAddresses', limit: 20, used: 17 },
    ]);
    expect((await readFrom(planned)).input.quotas![0]!.used).toBe(10);
  });

  it('names lead times, tenants that wait, and measurements', async () => {
    const text = `stamps: [{ cell: euw1-a, started: 2026-01-01T00:00:00Z, ready: 2026-01-01T06:00:00+01:00 }]
waiting: [{ name: stark, domain: stark.example.com, tier: high-volume, enterprise: stark-group, jurisdiction: EU }]
figures: mine.yaml
`;
    const mine = 'sbcSetups: { value: 450, source: measured here }\n';
    const { input } = await readFrom({ ...planning(text), 'mine.yaml': mine });
    expect(input.stamped).toEqual([
      { cell: 'euw1-a', startedAt: Date.UTC(2026, 0, 1), readyAt: Date.UTC(2026, 0, 1, 5) },
    ]);
    expect(input.tenants.at(-1)).toMatchObject({
      id: 'stark',
      pool: 'high-volume',
      enterprise: 'stark-group',
      residency: 'EU',
    });
    expect(input.tenants.at(-1)!.cell).toBeUndefined();
    expect(input.figures!.sbcSetups).toMatchObject({ value: 450, source: 'measured here' });
  });

  it('finds calendar.yaml and figures.yaml beside it', async () => {
    const files = {
      'calendar.yaml': 'holidays: [{ country: DE }]\n',
      'figures.yaml': 'sbcSetups: { value: 450, source: measured here }\n',
    };
    const { input, files: read } = await readFrom(files);
    expect(input.cells[0]!.calendar!.holidays).toContain('2026-12-25');
    expect(input.figures!.sbcSetups.value).toBe(450);
    expect(read).toHaveLength(4);
  });
});

describe('a tenant without history', () => {
  it('is expected to use what its limits were sized for', async () => {
    const cell = CELL.replace('acme.example.com }', 'acme.example.com, limits: { calls: 200, callsPerSecond: 0.5 } }');
    const { input } = await readFrom({ 'cells/euw1-a.yaml': cell });
    // 200 circuits carry 179.738 erlangs at 1 % (recomputed to 60 digits).
    const [acme] = input.tenants;
    expect(acme!.use.relayedCalls[100]).toBeCloseTo(179.738, 3);
    expect(acme!.use.setups[0]).toBe(0.5);
    expect(acme).toMatchObject({ id: 'acme', cell: 'euw1-a', pool: 'standard', regions: ['eu-west-1'] });
    expect(acme!.since).toBeUndefined();
  });
});

describe('what nobody can plan with', () => {
  it('is told at once, of all files', async () => {
    const refusal = await refusalOf({
      'planning.yaml': `${KINDS}rules: { horizonDays: 0 }\n`,
      'cells/euw1-a.yaml': CELL.replace('small', 'tiny'),
    });
    expect(refusal).toEqual([
      'cells/euw1-a.yaml:4:1 error size: must be test, small or standard; got tiny',
      'planning.yaml:2:10 error rules.horizonDays: must be a whole number from 1 to 180; got 0',
    ]);
  });

  it.each<[string, string, string]>([
    [
      'numbers of another policy',
      'policy: { blocking: 0.02, free: 0.3 }',
      'policy.free: the policy gradeOfService has no free; allowed: blocking, quantile',
    ],
    [
      'an unknown zone',
      'zone: Europe/Berlyn',
      'zone: there is no time zone Europe/Berlyn; allowed: an IANA time zone, for example Europe/Berlin',
    ],
    [
      'a cell that is not there',
      'cells: { euw1-x: {} }',
      'cells.euw1-x: there is no cell euw1-x; did you mean "euw1-a"?; allowed: the name of a cell of the fleet',
    ],
    [
      'a waiting tenant that has a cell',
      'waiting: [{ name: acme, domain: a.example.com }]',
      'waiting[0].name: the tenant acme is in the cell euw1-a; allowed: tenants without a cell',
    ],
    [
      'a stamp that was ready before',
      'stamps: [{ cell: a, started: 2026-01-02T00:00:00Z, ready: 2026-01-01T00:00:00Z }]',
      'stamps[0].ready: 2026-01-01T00:00:00Z is before it was started, 2026-01-02T00:00:00Z; allowed: 2026-01-02T00:00:00Z or later',
    ],
    [
      'a stamp at no instant',
      "stamps: [{ cell: a, started: '2026-01-02 00:00', ready: 2026-01-03T00:00:00Z }]",
      'stamps[0].started: must be a time with its offset, for example 2026-03-02T09:00:00Z; got 2026-01-02 00:00',
    ],
    [
      'a quota twice',
      'quotas: [{ region: eu-west-1, quota: vcpus, limit: 1 }, { region: eu-west-1, quota: vcpus, limit: 2 }]',
      'quotas[1]: the quota vcpus of eu-west-1 is given twice; allowed: each quota once',
    ],
    [
      'a password in the address',
      'history: { prometheus: { url: "http://planner:secret@localhost:9090" } }',
      'history.prometheus.url: the address holds a user name or a password; allowed: an address without them, and auth.basic with the password by reference',
    ],
    [
      'two ways to say who asks',
      'history: { prometheus: { url: "http://localhost", auth: { bearer: { env: A }, sigv4: { region: eu-west-1 } } } }',
      'history.prometheus.auth: bearer and sigv4 are given; allowed: one way',
    ],
    [
      'a secret in two places',
      'history: { prometheus: { url: "http://localhost", auth: { bearer: { env: A, file: b } } } }',
      'history.prometheus.auth.bearer: a secret is in both of env and file; allowed: one of env (environment variable) and file',
    ],
    [
      'a secret that is written down',
      'history: { prometheus: { url: "http://localhost", auth: { bearer: abc } } }',
      'history.prometheus.auth.bearer: must be a mapping with the keys env, file; got abc (a string)',
    ],
    [
      'a file that is not there',
      'calendar: days.yaml',
      'calendar: days.yaml: there is no such file; allowed: a YAML file',
    ],
  ])('%s', async (_, text, expected) => {
    const refusal = await refusalOf({ 'planning.yaml': `${KINDS}${text}\n` });
    expect(refusal.map((line) => line.replace(/^planning\.yaml:2:\d+ error /, ''))).toEqual([expected]);
  });

  it('settings of a kind that no cell could have, by the rules of cells', async () => {
    const kind = 'kinds: [{ region: eu-west-1, prefix: euw1-, settings: { media: { relay: { calls: 20000 } } } }]\n';
    expect(await refusalOf({ 'planning.yaml': kind })).toEqual([
      'planning.yaml:1:75 error kinds[0].settings.media.relay.ports: 15000 ports are too few for 20000 calls; allowed: at least 80000 (4 a call), or 40000 with media.rtcpMux: true',
    ]);
  });

  it('no planning file, no cells', async () => {
    const folder = folderOf({});
    const reading = readPlanInput({ cells: `${folder}/cells`, planning: `${folder}/planning.yaml`, now: NOW });
    await expect(reading).rejects.toThrow(
      /cells:1:1 error: there is no such folder; .*\n.*planning.yaml:1:1 error: there is no such file/,
    );
  });
});
