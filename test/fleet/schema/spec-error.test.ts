import { expect, it } from 'vitest';
import type { SpecError } from '../../../lib/index.ts';
import { parseCell, parseFront } from '../../../lib/index.ts';
import { checked } from '../checked.ts';

function thrown(work: () => unknown): SpecError {
  try {
    work();
  } catch (error) {
    return error as SpecError;
  }
  throw new Error('nothing was thrown');
}

/** Of a line of `check`, what does not tell of a file. */
const withoutFile = (line: string) => line.replace(/^\S+ error /, '');

it('a spec in code is refused with what check says of the same spec in a file', () => {
  const error = thrown(() =>
    parseCell({
      name: 'euw1-a',
      region: 'eu-west-1',
      aws: {},
      sise: 'small',
      media: { hosts: 99 },
      trunks: [{ name: 'carrier', address: 'no address' }],
    } as never),
  );
  expect(error.name).toBe('SpecError');
  const lines = checked(`name: euw1-a
region: eu-west-1
sise: small
media: { hosts: 99 }
trunks: [{ name: carrier, address: no address }]
`).map(withoutFile);
  expect(lines).toHaveLength(3);
  const [title, ...rest] = error.message.split('\n');
  expect(title).toBe("cell euw1-a can't be built:");
  expect(rest.toSorted()).toEqual(lines.toSorted());
});

it('a finding has path, value and what is allowed, apart', () => {
  const { findings } = thrown(() => parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, media: { hosts: 99 } }));
  expect(findings).toMatchObject([
    { severity: 'error', path: 'media.hosts', given: '99', allowed: 'a whole number from 1 to 32' },
  ]);
});

it('a number for a text is named by its type: in code there are no quotes to add', () => {
  const { message } = thrown(() =>
    parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: { database: { version: 15 } } } as never),
  );
  expect(message).toContain('aws.database.version: must be a PostgreSQL version, for example 15.10; got 15 (a number)');
});

it.each([undefined, null, 7, 'euw1-a', []])('%j is refused as a cell and as a front', (input) => {
  expect(thrown(() => parseCell(input as never)).name).toBe('SpecError');
  expect(thrown(() => parseFront(input as never)).name).toBe('SpecError');
});

it('a front is refused with all findings', () => {
  const { message } = thrown(() =>
    parseFront({ domain: 'Voice', regions: [{ region: 'mars-1', network: '10.0.0.0/24' }], aws: {} }),
  );
  expect(message).toMatch(/^the front can't be built:\n/);
  expect(message).toMatch(/\ndomain: /);
  expect(message).toMatch(/\nregions\[0\]\.region: .*mars-1/);
});

const circle: Record<string, unknown> = {};
circle['itself'] = circle;

it.each([
  ['a BigInt', 4n, 'got 4 (a bigint)'],
  ['a symbol', Symbol('four'), 'got Symbol(four) (a symbol)'],
  ['a function', () => 4, 'got a function'],
  ['NaN', NaN, 'got NaN'],
  ['an object in a circle', circle, 'got a mapping with the keys itself'],
])('a spec with a value that no file could have is refused as any other: %s', (_, hosts, words) => {
  const input = { name: 'a', region: 'eu-west-1', aws: {}, media: { hosts } };
  const { findings } = thrown(() => parseCell(input as never));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ path: 'media.hosts' });
  expect(findings[0]!.message).toContain(words);
});

it('the name of a spec does nothing to a terminal', () => {
  const { message } = thrown(() => parseCell({ name: 'a\u001b[2J', region: 'eu-west-1', aws: {} }));
  expect(message).not.toContain('\u001b');
});
