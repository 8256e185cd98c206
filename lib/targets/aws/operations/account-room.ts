/** Whether the quotas of an AWS account have room for a fleet, beside what else stands there. */
import type { _InstanceType, EC2Client } from '@aws-sdk/client-ec2';
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { awsQuotas, type AwsNeeds, type RegionNeeds } from '../../../fleet/aws-needs.ts';
import { siteTag, type Site } from '../site.ts';
import { asked, sdk } from './clients.ts';

/** One quota of a region. */
export interface AccountRoom {
  readonly region: string;
  readonly quota: keyof AwsNeeds;
  readonly code: string;
  /** By the whole fleet, those of its parts included that stand already. */
  readonly needed: number;
  /** By what does not belong to the fleet. */
  readonly others: number;
  readonly allowed: number;
}

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Families that share the quota of On-Demand Standard instances. */
const standardFamily = /^[acdhimrtz]\d/;

/**
 * Asks AWS, in each region, for its quotas and for what uses them, as the credentials of the environment allow: `ec2:DescribeAddresses`,
 * `ec2:DescribeInstances`, `ec2:DescribeInstanceTypes`, `ec2:DescribeVpcs`, `servicequotas:GetServiceQuota`, `servicequotas:GetAWSDefaultServiceQuota`.
 *
 * @param sites the cells and the front of the fleet; whatever has their tags is theirs
 * @throws OperationFailure when AWS refuses an answer
 */
export async function accountRoom(
  needs: readonly RegionNeeds[],
  sites: readonly Pick<Site, 'kind' | 'name'>[],
): Promise<readonly AccountRoom[]> {
  const [{ EC2Client }, { ServiceQuotasClient }] = await sdk(() =>
    Promise.all([import('@aws-sdk/client-ec2'), import('@aws-sdk/client-service-quotas')]),
  );
  const isOthers = (tags: readonly Tag[] | undefined) =>
    !sites.some((site) => tags?.some(({ Key, Value }) => Key === siteTag(site) && Value === site.name));
  const regions = needs.map(async ({ region, ...needed }): Promise<readonly AccountRoom[]> => {
    const [ec2, quotas] = [new EC2Client({ region }), new ServiceQuotasClient({ region })];
    const others = await asked(`list what stands in ${region}`, usedByOthers(ec2, isOthers));
    return Promise.all(
      (Object.keys(awsQuotas) as (keyof AwsNeeds)[]).map(async (quota) => ({
        ...{ region, quota, code: awsQuotas[quota].code, needed: needed[quota], others: others[quota] },
        allowed: await asked(`read its quotas in ${region}`, allowedBy(quotas, quota)),
      })),
    );
  });
  return (await Promise.all(regions)).flat();
}

async function usedByOthers(
  ec2: EC2Client,
  isOthers: (tags: readonly Tag[] | undefined) => boolean,
): Promise<AwsNeeds> {
  const { DescribeAddressesCommand, paginateDescribeInstances, paginateDescribeInstanceTypes, paginateDescribeVpcs } =
    await import('@aws-sdk/client-ec2');
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand());
  let vpcs = 0;
  for await (const { Vpcs = [] } of paginateDescribeVpcs({ client: ec2 }, {})) {
    vpcs += Vpcs.filter(({ Tags }) => isOthers(Tags)).length;
  }
  const types: string[] = [];
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client: ec2 }, { Filters })) {
    for (const { InstanceType, InstanceLifecycle, Tags } of Reservations.flatMap((each) => each.Instances ?? [])) {
      // A spot instance has a quota of its own.
      if (!isOthers(Tags) || InstanceLifecycle === 'spot' || !standardFamily.test(InstanceType ?? '')) continue;
      types.push(InstanceType!);
    }
  }
  const vcpusOf = new Map<string | undefined, number>();
  if (types.length > 0) {
    const InstanceTypes = [...new Set(types)] as _InstanceType[];
    for await (const { InstanceTypes: all = [] } of paginateDescribeInstanceTypes({ client: ec2 }, { InstanceTypes })) {
      for (const { InstanceType, VCpuInfo } of all) vcpusOf.set(InstanceType, VCpuInfo?.DefaultVCpus ?? 0);
    }
  }
  const vcpus = types.reduce((total, type) => total + (vcpusOf.get(type) ?? 0), 0);
  return { elasticIps: Addresses.filter(({ Tags }) => isOthers(Tags)).length, vcpus, vpcs };
}

/** What the account was given, or else what AWS gives everybody. */
async function allowedBy(quotas: ServiceQuotasClient, quota: keyof AwsNeeds): Promise<number> {
  const { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand, NoSuchResourceException } =
    await import('@aws-sdk/client-service-quotas');
  const of = { ServiceCode: awsQuotas[quota].service, QuotaCode: awsQuotas[quota].code };
  const { Quota } = await quotas.send(new GetServiceQuotaCommand(of)).catch((error: unknown) => {
    if (!(error instanceof NoSuchResourceException)) throw error;
    return quotas.send(new GetAWSDefaultServiceQuotaCommand(of));
  });
  return Quota?.Value ?? awsQuotas[quota].usual;
}
