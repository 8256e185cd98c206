import { S3Object } from '@cdktf/provider-aws/lib/s3-object/index.js';
import { SsmParameter } from '@cdktf/provider-aws/lib/ssm-parameter/index.js';
import { Construct } from 'constructs';
import type { Bundle } from './host/bundle.ts';
import type { SecretName } from './host/value-script.ts';
import { resourceName, sitePath, type Site } from './site.ts';

export interface HostBundleProps {
  readonly site: Site;
  readonly host: { readonly name: string; readonly hostname: string };
  readonly bundle: Bundle;
  readonly bucketName: string;
  readonly alarmTopicArn: string;
  /** Late-bound values that are not secrets, by name: addresses and endpoints, known to Terraform only. */
  readonly values: Readonly<Record<string, string>>;
  /** ARNs of the secrets that the host reads by itself. */
  readonly secrets: Readonly<Partial<Record<SecretName, string>>>;
}

/**
 * A host's configuration: its bundle in S3, named by its content, and the parameter that says which bundle the host runs and
 * where its late-bound values are. A changed configuration is a new object and a new parameter; the instance is not touched,
 * and takes it up when its `cellstamp-boot` service runs next.
 *
 * The hash stands in the parameter and not in the bucket, so whoever can write the bucket alone can't make a host run anything.
 */
export class HostBundle extends Construct {
  readonly object: S3Object;
  readonly parameter: SsmParameter;
  /** SHA-256 of the bundle's content, in hexadecimal. */
  readonly sha256: string;

  constructor(scope: Construct, id: string, props: HostBundleProps) {
    super(scope, id);
    const { site, host } = props;
    const { sha256, gzip } = props.bundle;
    this.sha256 = sha256;
    this.object = new S3Object(this, 'object', {
      bucket: props.bucketName,
      key: `${host.name}/${sha256}.tar.gz`,
      contentBase64: gzip.toString('base64'),
      contentType: 'application/gzip',
      tags: { Name: resourceName(site, host.name) },
    });
    this.parameter = new SsmParameter(this, 'parameter', {
      name: `${sitePath(site)}/${host.name}`,
      description: `What ${host.hostname} runs`,
      type: 'String',
      value: JSON.stringify({
        bundle: sha256,
        bucket: props.bucketName,
        topic: props.alarmTopicArn,
        values: props.values,
        secrets: props.secrets,
      }),
      tags: { Name: resourceName(site, host.name) },
      // The host reads the parameter first.
      dependsOn: [this.object],
    });
  }
}
