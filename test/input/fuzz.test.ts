/**
 * Files with mistakes in them, made by a grammar of what people, editors and other programs write. Whatever they say, a reader
 * takes them or says what is wrong: it does not throw, hang, write, or print what acts on a terminal.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measurementsSchema } from '../../lib/planner/component-figures.ts';
import { scenarioRules, scenarioSchema } from '../../lib/planner/simulation/scenario-schema.ts';
import { readText, UnreadableFile } from '../../lib/config-file/read-text.ts';
import { rewriteForm } from '../../lib/config-file/rewrite-form.ts';
import { calendarRules, calendarSchema } from '../../lib/planner-files/calendar-file.ts';
import { checkFile } from '../../lib/config-file/checked-file.ts';
import { planningJsonSchemas } from '../../lib/planner-files/json-schema.ts';
import { planningRules } from '../../lib/planner-files/planning-rules.ts';
import { planningSchema } from '../../lib/planner-files/planning-schema.ts';
import { formatFinding, type Finding } from '../../lib/config-file/finding.ts';
import { loadFleet } from '../../lib/fleet/fleet.ts';
import { oldCell } from '../../lib/fleet/schema/old-form.ts';
import { cellstamp } from '../cli/run-command.ts';
import { CELL, PLANNING } from './rows.ts';

const SEED = 20261128;
/** Slower than any of these texts takes, by far. */
const HANG_MS = 10_000;

const tenants = `tenants:
  - name: acme
    domain: acme.example.com
    dids: { '+442079460100': alice }
    limits: { calls: 10, callsPerSecond: 5 }
  - { name: globex, domain: globex.example.com, sources: [198.51.100.0/28] }
`;
const cellText = `${CELL}# A comment
size: small
network: 10.16.16.0/20
aws: { zones: [a, b], sbc: { instanceType: c6i.xlarge } }
media: &media
  hosts: 4
  relay: { ports: 30000-39999 }
trunks:
  - name: carrier-a
    address: 192.0.2.10
${tenants}`;
const oldText = `name: old
region: eu-west-1
# Written before targets had sections
zones: [a, b]
sbc: { instanceType: c6i.xlarge, workers: 4 }
media:
  # fast
  instanceType: c6in.2xlarge
  hosts: 4
database: { version: '15.10', readers: 1 }
retention:
  logDays: 30
alarmEmails:
  - noc@example.com # day
`;
const frontText = 'domain: voice.example.com\nregions:\n  - region: eu-west-1\n    network: 10.15.0.0/24\naws: {}\n';
const planningText = `${PLANNING}policy: { name: gradeOfService, blocking: 0.005 }
zone: Europe/Berlin
rules:
  caps: { cellsPerDay: 1 }
history: { files: [a.csv], stepMinutes: 60 }
stamps:
  - { cell: euw1-a, started: 2025-09-01T08:00:00Z, ready: 2025-09-01T13:30:00Z }
`;
const calendarText = `holidays:
  - country: DE
days:
  - { date: 2025-12-24, kind: holiday }
events:
  - name: letter
    at: 2026-03-10 10:00
    zone: Europe/Berlin
    minutes: 60
    people: 50000
`;
const figuresText = "sbcSetups: { value: 300, source: 'measured here' }\n";
const scenarioText =
  'name: short\ndays: 2\ntenants: 10\nspikes:\n  - { fromHour: 1, hours: 2, tenants: 0.5, times: 3 }\n';

/** What slips into a text. */
const slips = fc.constantFrom(
  ...[
    ': ',
    ' :',
    '- ',
    '-',
    '\n',
    '\n\n',
    '\t',
    '  ',
    ' ',
    ',',
    '#',
    ' #',
    '? ',
    '| ',
    '> ',
    '|+\n',
    '%',
    '@',
    '`',
    '!',
    '!!',
    '!!binary ',
  ],
  ...[
    '!!set ',
    '!x ',
    '&a ',
    '*a',
    '*media',
    '*acme ',
    '<<: *media\n',
    '<<: ',
    '{',
    '}',
    '[',
    ']',
    '{}',
    '[]',
    '"',
    "'",
    '""',
    "''",
    '\\',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n---\n',
    '__proto__: ',
    '__proto__:\n  ',
    'constructor: ',
    'toString: 1\n',
    'null',
    '~',
    'true',
    'yes',
  ],
  ...[
    '0',
    '-1',
    '4.5',
    '1e99',
    '.nan',
    '.inf',
    '0x10',
    '0o7',
    '1_000',
    '99999999999999999999',
    '2026-02-30',
    '9999-12-31',
    '1970-01-01',
  ],
  ...[
    '\r',
    '\r\n',
    '\u0000',
    '\u0007',
    '\u001b[2J',
    '\u009b31m',
    '\u007f',
    '\u2028',
    '\u202e',
    '\u200b',
    '\ufeff',
    '\ufffd',
    '\ud800',
    'ü',
    '😀',
  ],
  ...[
    '"\\e[31m"',
    '"\\x00"',
    '"\\uD800"',
    'x'.repeat(300),
    '['.repeat(80),
    '{a: '.repeat(80),
    '- '.repeat(80),
    '\n- '.repeat(80),
  ],
);

type Change = (text: string) => string;

/** A place in a text, as a share of it. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const lineChange = (change: (lines: string[], at: number) => void) =>
  place.map((share): Change => (text) => {
    const lines = text.split('\n');
    change(lines, Math.min(lines.length - 1, Math.floor(share * lines.length)));
    return lines.join('\n');
  });

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, slips).map(([share, slip]): Change => (text) => {
      const at = Math.floor(share * text.length);
      return text.slice(0, at) + slip + text.slice(at);
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(place, slips).map(([share, slip]): Change => (text) => {
      // In place of a value.
      const values = [...text.matchAll(/(?<=[:,[-] ?)[^\s,:{}[\]]+/g)];
      const value = values[Math.min(values.length - 1, Math.floor(share * values.length))];
      return value === undefined ? text : text.slice(0, value.index) + slip + text.slice(value.index + value[0].length);
    }),
  },
  fc.tuple(place, fc.integer({ min: 1, max: 12 })).map(([share, count]): Change => (text) => {
    const at = Math.floor(share * text.length);
    return text.slice(0, at) + text.slice(at + count);
  }),
  place.map(
    (share): Change =>
      (text) =>
        text.slice(0, Math.floor(share * text.length)),
  ),
  lineChange((lines, at) => void lines.splice(at, 1)),
  lineChange((lines, at) => void lines.splice(at, 0, lines[at]!)),
  lineChange((lines, at) => void (lines[at] = ` ${lines[at]!}`)),
  lineChange((lines, at) => void (lines[at] = lines[at]!.trimStart())),
  lineChange((lines, at) => void lines.reverse().splice(at, 0, '')),
  fc.constant((text: string) => text.replaceAll('\n', '\r\n')),
  fc.constant((text: string) => text.replaceAll('\n', '\r')),
);

const mistakes = fc.array(change, { minLength: 1, maxLength: 4 });
const apply = (text: string, changes: readonly Change[]): string => changes.reduce((done, one) => one(done), text);

/** What a terminal acts on, or shows otherwise than it is. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** What holds of everything that is said of a file. */
function expectClear(findings: readonly Finding[], file: string, text: string): void {
  const lines = text.split('\n').length;
  for (const finding of findings) {
    expect(finding.file).toBe(file);
    expect(finding.line).toBeGreaterThanOrEqual(1);
    expect(finding.line).toBeLessThanOrEqual(lines);
    expect(finding.column).toBeGreaterThanOrEqual(1);
    expect(finding.message).not.toMatch(/undefined|\[object|^\s*$|: *;|got *$/);
    expect(finding.given).not.toBe('');
    expect(finding.allowed).not.toBe('');
    expect(formatFinding(finding)).not.toMatch(unprintable);
    expect(formatFinding(finding).length).toBeLessThan(3000);
  }
  const errors = findings.filter(({ severity }) => severity === 'error').map(formatFinding);
  expect(new Set(errors).size).toBe(errors.length);
}

const quickly = <T>(work: () => T): T => {
  const start = performance.now();
  const done = work();
  expect(performance.now() - start).toBeLessThan(HANG_MS);
  return done;
};

describe('a YAML file with mistakes', () => {
  const kinds = {
    'cells/euw1-a.yaml': (path: string, text: string) => {
      const { cells, findings } = loadFleet([{ path, text }]);
      return { isTaken: cells.length === 1, findings };
    },
    'cells/old.yaml': (path: string, text: string) => {
      const fleet = loadFleet([{ path, text }]);
      const rewriting = rewriteForm(text, oldCell);
      // Whatever is rewritten says the same.
      if ('text' in rewriting) expect(loadFleet([{ path, text: rewriting.text }]).cells).toEqual(fleet.cells);
      return { isTaken: fleet.cells.length === 1, findings: fleet.findings };
    },
    'cells/front.yaml': (path: string, text: string) => {
      const { front, findings } = loadFleet([{ path, text }]);
      return { isTaken: front !== undefined, findings };
    },
    'planning.yaml': (path: string, text: string) => {
      const schema = planningJsonSchemas['planning.schema.json']();
      const { value, findings } = checkFile({ path, text }, planningSchema, schema, planningRules);
      return { isTaken: value !== undefined, findings };
    },
    'calendar.yaml': (path: string, text: string) => {
      const schema = planningJsonSchemas['calendar.schema.json']();
      const { value, findings } = checkFile({ path, text }, calendarSchema, schema, calendarRules);
      return { isTaken: value !== undefined, findings };
    },
    'figures.yaml': (path: string, text: string) => {
      const schema = planningJsonSchemas['figures.schema.json']();
      const { value, findings } = checkFile({ path, text }, measurementsSchema, schema);
      return { isTaken: value !== undefined, findings };
    },
    'scenario.yaml': (path: string, text: string) => {
      const schema = planningJsonSchemas['scenario.schema.json']();
      const { value, findings } = checkFile({ path, text }, scenarioSchema, schema, scenarioRules);
      return { isTaken: value !== undefined, findings };
    },
  };
  const texts: Readonly<Record<keyof typeof kinds, string>> = {
    'cells/euw1-a.yaml': cellText,
    'cells/old.yaml': oldText,
    'cells/front.yaml': frontText,
    'planning.yaml': planningText,
    'calendar.yaml': calendarText,
    'figures.yaml': figuresText,
    'scenario.yaml': scenarioText,
  };

  it('a cell with ten thousand keys that are not known is refused as quickly as any', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `key${index}: 1\n`).join('');
    const { findings } = quickly(() => kinds['cells/euw1-a.yaml']('cells/euw1-a.yaml', cellText + keys));
    expect(findings.filter(({ severity }) => severity === 'error')).toHaveLength(10_000);
  });

  it.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s is taken, or every finding says where and what', (path) => {
    const { isTaken, findings } = kinds[path](path, texts[path]);
    expect(isTaken).toBe(true);
    expect(findings.filter(({ message }) => !message.startsWith('AWS alone'))).toEqual([]);
    let refused = 0;
    fc.assert(
      fc.property(mistakes, (changes) => {
        const text = apply(texts[path], changes);
        const { isTaken, findings } = quickly(() => kinds[path](path, text));
        if (!isTaken) {
          refused++;
          expect(findings.some(({ severity }) => severity === 'error')).toBe(true);
        }
        expectClear(findings, path, text);
      }),
      { numRuns: 500, seed: SEED },
    );
    // The grammar is one of mistakes.
    expect(refused).toBeGreaterThan(200);
  });
});

describe('through the commands', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-fuzz-'));
    mkdirSync(join(folder, 'cells'));
    // What the commands import is no part of the time that they take.
    write({ 'cells/euw1-a.yaml': CELL, 'planning.yaml': PLANNING });
    await cellstamp(...planArgs());
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (files: Readonly<Record<string, string | Buffer>>): readonly string[] => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  };

  /** Runs a command, of which something is said unless it is taken, with the file's name. */
  async function expectTakenOrRefused(
    file: string,
    failed: number,
    before: readonly string[],
    args: readonly string[],
  ) {
    const start = performance.now();
    const { status, stdout, stderr } = await cellstamp(...args);
    expect(performance.now() - start).toBeLessThan(HANG_MS);
    const said = stdout + stderr;
    expect(said).not.toMatch(/^\s+at |\(--debug|TypeError|RangeError|ZodError/m);
    expect(said.replaceAll('\n', '')).not.toMatch(unprintable);
    expect(readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()).toEqual(before);
    const isRefused = / error[ :]/.test(said);
    if (isRefused) {
      expect(status).toBe(failed);
      expect(said).toContain(join(folder, file));
    }
    return isRefused;
  }

  const planArgs = () => [
    ...['plan', '--cells', join(folder, 'cells'), '--planning', join(folder, 'planning.yaml')],
    ...['--now', '2026-03-02T09:00:00Z'],
  ];

  it('a cell with mistakes ends `check` with 2', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mistakes, async (changes) => {
        const file = 'cells/euw1-a.yaml';
        const before = write({ [file]: apply(cellText, changes) });
        if (await expectTakenOrRefused(file, 2, before, ['check', '--cells', join(folder, 'cells')])) refused++;
      }),
      { numRuns: 100, seed: SEED },
    );
    expect(refused).toBeGreaterThan(30);
  });

  it('a history with mistakes ends `plan` with 1, whatever is in it', async () => {
    const fields = ['2026-03-01T08:00:00Z', 'euw1-a', '', 'relayedCalls', '12.5'];
    const hours = Array.from({ length: 20 }, (_, hour) => `2026-03-01T${String(hour).padStart(2, '0')}:00:00Z`);
    const csv = ['time,cell,tenant,resource,value', ...hours.map((time) => [time, ...fields.slice(1)].join(','))];
    const ndjson = hours.map((time) => JSON.stringify({ time, cell: 'euw1-a', resource: 'relayedCalls', value: 12.5 }));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mistakes, fc.boolean(), async (changes, isCsv) => {
        const file = isCsv ? 'a.csv' : 'a.ndjson';
        const before = write({
          'cells/euw1-a.yaml': CELL,
          'planning.yaml': `${PLANNING}history: { files: [${file}] }\n`,
          'a.csv': '',
          'a.ndjson': '',
          [file]: apply(`${(isCsv ? csv : ndjson).join('\n')}\n`, changes),
        });
        if (await expectTakenOrRefused(file, 1, before, planArgs())) refused++;
      }),
      { numRuns: 80, seed: SEED },
    );
    expect(refused).toBeGreaterThan(30);
  });

  it('bytes that are no text are refused, and a text is read as it is', () => {
    const path = join(folder, 'bytes');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text)),
      fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text, 'utf16le')),
      fc.string({ unit: 'binary-ascii', maxLength: 100 }).map((text) => Buffer.from(text, 'latin1')),
    );
    let read = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        writeFileSync(path, given);
        try {
          expect(Buffer.from(readText(path))).toEqual(given);
          read++;
        } catch (error) {
          if (!(error instanceof UnreadableFile)) throw error;
          expectClear([error.finding], path, given.toString('latin1'));
        }
      }),
      { numRuns: 600, seed: SEED },
    );
    rmSync(path);
    expect(read).toBeGreaterThan(150);
  });
});

describe('a command line', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-words-'));
    mkdirSync(join(folder, 'cells'));
    writeFileSync(join(folder, 'cells/euw1-a.yaml'), CELL);
    writeFileSync(join(folder, 'planning.yaml'), PLANNING);
    writeFileSync(join(folder, 'scenario.yaml'), 'name: short\ndays: 1\ntenants: 10\n');
    symlinkSync('loop', join(folder, 'loop'));
    symlinkSync('nowhere', join(folder, 'dangling'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** None makes anything on this machine or asks a server; what they write by default is in the folder. */
  const commands = [
    ['check', '--cells', 'DIR/cells'],
    ['capacity'],
    ['availability'],
    ['availability', '--assume'],
    ['prometheus-config'],
    ['manifests'],
    ['customers'],
    ['scale'],
    ['scale', 'euw1-a'],
    ['roll'],
    ['stamp', 'euw1-a', '--cells', 'DIR/cells'],
    ['rollout', 'waves'],
    ['rollout', 'record', 'euw1-a'],
    ['deployed'],
    ['plan', '--planning', 'DIR/planning.yaml', '--now', '2026-03-02T09:00:00Z'],
    ['simulate'],
    ['measure', '--prometheus', 'DIR/planning.yaml'],
    ['help'],
    [],
  ];
  const flags = [
    ...['--cells', '--planning', '--scenario', '--history', '--html', '--figures', '--plan', '--policy', '--now'],
    ...['--days', '--seed', '--lost-media-hosts', '--region', '--size', '--canary', '--before', '--deploy', '--record'],
    ...['--target', '--delete-all-tenants', '--json', '--rewrite', '--help', '--version', '--', '-', '--cells='],
  ];
  const values = [
    ...['euw1-a', 'EUW1', 'nowhere', '', ' ', '-1', '0', '1e99', 'NaN', '4.5', '99999999999999999999', '__proto__'],
    ...['../x', 'DIR', 'DIR/cells', 'DIR/loop', 'DIR/dangling', 'DIR/planning.yaml', 'DIR/planning.yaml/x', 'DIR/no/x'],
    ...['DIR/scenario.yaml', '/dev/full', '2026-02-30T00:00:00Z', '2026-03-02T09:00:00Z', '1970-01-01T00:00:00Z'],
    ...['\u001b[2J', '\u202e', '\ud800', '\n', 'a b', 'x'.repeat(5000), 'local', 'HEAD', 'reactive', 'eu-west-1'],
  ];
  const word = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...values).map((value) => [value]) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom(...flags), fc.constantFrom(...values)).map(([flag, value]) =>
        // What is written must be in the folder.
        flag === '--html' && !/^(DIR|\/)/.test(value) ? [flag, `DIR/${value}`] : [flag, value],
      ),
    },
  );

  it('of any words is carried out or refused: clearly, with its exit status, and nothing is written', async () => {
    const listing = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
    const before = listing();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...commands), fc.array(word, { maxLength: 4 }), async (command, words) => {
        const args = [...command, ...words.flat()].map((each) => each.replace('DIR', folder));
        const { status, stdout, stderr } = await cellstamp(...args);
        expect([0, 1, 2]).toContain(status);
        expect(stdout + stderr).not.toMatch(/^\s+at |\(--debug|TypeError|RangeError|ZodError/m);
        expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(unprintable);
        if (status === (command[0] === 'plan' ? 1 : 2)) {
          refused++;
          expect(stderr).toMatch(/^(error: |cellstamp: |Usage: )/m);
          expect(listing()).toEqual(before);
        } else
          for (const name of listing())
            if (!before.includes(name)) rmSync(join(folder, name), { force: true, recursive: true });
      }),
      { numRuns: 400, seed: SEED },
    );
    expect(refused).toBeGreaterThan(200);
  });
});
