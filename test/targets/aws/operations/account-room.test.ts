import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountRoom } from '../../../../lib/targets/aws/operations/account-room.ts';
import { FakeAws, list, page, refusal, tagged, type Request } from './fake-aws.ts';

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start();
});
afterEach(() => aws.stop());

const need = (region: string) => ({
  ...{ region, elasticIps: 7, vcpus: 40, vpcs: 1 },
  of: [{ kind: 'cell' as const, name: 'a' }],
});
const others = async () =>
  Object.fromEntries(
    (await accountRoom([need('eu-west-1')])).room.map(({ quota, others: count }) => [quota, count] as const),
  );

const instances = (...items: readonly string[]) => list('reservationSet', list('instancesSet', ...items));
const instance = (type: string, more = '') => `<instanceType>${type}</instanceType>${more}`;
/** Every type has four. */
const describeTypes = ({ parameters }: Request) =>
  list(
    'instanceTypeSet',
    ...Object.entries(parameters)
      .filter(([name]) => name.startsWith('InstanceType.'))
      .map(([, type]) => `<instanceType>${type}</instanceType><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo>`),
  );

describe('what others use of an account', () => {
  it('is all that has no tag of what needs something in the region: a retired cell too, as long as it stands', async () => {
    aws.answers = {
      DescribeAddresses: list('addressesSet', tagged('a'), tagged('retired'), '<publicIp>192.0.2.1</publicIp>'),
      DescribeVpcs: list('vpcSet', tagged('a'), tagged('retired')),
      DescribeInstances: instances(
        instance('c7i.xlarge', tagged('a')),
        instance('c7i.xlarge', tagged('retired')),
        instance('c7i.xlarge', '<instanceLifecycle>spot</instanceLifecycle>'),
      ),
      DescribeInstanceTypes: describeTypes,
    };
    expect(await others()).toEqual({ elasticIps: 2, vcpus: 4, vpcs: 1 });
  });

  it.each([
    ...['a1', 'c7i', 'c7i-flex', 'd3en', 'h1', 'i4i', 'im4gn', 'is4gen', 'm6idn', 'r7iz', 't4g', 'z1d'].map(
      (family) => [family, 4] as const,
    ),
    ...[
      'dl1',
      'f2',
      'g6',
      'gr6',
      'hpc7a',
      'inf2',
      'mac2',
      'mac2-m2',
      'p5',
      'trn1',
      'u-6tb1',
      'u7i-12tb',
      'vt1',
      'x2idn',
    ].map((family) => [family, 0] as const),
  ])('counts vCPUs of a Standard family alone: %s has %i', async (family, vcpus) => {
    aws.answers = {
      DescribeInstances: instances(instance(`${family}.large`)),
      DescribeInstanceTypes: describeTypes,
    };
    expect((await others())['vcpus']).toBe(vcpus);
  });

  it('asks for at most 100 types at once', async () => {
    const types = Array.from({ length: 230 }, (_, index) => `m${index + 1}.large`);
    aws.answers = {
      DescribeInstances: instances(...types.map((type) => instance(type))),
      DescribeInstanceTypes: describeTypes,
    };
    expect((await others())['vcpus']).toBe(4 * types.length);
    const asked = aws.requests
      .filter(({ operation }) => operation === 'DescribeInstanceTypes')
      .map(({ parameters }) => Object.keys(parameters).filter((name) => name.startsWith('InstanceType.')).length);
    expect(asked).toEqual([100, 100, 30]);
  });

  it('includes capacity that is reserved and unused', async () => {
    const reservation = (state: string, total: number, available: number, more = '') =>
      `${instance('m7i.xlarge')}<state>${state}</state><totalInstanceCount>${total}</totalInstanceCount>` +
      `<availableInstanceCount>${available}</availableInstanceCount>${more}`;
    aws.answers = {
      DescribeCapacityReservations: list(
        'capacityReservationSet',
        reservation('active', 5, 2),
        reservation('active', 7, 7, tagged('a')),
        reservation('scheduled', 3, 0),
        reservation('cancelled', 9, 9),
      ),
      DescribeInstanceTypes: describeTypes,
    };
    expect((await others())['vcpus']).toBe(4 * (2 + 3));
  });
});

describe('what AWS does not answer', () => {
  const room = () => accountRoom([need('eu-west-1'), need('us-east-1')]);

  it('is named for each region, beside what it answers', async () => {
    aws.answers = {
      DescribeVpcs: (request, response) =>
        request.region === 'us-east-1' ? refusal('UnauthorizedOperation')(request, response) : list('vpcSet'),
      GetServiceQuota: (request, response) =>
        request.region === 'us-east-1' ? refusal('AccessDeniedException')(request, response) : '{"Quota":{"Value":9}}',
    };
    const { room: known, failures } = await room();
    expect(known.map(({ region, quota, allowed }) => [region, quota, allowed])).toEqual([
      ['eu-west-1', 'elasticIps', 9],
      ['eu-west-1', 'vcpus', 9],
      ['eu-west-1', 'vpcs', 9],
    ]);
    expect(failures).toEqual([
      { region: 'us-east-1', message: expect.stringMatching(/^can't read the quotas: AccessDeniedException: /) },
      { region: 'us-east-1', message: expect.stringMatching(/^can't see what stands there: UnauthorizedOperation: /) },
    ]);
  });

  it('is not taken for an account without anything: a page, a type without vCPUs, a quota without a value', async () => {
    aws.answers = {
      DescribeAddresses: page,
      DescribeInstances: instances(instance('m7i.large')),
      GetServiceQuota: '{}',
    };
    const { room: known, failures } = await accountRoom([need('eu-west-1')]);
    expect(known).toEqual([]);
    expect(failures.map(({ message }) => message)).toEqual([
      "can't read the quotas: Service Quotas says no value of L-0263D0A3",
      "can't read the quotas: Service Quotas says no value of L-1216C47A",
      "can't read the quotas: Service Quotas says no value of L-F678F1CE",
      "can't see what stands there: EC2 does not say how many vCPUs m7i.large has",
      "can't see what stands there: what answers is not EC2",
    ]);
    aws.answers = { GetServiceQuota: page };
    expect((await accountRoom([need('eu-west-1')])).failures.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^can't read the quotas: SyntaxError: [^\n]*$/),
    ]);
  });
});
