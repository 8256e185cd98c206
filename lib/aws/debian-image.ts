import { DataAwsAmi } from '@cdktf/provider-aws/lib/data-aws-ami/index.js';
import type { Construct } from 'constructs';
import type { Cell } from '../cell/cell.ts';

/** The account that publishes Debian's official images (wiki.debian.org, "Amazon EC2 Image"). */
const debianAccount = '136693071363';

/**
 * The image that the cell's hosts start from: the spec's, or the newest Debian 12 of the region, looked up at plan time.
 * @throws Error for a region in which Debian does not publish and the spec names no image.
 */
export function imageId(scope: Construct, id: string, cell: Cell): string {
  const { image, region } = cell.spec;
  if (image !== undefined) return image;
  if (region.startsWith('us-gov-')) {
    throw new Error(
      `cell ${cell.name}: region ${region} needs an image (ami-...): there is no look-up for Debian 12 there`,
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
