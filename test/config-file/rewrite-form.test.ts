import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteForm } from '../../lib/config-file/rewrite-form.ts';
import { formatFinding } from '../../lib/config-file/finding.ts';
import { loadFleet } from '../../lib/fleet/fleet.ts';
import { oldCell, oldFront } from '../../lib/fleet/schema/old-form.ts';

const cellOf = (text: string) => loadFleet([{ path: 'cells/euw1-a.yaml', text }]);
const commentsIn = (text: string) => (text.match(/#[^\n\r]*/g) ?? []).map((comment) => comment.trimEnd()).sort();

describe('a file of the old form, rewritten', () => {
  it('has its values in the section, each with its comments, and every other line as it was', () => {
    const text = `# yaml-language-server: $schema=./cell.schema.json
name: euw1-a
region: eu-west-1 # Dublin

# Not in c: it has no c6in.
zones: [a, b]
network:   10.16.0.0/20

sbc:
  # The fastest
  # of them
  instanceType: c6i.2xlarge # since May
  workers: 8
media: { hosts: 2, instanceType: c6in.4xlarge } # two are enough
# How long
retention:
  # as the law says
  logDays: 365
alarmEmails:
  - noc@example.com # day
  # night
  - oncall@example.com

# Carriers
trunks: []
`;
    expect(rewriteForm(text, oldCell)).toEqual({
      text: `# yaml-language-server: $schema=./cell.schema.json
name: euw1-a
region: eu-west-1 # Dublin

network:   10.16.0.0/20

sbc:
  workers: 8
media: { hosts: 2 } # two are enough

aws:
  # Not in c: it has no c6in.
  zones: [a, b]
  sbc:
    # The fastest
    # of them
    instanceType: c6i.2xlarge # since May
  media:
    instanceType: c6in.4xlarge
  retention:
    # How long
    # as the law says
    logDays: 365
  alarmEmails:
    - noc@example.com # day
    # night
    - oncall@example.com

# Carriers
trunks: []
`,
    });
  });

  it('goes into a section that is there, in brackets or not', () => {
    const head = 'name: euw1-a\nregion: eu-west-1\n';
    const rest = 'sbc: { instanceType: c6i.large }\nimage: ami-11111111\n';
    const into = (aws: string) => rewriteForm(`${head}${aws}${rest}`, oldCell);
    expect(into('aws:\n    zones: [a, b] # two\n')).toEqual({
      text: `${head}aws:\n    zones: [a, b] # two\n    sbc:\n      instanceType: c6i.large\n    image: ami-11111111\n`,
    });
    expect(into('aws: {} # all of it\n')).toEqual({
      text: `${head}aws: # all of it\n  sbc:\n    instanceType: c6i.large\n  image: ami-11111111\n`,
    });
    expect(into('aws: { zones: [a, b] }\n')).toEqual({
      text: `${head}aws: { zones: [a, b], sbc: { instanceType: c6i.large }, image: ami-11111111 }\n`,
    });
  });

  it('names AWS where it named no target', () => {
    expect(rewriteForm('name: euw1-a\nregion: eu-west-1', oldCell)).toEqual({
      text: 'name: euw1-a\nregion: eu-west-1\naws: {}\n',
    });
  });

  it('keeps line ends', () => {
    const text = 'name: euw1-a\r\n# two\r\nzones: [a, b]\r\nregion: eu-west-1\r\n';
    expect(rewriteForm(text, oldCell)).toEqual({
      text: 'name: euw1-a\r\nregion: eu-west-1\r\naws:\r\n  # two\r\n  zones: [a, b]\r\n',
    });
  });

  it('has a section in each region of the front that needs one', () => {
    const text = `domain: voice.example.com
regions:
  - region: eu-west-1
    # three
    zones: [a, b, c]
    network: 10.40.0.0/20
  - zones: [b, c]
    region: eu-west-2
    network: 10.40.16.0/24
  - { region: us-east-1, trafficDial: 50, network: 10.40.17.0/24 }
anycast:
  ranges: [198.51.100.0/24]
`;
    expect(rewriteForm(text, oldFront)).toEqual({
      text: `domain: voice.example.com
regions:
  - region: eu-west-1
    network: 10.40.0.0/20
    aws:
      # three
      zones: [a, b, c]
  - region: eu-west-2
    network: 10.40.16.0/24
    aws:
      zones: [b, c]
  - { region: us-east-1, network: 10.40.17.0/24, aws: { trafficDial: 50 } }
aws:
  anycast:
    ranges: [198.51.100.0/24]
`,
    });
  });

  it.each([
    [
      'an alias',
      'name: euw1-a\nregion: eu-west-1\nmedia: { instanceType: &type c6in.large }\nsbc: { instanceType: *type }\n',
    ],
    ['brackets around all', '{ name: euw1-a, region: eu-west-1, zones: [a, b] }\n'],
    ['a comment where none may stand', 'name: euw1-a\nregion: eu-west-1\nzones: [a, b]\naws: { sbc: {\n # c\n} }\n'],
    ['line ends of both kinds', 'name: euw1-a\r\nregion: eu-west-1\nzones: [a, b]\n'],
    ['a value in both places', 'name: euw1-a\nregion: eu-west-1\nimage: ami-11111111\naws: { image: ami-22222222 }\n'],
    ['a key twice', 'name: euw1-a\nregion: eu-west-1\nzones: [a, b]\nzones: [a, c]\n'],
  ])('is left to a person rather than changed in more than its places: %s', (_, text) => {
    const rewriting = rewriteForm(text, oldCell);
    if ('text' in rewriting) {
      expect(cellOf(rewriting.text).cells).toEqual(cellOf(text).cells);
      expect(commentsIn(rewriting.text)).toEqual(commentsIn(text));
    } else expect(rewriting.refused).not.toBe('');
  });

  it('says of any file the same as before, with every comment, and is not rewritten again', () => {
    let moved = 0;
    fc.assert(
      fc.property(oldText, (text) => {
        const before = cellOf(text);
        expect(before.findings.filter(({ severity }) => severity === 'error').map(formatFinding)).toEqual([]);
        const rewriting = rewriteForm(text, oldCell);
        if ('refused' in rewriting) throw new Error(rewriting.refused);
        const after = cellOf(rewriting.text);
        expect(after.cells).toEqual(before.cells);
        expect(after.findings.map(formatFinding).filter((line) => /section|target/.test(line))).toEqual([]);
        expect(commentsIn(rewriting.text)).toEqual(commentsIn(text));
        expect(rewriteForm(rewriting.text, oldCell)).toEqual(rewriting);
        moved += before.findings.filter(({ message }) => message.includes('section')).length;
      }),
      { numRuns: 300, seed: 20261129 },
    );
    expect(moved).toBeGreaterThan(1000);
  });
});

/** Values of a key, as they may be written. */
type Keys = Readonly<Record<string, readonly string[]>>;
const groups: Readonly<Record<string, Keys>> = {
  sbc: { instanceType: ['c6i.2xlarge', '"c6i.4xlarge"'], workers: ['8'], setupsPerSecond: ['100'] },
  media: { hosts: ['2'], instanceType: ['c6in.4xlarge'], rtcpMux: ['true'] },
  database: {
    version: ["'15.10'", '"16.6"'],
    instanceClass: ['db.r6g.large'],
    readers: ['2'],
    backupRetentionDays: ['9'],
  },
  redis: { version: ["'7.0'"], nodeType: ['cache.m6g.xlarge'], replicas: ['2'] },
  retention: { logDays: ['365'], recordDays: ['30'] },
};
const single: Keys = {
  zones: ['[a, b]', '["a", c]', '\n  - a\n  - b # the second', '\n- a\n- c'],
  image: ['ami-0123456789abcdef0'],
  alarmEmails: ['[noc@example.com, a@example.com]', '\n  # day\n  - noc@example.com\n  - a@example.com', '[]'],
  network: ['10.16.0.0/20'],
  maxTenants: ['400'],
  tenants: ['[]', '\n  - name: acme # one\n    domain: acme.example.com'],
};

const comment = fc.constantFrom('', '', ' # why', ' #');
/** Lines above a key: comments, indented alike or not, and empty ones. */
const above = (indent: string) =>
  fc.constantFrom(
    '',
    '',
    '',
    `${indent}# above\n`,
    `${indent}# a\n${indent}# b\n`,
    '\n',
    `\n${indent}# apart\n`,
    '# at the edge\n',
  );

const groupText = (name: string, keys: Keys): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.shuffledSubarray(Object.keys(keys), { minLength: 1 }),
      fc.boolean(),
      fc.constantFrom('  ', '    '),
      comment,
      fc.infiniteStream(fc.nat(10)),
    )
    .chain(([chosen, inBrackets, indent, behind, stream]) => {
      const value = (key: string) => keys[key]![stream.next().value! % keys[key]!.length]!;
      if (inBrackets) {
        return above('').map(
          (lines) => `${lines}${name}: { ${chosen.map((key) => `${key}: ${value(key)}`).join(', ')} }${behind}\n`,
        );
      }
      const entries = chosen.map((key) =>
        fc.tuple(above(indent), comment).map(([lines, end]) => `${lines}${indent}${key}: ${value(key)}${end}\n`),
      );
      return fc.tuple(above(''), ...entries).map(([lines, ...parts]) => `${lines}${name}:${behind}\n${parts.join('')}`);
    });

const singleText = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(above(''), fc.constantFrom(...single[name]!), comment)
    .map(([lines, value, end]) =>
      value.startsWith('\n') ? `${lines}${name}:${value}\n` : `${lines}${name}: ${value}${end}\n`,
    );

const oldText: fc.Arbitrary<string> = fc
  .tuple(
    fc.shuffledSubarray(Object.keys(groups)),
    fc.shuffledSubarray(Object.keys(single)),
    fc.constantFrom('', '# head\n', '# head\n\n'),
    fc.constantFrom('', '# foot\n', '\n# foot'),
    fc.constantFrom('', 'aws: {}\n', 'aws: {} # there\n', 'local: {}\n'),
  )
  .chain(([some, others, head, foot, section]) =>
    fc
      .tuple(
        fc.shuffledSubarray(['name: euw1-a\n', 'region: eu-west-1\n'], { minLength: 2 }),
        ...some.map((name) => groupText(name, groups[name]!)),
        ...others.map(singleText),
      )
      .chain(([top, ...parts]) =>
        fc
          .shuffledSubarray([...parts, ...(section === '' ? [] : [section])], {
            minLength: parts.length + (section === '' ? 0 : 1),
          })
          .map((shuffled) => `${head}${top.join('')}${shuffled.join('')}${foot}`),
      ),
  );
