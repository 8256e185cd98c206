import { DynamodbTable } from '@cdktf/provider-aws/lib/dynamodb-table/index.js';
import { Construct } from 'constructs';
import type { Front } from '../../fleet/derive/front.ts';
import { resourceName } from './site.ts';

/** Name of the table, the same in every region of the front. Whoever writes an entry needs no more than this and a region. */
export function directoryTableName(front: { readonly name: string }): string {
  return resourceName(front, 'directory');
}

export interface TenantDirectoryProps {
  readonly front: Front;
}

/**
 * The tenant directory: a DynamoDB global table with a replica in every region of the front. Edges read the replica beside them
 * once and follow its stream. The key `id` is `KIND:NAME`, and `item` the entry as JSON (`lib/fleet/directory.ts`).
 */
export class TenantDirectory extends Construct {
  readonly table: DynamodbTable;

  constructor(scope: Construct, id: string, props: TenantDirectoryProps) {
    super(scope, id);
    const { front } = props;
    const name = directoryTableName(front);
    this.table = new DynamodbTable(this, 'table', {
      name,
      billingMode: 'PAY_PER_REQUEST',
      hashKey: 'id',
      attribute: [{ name: 'id', type: 'S' }],
      streamEnabled: true,
      // What replication between regions needs.
      streamViewType: 'NEW_AND_OLD_IMAGES',
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true },
      deletionProtectionEnabled: true,
      replica: front.regions.slice(1).map(({ region }) => ({
        regionName: region,
        pointInTimeRecovery: true,
        propagateTags: true,
      })),
      tags: { Name: name },
    });
  }
}
