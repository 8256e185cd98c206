import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group/index.js';
import { Construct } from 'constructs';
import { hostLogGroup, resourceName, type Site } from './site.ts';

export interface SiteLogsProps {
  readonly site: Site;
  /** One of the numbers of days that CloudWatch Logs takes. */
  readonly retentionDays: number;
}

/** Where the hosts' journals go, a stream a host. */
export class SiteLogs extends Construct {
  readonly hosts: CloudwatchLogGroup;

  constructor(scope: Construct, id: string, props: SiteLogsProps) {
    super(scope, id);
    const { site } = props;
    this.hosts = new CloudwatchLogGroup(this, 'hosts', {
      name: hostLogGroup(site),
      retentionInDays: props.retentionDays,
      tags: { Name: resourceName(site, 'hosts') },
    });
  }
}
