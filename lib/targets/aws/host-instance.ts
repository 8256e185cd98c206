import { Instance } from '@cdktf/provider-aws/lib/instance/index.js';
import { LaunchTemplate } from '@cdktf/provider-aws/lib/launch-template/index.js';
import { Construct } from 'constructs';
import { userData } from './host/user-data.ts';
import { resourceName, siteTag, type Site } from './site.ts';

export interface HostInstanceProps {
  readonly site: Site;
  readonly host: { readonly name: string; readonly hostname: string; readonly address: string };
  /** An x86-64 type. */
  readonly instanceType: string;
  readonly imageId: string;
  readonly subnetId: string;
  readonly securityGroupId: string;
  readonly instanceProfileName: string;
  readonly kmsKeyArn: string;
  /** Second private address on the same interface. @default - none */
  readonly secondaryAddress?: string;
  /** Whether the host only gets and sends packets of its own addresses. */
  readonly sourceDestCheck: boolean;
}

/** Size of a host's volume: Debian, logs, voicemail. */
const volumeGiB = 30;

/**
 * Seconds after which EC2 forgets a flow that it tracks. SIP is tracked where a rule names a group or range. A registered
 * client sends a keepalive in less than 30 s; AWS advises 60 s for both with SIP. 1 hour for an idle TCP connection.
 */
const trackingSeconds = { udpTimeout: 60, udpStreamTimeout: 60, tcpEstablishedTimeout: 3600 } as const;

/**
 * A host with a fixed private address. The launch template holds what only it can say (connection tracking, addresses)
 * and follows the spec at once; **the instance follows only when it is replaced**, so that no apply stops a host that
 * carries calls. Terraform does not drain: replace one at a time (`terraform apply -replace=ADDRESS`), once it has no calls.
 */
export class HostInstance extends Construct {
  readonly launchTemplate: LaunchTemplate;
  readonly instance: Instance;

  constructor(scope: Construct, id: string, props: HostInstanceProps) {
    super(scope, id);
    const { site, host } = props;
    const name = resourceName(site, host.name);
    const tags = { Name: name };
    // Volumes and interfaces that EC2 makes get no default tags of the provider.
    const madeTags = { ...tags, [siteTag(site)]: site.name, 'cellstamp:host': host.name };

    this.launchTemplate = new LaunchTemplate(this, 'launch-template', {
      name,
      description: host.hostname,
      updateDefaultVersion: true,
      imageId: props.imageId,
      instanceType: props.instanceType,
      // Metrics every minute, as fast as the alarms look.
      monitoring: { enabled: true },
      metadataOptions: {
        httpEndpoint: 'enabled',
        httpTokens: 'required',
        httpPutResponseHopLimit: 1,
      },
      networkInterfaces: [
        {
          deviceIndex: 0,
          subnetId: props.subnetId,
          securityGroups: [props.securityGroupId],
          privateIpAddress: host.address,
          ...(props.secondaryAddress === undefined ? {} : { ipv4Addresses: [props.secondaryAddress] }),
          // Its public addresses are Elastic IPs (`hostAddress`).
          associatePublicIpAddress: 'false',
          deleteOnTermination: 'true',
          connectionTrackingSpecification: trackingSeconds,
        },
      ],
      tagSpecifications: [
        { resourceType: 'volume', tags: madeTags },
        { resourceType: 'network-interface', tags: madeTags },
      ],
      tags,
    });
    this.instance = new Instance(this, 'instance', {
      launchTemplate: { id: this.launchTemplate.id, version: `\${${this.launchTemplate.fqn}.latest_version}` },
      // Not in the launch template: the provider then sees a change of its own making at every plan (its issue 30825).
      userDataBase64: Buffer.from(userData({ site: site.name, host: host.name, region: site.region })).toString(
        'base64',
      ),
      iamInstanceProfile: props.instanceProfileName,
      sourceDestCheck: props.sourceDestCheck,
      rootBlockDevice: {
        volumeType: 'gp3',
        volumeSize: volumeGiB,
        encrypted: true,
        kmsKeyId: props.kmsKeyArn,
        deleteOnTermination: true,
      },
      // Whose it is stands on itself, too: its role, and operations, know it by this, whatever default tags its stack has.
      tags: madeTags,
      // The state tag is the host's own.
      lifecycle: {
        ignoreChanges: [
          'launch_template',
          'user_data_base64',
          'tags["cellstamp-state"]',
          'tags_all["cellstamp-state"]',
        ],
      },
    });
  }
}
