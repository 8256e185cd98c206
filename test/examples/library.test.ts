import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const outdir = mkdtempSync(join(tmpdir(), 'cellstamp-example-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

test('the library example makes a stack with a whole cell and what it adds to it', () => {
  execFileSync(process.execPath, ['--import', 'tsx', 'examples/library/main.ts'], {
    env: { ...process.env, CDKTF_OUTDIR: outdir },
  });
  const stack = JSON.parse(readFileSync(join(outdir, 'stacks', 'voice', 'cdk.tf.json'), 'utf8')) as {
    resource: Record<string, Record<string, unknown>>;
  };
  expect(Object.keys(stack.resource['aws_instance']!)).toHaveLength(6);
  expect(Object.keys(stack.resource['aws_rds_cluster_instance']!)).toHaveLength(2);
  expect(Object.keys(stack.resource['aws_sns_topic_subscription']!)).toEqual(['on-duty']);
});

test('the documentation shows the library example as it is', () => {
  const example = readFileSync('examples/library/main.ts', 'utf8');
  expect(readFileSync('docs/library.md', 'utf8')).toContain(example.slice(example.indexOf('import ')).trim());
});
