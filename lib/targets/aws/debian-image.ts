import { DataAwsAmi } from '@cdktf/provider-aws/lib/data-aws-ami/index.js';
import type { Construct } from 'constructs';

/** The account that publishes Debian's official images (wiki.debian.org, "Amazon EC2 Image"). */
const debianAccount = '136693071363';

/**
 * The image that a site's hosts start from: the given one, or the newest Debian 12 of the provider's region, looked up at plan time. Where
 * Debian does not publish, the rules over a spec ask for one.
 */
export function imageId(scope: Construct, id: string, image?: string): string {
  if (image !== undefined) return image;
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
