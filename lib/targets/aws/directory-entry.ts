import { DynamodbTableItem } from '@cdktf/provider-aws/lib/dynamodb-table-item/index.js';
import { DataResource, Fn, type TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { itemId, type CellItem, type EdgeItem } from '../../fleet/directory.ts';

export interface DirectoryEntryProps {
  readonly tableName: string;
  /** The entry; its addresses may be Terraform tokens. */
  readonly entry: Omit<CellItem, 'version'> | Omit<EdgeItem, 'version'>;
  /** A provider of a region that has a replica of the table. @default - the stack's provider */
  readonly provider?: TerraformProvider;
}

/**
 * A cell's or an edge's entry in the tenant directory, written by the stack that made it: edges learn of a new address or state
 * seconds after the apply. Its version is the time of the change, so that it grows whenever the entry changes.
 */
export class DirectoryEntry extends Construct {
  readonly item: DynamodbTableItem;

  constructor(scope: Construct, id: string, props: DirectoryEntryProps) {
    super(scope, id);
    const text = JSON.stringify(props.entry);
    const change = new DataResource(this, 'change', {
      triggersReplace: { entry: text },
      input: { at: Fn.timestamp() },
      lifecycle: { ignoreChanges: ['input'] },
    });
    const version = Fn.formatdate('YYYYMMDDhhmmss', change.output.lookup('at'));
    this.item = new DynamodbTableItem(this, 'item', {
      tableName: props.tableName,
      hashKey: 'id',
      item: JSON.stringify({
        id: { S: itemId(props.entry) },
        item: { S: `${text.slice(0, -1)},"version":${version}}` },
      }),
      ...(props.provider ? { provider: props.provider } : {}),
    });
  }
}
