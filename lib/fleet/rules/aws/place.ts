/** Where a cell or an edge is, and the names that AWS takes. */
import { suggestion } from '../../../config-file/allowed.ts';
import type { CellSpec } from '../../schema/cell-types.ts';
import type { Path } from '../../../config-file/finding.ts';
import type { FrontSpec } from '../../schema/front-types.ts';
import { awsRegionForm, isGovernmentRegion, zoneLettersOf } from '../../schema/targets/aws.ts';
import type { OnAws } from '../../schema/targets/on-aws.ts';
import type { Rule } from '../../../config-file/rule.ts';

/**
 * Names that something made from the cell's name refuses. Their length needs no rule: `cellstamp-` and 20 characters leave
 * room in the tightest limit, the 40 of an ElastiCache replication group.
 */
const nameIsAccepted: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['name'],
  *check({ name }) {
    if (!name.includes('--')) return;
    // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html, and the same in ElastiCache
    yield {
      path: ['name'],
      message: `${name} has two hyphens in a row, which Aurora and ElastiCache refuse`,
      allowed: `single hyphens, for example ${name.replace(/-{2,}/g, '-')}`,
    };
  },
};

const zonesAreDistinct: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['aws.zones'],
  *check({ aws: { zones } }) {
    for (const [index, zone] of zones.entries()) {
      if (zones.indexOf(zone) === index) continue;
      yield { path: ['aws', 'zones', index], message: `zone ${zone} is given twice`, allowed: 'each zone once' };
    }
  },
};

/** Regions of the commercial and US government partitions in 2025, https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
const knownRegions: readonly string[] = (
  'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ' +
  'ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 ' +
  'eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 ' +
  'me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2'
).split(' ');

/** What is wrong with zones of a region of which it is known which it has. */
function* missingZones(region: string, zones: readonly string[], at: Path) {
  if (!knownRegions.includes(region)) return;
  const letters = zoneLettersOf(region);
  for (const [index, zone] of zones.entries()) {
    if (letters.includes(zone)) continue;
    yield {
      path: [...at, 'zones', index],
      message: `${region} has no zone ${zone} for a new account of AWS`,
      allowed: `zones of ${letters.join(', ')}, for example zones: [${letters.slice(0, zones.length).join(', ')}]`,
    };
  }
}

const zonesExist: Rule<OnAws<CellSpec>> = {
  // An account knows best: one from before has a zone more in some regions.
  severity: 'warning',
  reads: ['region', 'aws.zones'],
  *check({ region, aws: { zones } }) {
    yield* missingZones(region, zones, ['aws']);
  },
};

const edgeZonesExist: Rule<OnAws<FrontSpec>> = {
  severity: 'warning',
  reads: ['regions', 'aws'],
  *check({ regions }) {
    for (const [index, { region, aws: own }] of regions.entries()) {
      yield* missingZones(region, own?.zones ?? [], ['regions', index, 'aws']);
    }
  },
};

const imageIsFound: Rule<OnAws<CellSpec>> = {
  severity: 'error',
  reads: ['region', 'aws.image'],
  *check({ region, aws: { image } }) {
    if (image !== undefined || !isGovernmentRegion(region)) return;
    // wiki.debian.org, "Amazon EC2 Image": Debian's own account publishes in the commercial regions.
    yield {
      path: ['aws', 'image'],
      alsoAt: [['region']],
      message: `${region} needs an image: Debian publishes none there`,
      allowed: 'the id of an AMI of Debian 12 in that region, for example ami-0abcdef1234567890',
    };
  },
};

const edgesAreCommercial: Rule<OnAws<FrontSpec>> = {
  severity: 'error',
  reads: ['regions'],
  *check({ regions }) {
    for (const [index, { region }] of regions.entries()) {
      if (!isGovernmentRegion(region)) continue;
      yield {
        path: ['regions', index, 'region'],
        message: `${region} can't have edges: Global Accelerator serves commercial regions only`,
        allowed: 'a region that does not begin with us-gov-',
      };
    }
  },
};

/** Rules over the regions that a spec names. */
function regionRules<Spec>(
  regions: (spec: Spec) => readonly (readonly [Path, string])[],
  reads: readonly string[],
): readonly Rule<Spec>[] {
  const haveTheForm: Rule<Spec> = {
    severity: 'error',
    reads,
    *check(spec) {
      for (const [path, region] of regions(spec)) {
        if (awsRegionForm.test(region)) continue;
        yield {
          path,
          message: `${region} is not an AWS region${suggestion(region, knownRegions)}`,
          allowed: 'an AWS region, for example eu-west-1; or no section aws',
        };
      }
    },
  };
  const areKnown: Rule<Spec> = {
    severity: 'warning',
    reads,
    *check(spec) {
      for (const [path, region] of regions(spec)) {
        if (!awsRegionForm.test(region) || knownRegions.includes(region)) continue;
        yield {
          path,
          message: `${region} is none of the regions known here${suggestion(region, knownRegions)}`,
          allowed: 'a region of AWS; check that it is newer than this list',
        };
      }
    },
  };
  return [haveTheForm, areKnown];
}

const edgeZonesAreDistinct: Rule<OnAws<FrontSpec>> = {
  severity: 'error',
  reads: ['regions', 'aws'],
  *check({ regions }) {
    for (const [index, { aws: own }] of regions.entries()) {
      const zones = own?.zones ?? [];
      for (const [place, zone] of zones.entries()) {
        if (zones.indexOf(zone) === place) continue;
        yield {
          path: ['regions', index, 'aws', 'zones', place],
          message: `zone ${zone} is given twice`,
          allowed: 'each zone once',
        };
      }
    }
  },
};

export const placeRules: readonly Rule<OnAws<CellSpec>>[] = [
  nameIsAccepted,
  zonesAreDistinct,
  zonesExist,
  imageIsFound,
  ...regionRules<OnAws<CellSpec>>(({ region }) => [[['region'], region]], ['region']),
];

export const edgePlaceRules: readonly Rule<OnAws<FrontSpec>>[] = [
  edgeZonesAreDistinct,
  edgeZonesExist,
  edgesAreCommercial,
  ...regionRules<OnAws<FrontSpec>>(
    ({ regions }) => regions.map(({ region }, index) => [['regions', index, 'region'], region]),
    ['regions'],
  ),
];
