import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveFront } from '../../../../lib/fleet/derive/front.ts';
import { parseFront } from '../../../../lib/fleet/schema/front.ts';
import { awsMoves } from '../../../../lib/targets/aws/operations/front-moves.ts';
import { FakeAws, refusal } from './fake-aws.ts';

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start();
});
afterEach(() => aws.stop());

const front = deriveFront(
  parseFront({
    domain: 'voice.example.com',
    regions: ['eu-west-1', 'us-east-1'].map((region, index) => ({ region, network: `10.15.${index}.0/24` })),
    aws: {},
  }),
);

describe('a move of a tenant on AWS', () => {
  it('names each region whose edges it can not ask', async () => {
    const tenant = { kind: 'tenant', name: 'acme', version: 1, cell: 'b', other: 'a', keys: [] } as const;
    aws.answers = {
      GetItem: JSON.stringify({ Item: { item: { S: JSON.stringify(tenant) } } }),
      PutItem: '{}',
      DescribeInstances: (request, response) =>
        refusal(request.region === 'eu-west-1' ? 'UnauthorizedOperation' : 'AuthFailure')(request, response),
    };
    const moves = await awsMoves(front, []);
    await moves.tenant('acme');
    await expect(moves.put(tenant)).rejects.toThrow(
      "can't list the hosts of front front in eu-west-1: UnauthorizedOperation: no\ncan't list the hosts of front front in us-east-1: AuthFailure: no",
    );
  });
});
