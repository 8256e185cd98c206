import { KmsAlias } from '@cdktf/provider-aws/lib/kms-alias/index.js';
import { KmsKey } from '@cdktf/provider-aws/lib/kms-key/index.js';
import type { Construct } from 'constructs';
import { resourceName, type Site } from './site.ts';

/** Days in which a deleted key or secret can be brought back. */
export const recoveryDays = 30;

/** The key with which everything that a site stores is encrypted, and its name. */
export function siteKey(scope: Construct, site: Site): KmsKey {
  const key = new KmsKey(scope, 'key', {
    description: `Everything that ${site.kind} ${site.name} stores`,
    enableKeyRotation: true,
    deletionWindowInDays: recoveryDays,
    tags: { Name: resourceName(site) },
  });
  new KmsAlias(scope, 'key-alias', { name: `alias/${resourceName(site)}`, targetKeyId: key.keyId });
  return key;
}
