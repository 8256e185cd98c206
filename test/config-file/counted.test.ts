import { expect, it } from 'vitest';
import { counted } from '../../lib/config-file/counted.ts';

it.each([
  [0, '0 tenants'],
  [1, '1 tenant'],
  [2, '2 tenants'],
  [1.5, '1.5 tenants'],
  ['1', '1 tenant'],
  ['1,000', '1,000 tenants'],
])('%s is written as %s', (count, text) => {
  expect(counted(count, 'tenant')).toBe(text);
});

it('takes a plural that does not end in s alone, with its verb', () => {
  expect(counted(1, 'process is', 'processes are')).toBe('1 process is');
  expect(counted(2, 'process is', 'processes are')).toBe('2 processes are');
});
