/** What AWS has to allow an account in each region, before a fleet can stand there. */
import type { CellSpec } from './schema/cell-types.ts';
import type { FrontSpec } from './schema/front-types.ts';
import { findInstance } from './schema/targets/aws-instances.ts';

export interface AwsNeeds {
  readonly elasticIps: number;
  /** Of On-Demand Standard instances. */
  readonly vcpus: number;
  readonly vpcs: number;
}

/** Service quotas: their services and codes, and what an account has that never asked for more. */
export const awsQuotas: Readonly<
  Record<
    keyof AwsNeeds,
    {
      readonly service: string;
      readonly code: string;
      readonly usual: number;
      readonly names: readonly [one: string, many: string];
    }
  >
> = {
  elasticIps: { service: 'ec2', code: 'L-0263D0A3', usual: 5, names: ['Elastic IP', 'Elastic IPs'] },
  vcpus: {
    service: 'ec2',
    code: 'L-1216C47A',
    usual: 5,
    names: ['vCPU of On-Demand Standard instances', 'vCPUs of On-Demand Standard instances'],
  },
  vpcs: { service: 'vpc', code: 'L-F678F1CE', usual: 5, names: ['VPC', 'VPCs'] },
};

const vcpusOf = (type: string): number => findInstance(type)?.vcpus ?? 0;

/** The floating address, and one for every host. A cell that is elsewhere needs nothing. */
export function cellNeeds({ aws, media }: CellSpec): AwsNeeds {
  if (aws === undefined) return { elasticIps: 0, vcpus: 0, vpcs: 0 };
  return {
    elasticIps: 3 + media.hosts,
    vcpus: 2 * vcpusOf(aws.sbc.instanceType) + media.hosts * vcpusOf(aws.media.instanceType),
    vpcs: 1,
  };
}

export interface RegionNeeds extends AwsNeeds {
  readonly region: string;
  /** Whose needs these are. */
  readonly of: readonly { readonly kind: 'cell' | 'front'; readonly name: string }[];
}

/**
 * Of all that stands, or is to. A planned cell takes nothing yet. A retired one needs nothing more, and takes what it has until it
 * is destroyed: only the account can say whether it was.
 */
export function regionNeeds(cells: readonly CellSpec[], front: FrontSpec | undefined): readonly RegionNeeds[] {
  const standing = cells.filter(({ state }) => state !== 'planned' && state !== 'retired');
  const needs = [
    ...standing
      .filter(({ aws }) => aws !== undefined)
      .map((cell) => ({
        ...{ region: cell.region, of: { kind: 'cell' as const, name: cell.name } },
        ...cellNeeds(cell),
      })),
    ...(front?.aws === undefined ? [] : front.regions).map(({ region, edges }) => ({
      ...{ region, of: { kind: 'front' as const, name: front!.name } },
      // The one to which dialogs are pinned, and that by which the edge reaches AWS.
      elasticIps: 2 * edges,
      vcpus: edges * vcpusOf(front!.aws!.edge.instanceType),
      vpcs: 1,
    })),
  ];
  const regions = [...new Set(needs.map(({ region }) => region))].sort();
  return regions.map((region) => {
    const own = needs.filter((need) => need.region === region);
    const sum = (name: keyof AwsNeeds) => own.reduce((total, need) => total + need[name], 0);
    return {
      region,
      of: own.map(({ of }) => of),
      elasticIps: sum('elasticIps'),
      vcpus: sum('vcpus'),
      vpcs: sum('vpcs'),
    };
  });
}
