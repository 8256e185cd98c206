import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { describe, expect, it } from 'vitest';
import { DirectoryEntry } from '../../../lib/targets/aws/directory-entry.ts';
import { synth } from './synth.ts';

const cell = { kind: 'cell', name: 'euw1-a', addresses: ['198.51.100.7:5060'], state: 'active' } as const;

describe('DirectoryEntry', () => {
  it('is an item of the directory whose version is the time of its change', () => {
    const made = synth((stack) => void new DirectoryEntry(stack, 'entry', { tableName: 'directory', entry: cell }));
    const item = made.one('aws_dynamodb_table_item');
    expect(item).toMatchObject({ table_name: 'directory', hash_key: 'id' });
    const applied = String(item['item']).replace(/\$\{formatdate\([^}]*\)\}/, '20261121110000');
    const { id, item: text } = JSON.parse(applied) as { id: { S: string }; item: { S: string } };
    expect(id).toEqual({ S: 'cell:euw1-a' });
    expect(JSON.parse(text.S)).toEqual({ ...cell, version: 20261121110000 });
    // The time is taken again when the entry changes, and at no other apply.
    expect(made.one('terraform_data')).toMatchObject({
      triggers_replace: { entry: JSON.stringify(cell) },
      lifecycle: { ignore_changes: ['input'] },
    });
  });

  it('is written by the provider of a region that has the table, where one is given', () => {
    const made = synth((stack) => {
      const provider = new AwsProvider(stack, 'other', { alias: 'directory', region: 'us-east-1' });
      const entry = { kind: 'edge', name: 'us-east-1-edge-1', address: '198.51.100.9' } as const;
      new DirectoryEntry(stack, 'entry', { tableName: 'directory', entry, provider });
    });
    expect(made.one('aws_dynamodb_table_item')['provider']).toBe('aws.directory');
  });
});
