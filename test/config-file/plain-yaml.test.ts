import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isScalar, parseDocument, stringify, visit } from 'yaml';
import { readPlainYaml } from '../../lib/config-file/plain-yaml.ts';

/** What the YAML parser makes of a text, with keys as they are written; undefined where it complains. */
function parsed(text: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key)) key.value = key.source ?? String(key.value);
    },
  });
  return document.toJS();
}

const scalars = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('b', 'on-call', '*44', '100', 'x@example.com') },
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 100000 }) },
  fc.constantFrom(
    'a',
    'udp',
    'off',
    'carrier-a',
    'acme.example.com',
    '10.16.0.0/20',
    '192.0.2.10',
    '30000-44999',
    '15.10',
  ),
  fc.constantFrom(
    '*43',
    '+4930123456',
    'true',
    'null',
    '1e3',
    '0x10',
    '007',
    '',
    ' a',
    'a: b',
    'a #b',
    '- a',
    "it's",
    '[a',
    '~',
  ),
  fc.integer({ min: -5, max: 100000 }),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true }),
  fc.string({ maxLength: 6 }),
);
const keys = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^[a-z]{1,3}$/) },
  fc.constantFrom('name', 'network', 'calls', '+4930123456', 'null', 'true', '12', 'a b'),
  fc.string({ maxLength: 5 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: 'small' }, scalars, tie('list'), tie('group')),
  list: fc.array(tie('tree'), { maxLength: 4 }),
  group: fc.dictionary(keys, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
}));

describe('readPlainYaml', () => {
  it('reads a whole cell as people write it', () => {
    const text = `# a comment
name: euw1-a
region: eu-west-1
network: 10.16.0.0/20
zones: [a, b]

media:
  rtcpMux: true
  relay: { calls: 1000, ports: 30000-44999 }
trunks:
  - name: carrier-a
    address: 192.0.2.10
    # The carrier's own range.
    sources: [192.0.2.128/28]
tenants:
- name: acme
  domain: acme.example.com
  dids:
    '+442079460100': alice
    '+442079460143': '*43'
alarmEmails:
  - noc@example.com
`;
    const value = readPlainYaml(text);
    expect(value).toMatchObject({ tenants: [{ dids: { '+442079460143': '*43' } }], alarmEmails: ['noc@example.com'] });
    expect(value).toEqual(parsed(text));
  });

  it('means the same as the YAML parser, or leaves the text to it', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.dictionary(keys, tree, { maxKeys: 5, noNullPrototype: true }), (value) => {
        const text = stringify(value);
        const plain = readPlainYaml(text);
        if (plain === undefined) return;
        read++;
        expect(plain).toEqual(parsed(text));
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(200);
  });

  it('does so for lines that nobody meant to write', () => {
    const pieces = fc.constantFrom(
      ...[
        'a: b',
        'a:',
        '- a',
        '- a: b',
        '-',
        'a',
        ':',
        '# c',
        'a: # c',
        'a: b # c',
        "'k': v",
        '"k": v',
        'a: [b, c]',
        'a: [b,]',
      ],
      ...[
        'a: {b: c}',
        'a: { b: c, }',
        'a: { b }',
        'a: |',
        'a: >',
        'a: &x b',
        'a: *x',
        '<<: b',
        'a: !!str 1',
        '---',
        '...',
        '? a',
      ],
      ...[
        "a: 'b",
        'a: "b\\n"',
        'a: b: c',
        'a: - b',
        'a: 1.5',
        'a: .5',
        'a: -1',
        'a: b ',
        '\ta: b',
        'a:\tb',
        'b: null',
        'c: ~',
      ],
      ...[
        'a: [[b]]',
        "a: ['b, c']",
        'a: []',
        'a: {}',
        'k2: x',
        'k3:',
        'k4: 007',
        'a: http://x/y',
        'a: b:',
        'A: True',
        'a: "b#c"',
      ],
    );
    const line = fc.tuple(fc.constantFrom('', ' ', '  ', '    '), pieces).map(([indent, piece]) => indent + piece);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        const plain = readPlainYaml(text);
        if (plain !== undefined) expect(plain).toEqual(parsed(text));
      }),
      { numRuns: 10000 },
    );
  });
});
