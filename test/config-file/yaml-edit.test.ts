import fc from 'fast-check';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { addEntry, EditRefused, setWord, takeEntry } from '../../lib/config-file/yaml-edit.ts';

/** A file as a person may write it: comments and blank lines anywhere, entries on one line or on several. */
const word = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
  .filter((text) => text !== 'null' && text !== 'true' && text !== 'false');
const comment = fc.constantFrom('', '', '', '  # why', ' # 3 a.m.: call +49 30 1234');
const entry = (name: string) =>
  fc.oneof(
    comment.map((end) => [`- { name: ${name}, limits: { calls: 20 } }${end}`]),
    fc
      .tuple(comment, comment, fc.boolean())
      .map(([one, two, blank]) => [
        `- name: ${name}${one}`,
        ...(blank ? [''] : []),
        '  # its numbers',
        '  dids:',
        `    '+4930123': "*43"${two}`,
        '  note: |',
        '    two',
        '    lines',
      ]),
    comment.map((end) => ['-', `  name: ${name}${end}`, '  limits:', '    calls: 20']),
  );
const list = fc
  .uniqueArray(word, { minLength: 1, maxLength: 5 })
  .chain((names) =>
    fc
      .tuple(...names.map(entry))
      .chain((entries) =>
        fc
          .tuple(
            fc.constantFrom('', '  ', '    '),
            fc.array(fc.constantFrom('', '  # between', '# at the left'), { maxLength: 2 }),
          )
          .map(([indent, between]) =>
            entries.flatMap((lines, i) => [
              ...(i > 0 ? between : []),
              ...lines.map((line) => (line === '' ? '' : indent + line)),
            ]),
          ),
      ),
  );
const file = fc
  .tuple(comment, list, fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.boolean())
  .map(([end, lines, eol, after, closed]) => {
    const all = [
      '# the cell',
      'name: euw1-a',
      '',
      `tenants:${end}`,
      ...lines,
      ...(after ? ['', '# below', 'region: eu-west-1'] : []),
    ];
    return all.join(eol) + (closed ? eol : '');
  });
interface Data {
  readonly tenants: readonly { readonly name: string }[];
}
const data = (text: string) => parse(text) as Data;
/** Where the lines differ that were there before, in their order: none is lost or changed but those of the entry. */
const without = (text: string, lines: readonly string[]) => {
  const left = [...lines];
  return text.split(/\r?\n/).filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
};

describe('taking an entry out of a list', () => {
  it('takes that entry, and leaves every other line as it was', () => {
    fc.assert(
      fc.property(file, fc.nat(), (text, n) => {
        const { tenants } = data(text);
        const at = n % tenants.length;
        const taken = takeEntry(text, 'tenants', at);
        expect(data(taken.text).tenants).toEqual(tenants.toSpliced(at, 1));
        expect(parse(taken.entry.lines.join('\n'))).toEqual(tenants[at]);
        // What is left is the old text with one piece cut out, but for the brackets of a list that became empty.
        const rest = taken.text.replace(/^(tenants:) \[\]/m, '$1');
        let same = 0;
        while (same < rest.length && rest[same] === text[same]) same++;
        expect(text.endsWith(rest.slice(same))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('takes the comment along that stands right above it', () => {
    const { text, entry } = takeEntry(
      'tenants:\n  - name: a\n  # the big one\n  - name: b # since May\n',
      'tenants',
      1,
    );
    expect(text).toBe('tenants:\n  - name: a\n');
    expect(entry).toEqual({ comments: ['# the big one'], lines: ['name: b # since May'] });
  });

  it.each([
    ['tenants: [{ name: a }, { name: b }] # two', 0, 'tenants: [{ name: b }] # two'],
    ['tenants: [{ name: a }, { name: b }]', 1, 'tenants: [{ name: a }]'],
    ['tenants: [{ name: a }]', 0, 'tenants: []'],
    ['tenants: # all\n- name: a\n', 0, 'tenants: [] # all\n'],
  ])('of %j, number %i, leaves %j', (text, at, left) => {
    expect(takeEntry(text, 'tenants', at).text).toBe(left);
  });
});

describe('putting an entry into a list', () => {
  it('gives it back what was taken, wherever that was written', () => {
    fc.assert(
      fc.property(file, file, fc.nat(), (from, to, n) => {
        const tenants = data(from).tenants;
        const at = n % tenants.length;
        const { entry } = takeEntry(from, 'tenants', at);
        const result = addEntry(to, 'tenants', entry);
        expect(data(result).tenants).toEqual([...data(to).tenants, tenants[at]]);
        expect(without(to, result.split(/\r?\n/)).filter((line) => line !== '')).toEqual([]);
        expect(result.includes('\r\n')).toBe(to.includes('\r\n'));
      }),
      { numRuns: 150 },
    );
  });

  const entry = { comments: ['# new'], lines: ['name: c', 'limits: { calls: 5 }'] };
  it.each([
    ['name: x', 'name: x\ntenants:\n  # new\n  - name: c\n    limits: { calls: 5 }\n'],
    ['tenants: []\nregion: y\n', 'tenants:\n  # new\n  - name: c\n    limits: { calls: 5 }\nregion: y\n'],
    ['tenants: # none yet\n', 'tenants: # none yet\n  # new\n  - name: c\n    limits: { calls: 5 }\n'],
    ['tenants: [{ name: a }]\n', 'tenants: [{ name: a }, { name: c, limits: { calls: 5 } }]\n'],
    ['tenants:\n- name: a\n\n# end\n', 'tenants:\n- name: a\n# new\n- name: c\n  limits: { calls: 5 }\n\n# end\n'],
  ])('makes of %j %j', (text, result) => {
    expect(addEntry(text, 'tenants', entry)).toBe(result);
  });
});

describe('setting a word', () => {
  it.each([
    ['region: x # here\nstate: active # for now\n', 'region: x # here\nstate: draining # for now\n'],
    ['name: a\nregion: x # here\nsize: small\n', 'name: a\nregion: x # here\nstate: draining\nsize: small\n'],
    ['region: x', 'region: x\nstate: draining\n'],
    ['region: x\r\nsize: small\r\n', 'region: x\r\nstate: draining\r\nsize: small\r\n'],
  ])('makes of %j %j', (text, result) => {
    expect(setWord(text, 'state', 'draining', 'region')).toBe(result);
  });
});

it.each([
  ['an alias', 'base: &b { name: a }\ntenants:\n  - *b\n  - name: c\n'],
  ['a file in brackets', '{ tenants: [{ name: a }] }'],
  ['what is no YAML', 'tenants: [\n'],
])('refuses %s', (_, text) => {
  expect(() => takeEntry(text, 'tenants', 0)).toThrow(EditRefused);
});
