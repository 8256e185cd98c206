import { DataAwsAmi } from '@cdktf/provider-aws/lib/data-aws-ami/index.js';
import type { Construct } from 'constructs';
import type { Site } from './site.ts';

/** The account that publishes Debian's official images (wiki.debian.org, "Amazon EC2 Image"). */
const debianAccount = '136693071363';

/**
 * The image that a site's hosts start from: the given one, or the newest Debian 12 of the region, looked up at plan time.
 * @throws Error for a region in which Debian does not publish and no image is given.
 */
export function imageId(scope: Construct, id: string, { kind, name, region }: Site, image?: string): string {
  if (image !== undefined) return image;
  if (region.startsWith('us-gov-')) {
    throw new Error(
      `${kind} ${name}: region ${region} needs an image (ami-...): there is no look-up for Debian 12 there`,
    );
  }
  return new DataAwsAmi(scope, id, {
    mostRecent: true,
    owners: [debianAccount],
    filter: [
      { name: 'name', values: ['debian-12-amd64-*'] },
      { name: 'architecture', values: ['x86_64'] },
      { name: 'virtualization-type', values: ['hvm'] },
    ],
  }).imageId;
}
