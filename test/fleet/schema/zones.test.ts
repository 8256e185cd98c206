/** The zones of AWS that a spec has when it names none. */
import { expect, it } from 'vitest';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';

it.each([
  ['eu-west-1', ['a', 'b', 'c']],
  ['ap-northeast-1', ['a', 'c', 'd']],
  ['us-east-1', ['a', 'b', 'c']],
])('are the first of its region: %s', (region, zones) => {
  expect(parseCell({ name: 'cell-a', region, aws: {} }).aws!.zones).toEqual(zones);
  const front = parseFront({ domain: 'voice.example.com', regions: [{ region, network: '10.0.0.0/24' }], aws: {} });
  expect(front.regions[0]!.aws!.zones).toEqual(zones.slice(0, 2));
});

it('are none where a front is not on AWS', () => {
  const regions = [{ region: 'eu-west-1', network: '10.0.0.0/24' }];
  expect(parseFront({ domain: 'voice.example.com', regions, local: {} }).regions[0]).not.toHaveProperty('aws');
});
