import { expect, it } from 'vitest';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { carrierPasswords } from '../../lib/operations/carrier-passwords.ts';

const { trunks } = parseCell({
  name: 'x',
  region: 'eu-west-1',
  trunks: ['a', 'b', 'c'].map((name, index) => ({
    name,
    address: `192.0.2.${index + 1}`,
    ...(name === 'c' ? {} : { credentials: { user: 'acme', passwordVariable: `PASSWORD_${name.toUpperCase()}` } }),
  })),
});

it('come from the environment, or stay in the cell', async () => {
  const none = () => Promise.reject(new Error('not asked'));
  expect(await carrierPasswords(trunks, { PASSWORD_A: 'one', PASSWORD_B: '|', PASSWORD_C: 'no' }, none)).toEqual(
    new Map([
      ['a', 'one'],
      ['b', '|'],
    ]),
  );
  expect(await carrierPasswords(trunks, { PASSWORD_A: 'one' }, () => Promise.resolve(['b']))).toEqual(
    new Map([['a', 'one']]),
  );
});

it('are all complained of at once', async () => {
  const refused = carrierPasswords(trunks, { PASSWORD_A: 'ä' }, () => Promise.resolve([]));
  await expect(refused).rejects.toMatchObject({
    status: 2,
    message: [
      'PASSWORD_A, the password of trunk a, has 1 characters or some that are not printable; allowed: 1 to 63 printable characters of ASCII',
      'the cell has no password for trunk b, and the environment variable PASSWORD_B is not set; set it to the password',
    ].join('\n'),
  });
});
