/** Whether the quotas of an AWS account have room for a fleet, beside what else stands there. */
import type { _InstanceType, EC2Client } from '@aws-sdk/client-ec2';
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { awsQuotas, type AwsNeeds, type RegionNeeds } from '../../../fleet/aws-needs.ts';
import { OperationFailure } from '../../../operations/failure.ts';
import { siteTag } from '../site.ts';
import { asked, ec2Client, serviceQuotasClient } from './clients.ts';

/** One quota of a region. */
export interface QuotaRoom {
  readonly region: string;
  readonly quota: keyof AwsNeeds;
  readonly code: string;
  /** By what the fleet has in the region or is to have there, those of its parts included that stand already. */
  readonly needed: number;
  /** By everything else, cells included that are retired and still stand. */
  readonly others: number;
  readonly allowed: number;
}

/** Why a quota of a region is not known. */
export interface RegionFailure {
  readonly region: string;
  readonly message: string;
}

export interface AccountRoom {
  /** What AWS answered. */
  readonly room: readonly QuotaRoom[];
  /** Each refusal of each region. */
  readonly failures: readonly RegionFailure[];
}

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}
type IsOthers = (thing: { readonly Tags?: readonly Tag[] | undefined }) => boolean;

/**
 * Families that share the quota L-1216C47A of On-Demand Standard instances: A, C, D, H, I, M, R, T, Z, with further letters as in `im4gn`.
 * Those that begin alike and have a quota of their own are left out (Amazon EC2 User Guide, "On-Demand Instance quotas").
 */
const standardFamily = /^(?!dl|hpc|inf|mac|trn)[acdhimrtz][a-z]*\d/;

/** A Capacity Reservation counts towards the quota in these states (Amazon EC2 User Guide, "Capacity Reservations", quotas). */
const countedReservations: readonly unknown[] = ['assessing', 'scheduled', 'pending', 'active', 'delayed'];

/** As many types as EC2 describes in one call. */
const mostTypes = 100;

/**
 * Asks AWS, in each region, for its quotas and for what uses them, as the credentials of the environment allow: `ec2:DescribeAddresses`,
 * `ec2:DescribeCapacityReservations`, `ec2:DescribeInstances`, `ec2:DescribeInstanceTypes`, `ec2:DescribeVpcs`,
 * `servicequotas:GetServiceQuota`, `servicequotas:GetAWSDefaultServiceQuota`.
 *
 * Whatever in a region has the tag of a cell or a front that needs something there is the fleet's.
 */
export async function accountRoom(needs: readonly RegionNeeds[]): Promise<AccountRoom> {
  const regions = await Promise.all(needs.map(roomIn));
  return { room: regions.flatMap(({ room }) => room), failures: regions.flatMap(({ failures }) => failures) };
}

async function roomIn({ region, of, ...needed }: RegionNeeds): Promise<AccountRoom> {
  const isOthers: IsOthers = ({ Tags }) =>
    !of.some((site) => Tags?.some(({ Key, Value }) => Key === siteTag(site) && Value === site.name));
  const failures = new Set<string>();
  const known = async (what: string, ask: Promise<number>): Promise<number | undefined> => {
    try {
      return await asked(what, ask);
    } catch (error) {
      failures.add((error as Error).message);
      return undefined;
    }
  };
  const [ec2, quotas] = [ec2Client(region), serviceQuotasClient(region)];
  const room = await Promise.all(
    (Object.keys(awsQuotas) as (keyof AwsNeeds)[]).map(async (quota): Promise<readonly QuotaRoom[]> => {
      const [others, allowed] = await Promise.all([
        known(
          'see what stands there',
          ec2.then((client) => used[quota](client, isOthers)),
        ),
        known(
          'read the quotas',
          quotas.then((client) => allowedBy(client, quota)),
        ),
      ]);
      if (others === undefined || allowed === undefined) return [];
      return [{ region, quota, code: awsQuotas[quota].code, needed: needed[quota], others, allowed }];
    }),
  );
  return { room: room.flat(), failures: [...failures].sort().map((message) => ({ region, message })) };
}

/** How much of a quota others use. */
const used: Readonly<Record<keyof AwsNeeds, (ec2: EC2Client, isOthers: IsOthers) => Promise<number>>> = {
  async elasticIps(ec2, isOthers) {
    const { DescribeAddressesCommand } = await import('@aws-sdk/client-ec2');
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand());
    return Addresses.filter(isOthers).length;
  },

  async vcpus(ec2, isOthers) {
    const counts = new Map<string, number>();
    const add = (type = '', count = 1) => {
      if (standardFamily.test(type)) counts.set(type, (counts.get(type) ?? 0) + count);
    };
    const { paginateDescribeCapacityReservations, paginateDescribeInstances } = await import('@aws-sdk/client-ec2');
    const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }];
    for await (const { Reservations = [] } of paginateDescribeInstances({ client: ec2 }, { Filters })) {
      for (const instance of Reservations.flatMap(({ Instances = [] }) => Instances)) {
        // A spot instance has a quota of its own.
        if (isOthers(instance) && instance.InstanceLifecycle !== 'spot') add(instance.InstanceType);
      }
    }
    for await (const { CapacityReservations = [] } of paginateDescribeCapacityReservations({ client: ec2 }, {})) {
      for (const reservation of CapacityReservations) {
        if (!isOthers(reservation) || !countedReservations.includes(reservation.State)) continue;
        const { State, AvailableInstanceCount, TotalInstanceCount } = reservation;
        // Instances in it are counted above; before it is active there are none.
        add(reservation.InstanceType, (State === 'active' ? AvailableInstanceCount : TotalInstanceCount) ?? 0);
      }
    }
    const vcpus = await vcpusOf(ec2, [...counts.keys()]);
    return [...counts].reduce((total, [type, count]) => total + count * vcpus(type), 0);
  },

  async vpcs(ec2, isOthers) {
    const { paginateDescribeVpcs } = await import('@aws-sdk/client-ec2');
    let count = 0;
    for await (const { Vpcs = [] } of paginateDescribeVpcs({ client: ec2 }, {})) count += Vpcs.filter(isOthers).length;
    return count;
  },
};

async function vcpusOf(ec2: EC2Client, types: readonly string[]): Promise<(type: string) => number> {
  const { paginateDescribeInstanceTypes } = await import('@aws-sdk/client-ec2');
  const vcpus = new Map<string | undefined, number | undefined>();
  for (let from = 0; from < types.length; from += mostTypes) {
    const InstanceTypes = types.slice(from, from + mostTypes) as _InstanceType[];
    for await (const { InstanceTypes: all = [] } of paginateDescribeInstanceTypes({ client: ec2 }, { InstanceTypes })) {
      for (const { InstanceType, VCpuInfo } of all) vcpus.set(InstanceType, VCpuInfo?.DefaultVCpus);
    }
  }
  return (type) => {
    const count = vcpus.get(type);
    if (count === undefined) throw new OperationFailure(`EC2 does not say how many vCPUs ${type} has`);
    return count;
  };
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
  if (Quota?.Value === undefined) throw new OperationFailure(`Service Quotas says no value of ${of.QuotaCode}`);
  return Quota.Value;
}
