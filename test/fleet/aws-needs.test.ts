import { describe, expect, it } from 'vitest';
import { regionNeeds } from '../../lib/fleet/aws-needs.ts';
import { parseCell, type CellInput } from '../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';

const cell = (name: string, more: Partial<CellInput> = {}) =>
  parseCell({ name, region: 'eu-west-1', aws: {}, ...more });
const front = parseFront({
  domain: 'voice.example.com',
  regions: ['eu-west-1', 'us-east-1'].map((region, index) => ({ region, network: `10.15.${index}.0/24` })),
  aws: {},
});

const named = (name: string) => ({ kind: 'cell', name });
const ofFront = { kind: 'front', name: 'front' };

describe('what AWS has to allow in a region', () => {
  it('is an address for every host and the floating one, their processors, and a network', () => {
    expect(regionNeeds([cell('a')], undefined)).toEqual([
      { region: 'eu-west-1', of: [named('a')], elasticIps: 7, vcpus: 40, vpcs: 1 },
    ]);
  });

  it('is added up over cells and edges, of which each has two addresses', () => {
    expect(regionNeeds([cell('a'), cell('b', { region: 'us-east-1' })], front)).toEqual([
      { region: 'eu-west-1', of: [named('a'), ofFront], elasticIps: 11, vcpus: 44, vpcs: 2 },
      { region: 'us-east-1', of: [named('b'), ofFront], elasticIps: 11, vcpus: 44, vpcs: 2 },
    ]);
  });

  it('is nothing for what is planned, retired or elsewhere', () => {
    const elsewhere = parseCell({ name: 'c', region: 'eu-west-1', local: {} });
    expect(
      regionNeeds([cell('a', { state: 'planned' }), cell('b', { state: 'retired' }), elsewhere], undefined),
    ).toEqual([]);
  });
});
