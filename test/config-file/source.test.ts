import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSource } from '../../lib/config-file/source.ts';

describe('a source', () => {
  const source = readSource(
    'a.yaml',
    `name: a
media: &media
  relay:
    ports: 30000-39999
zones: [a, b]
tenants:
  - name: acme
    dids: { +442079460100: alice, '+442079460101': bob }
copy: *media
`,
  );

  it.each([
    [['name'], 1, 1],
    [['media', 'relay'], 3, 3],
    [['media', 'relay', 'ports'], 4, 5],
    [['zones', 1], 5, 12],
    [['tenants', 0], 7, 5],
    [['tenants', 0, 'dids', '+442079460101'], 8, 35],
    [['copy', 'relay', 'ports'], 4, 5],
  ])('says where %j stands', (path, line, column) => {
    expect(source.locate(path)).toEqual({ line, column });
  });

  it('locates what is not written at the nearest part around it', () => {
    expect(source.locate(['media', 'relay', 'calls'])).toEqual({ line: 3, column: 3 });
    expect(source.locate(['sbc'])).toEqual({ line: 1, column: 1 });
    expect(source.locate(['tenants', 3, 'name'])).toEqual({ line: 6, column: 1 });
  });

  it('keeps keys as they are written, though YAML would take them for numbers', () => {
    expect(source.value).toMatchObject({ tenants: [{ dids: { '+442079460100': 'alice', '+442079460101': 'bob' } }] });
  });

  it('resolves aliases that have an anchor', () => {
    expect(source.value).toMatchObject({ copy: { relay: { ports: '30000-39999' } } });
  });

  it('tells a scalar as it is written', () => {
    expect(readSource('a.yaml', 'version: 15.10\n').written(['version'])).toBe('15.10');
    expect(readSource('a.yaml', 'media: {}\n').written(['media'])).toBeUndefined();
  });

  it.each(['04', '010', '-01', '00', '01.5'])(
    'refuses the number %s, which versions of YAML read differently',
    (number) => {
      const { findings } = readSource('a.yaml', `hosts: ${number}\n`);
      expect(findings).toMatchObject([
        {
          line: 1,
          path: 'hosts',
          message: `${number} without quotes is a number that begins with 0, which YAML 1.1 and 1.2 read differently`,
          given: number,
          allowed: `${Number(number)}, or '${number}' in quotes for a text`,
        },
      ]);
    },
  );

  it.each(['0', '0.5', '-0.5', '0x1f', '0o17', "'04'", '10.04.0.0', '04a'])('takes %s as it stands', (text) => {
    expect(readSource('a.yaml', `hosts: ${text}\n`).findings).toEqual([]);
  });

  it('of any text is read without an exception', () => {
    const part = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '*a',
      '&a ',
      '{',
      '}',
      '[',
      ']',
      '"',
      '? ',
      '!x ',
      '#',
      '|',
      '0',
      ',',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const { value, findings } = readSource('a.yaml', parts.join(''));
        if (value === undefined) expect(findings.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses aliases that grow without bound', () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`,
    );
    const { value, findings } = readSource('a.yaml', `l0: &l0 [x]\n${levels.join('\n')}\n`);
    expect(value).toBeUndefined();
    expect(findings.map(({ message }) => message)).toEqual(['aliases stand for too much']);
  });
});
