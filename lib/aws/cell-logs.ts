import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../cell/cell.ts';
import { hostLogGroup, resourceName } from './names.ts';

export interface CellLogsProps {
  readonly cell: Cell;
}

/** Where the hosts' journals go, a stream a host, for as many days as the spec says. */
export class CellLogs extends Construct {
  readonly hosts: CloudwatchLogGroup;

  constructor(scope: Construct, id: string, props: CellLogsProps) {
    super(scope, id);
    const { cell } = props;
    this.hosts = new CloudwatchLogGroup(this, 'hosts', {
      name: hostLogGroup(cell),
      retentionInDays: cell.spec.retention.logDays,
      tags: { Name: resourceName(cell, 'hosts') },
    });
  }
}
