/** docs/library.md names what the package exports, and nothing that it does not. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as aws from '../lib/targets/aws/index.ts';
import * as capacity from '../lib/planner/index.ts';
import * as kubernetes from '../lib/targets/kubernetes/index.ts';
import * as root from '../lib/index.ts';
import * as local from '../lib/targets/local/index.ts';

const page = readFileSync('docs/library.md', 'utf8');

/** Names in the first column of the table of a subpath. */
function documented(subpath: string): readonly string[] {
  const section = page.split(/^### /m).find((text) => text.startsWith(`\`${subpath}\``))!;
  const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

describe.each(
  Object.entries({
    cellstamp: root,
    'cellstamp/aws': aws,
    'cellstamp/kubernetes': kubernetes,
    'cellstamp/local': local,
    'cellstamp/capacity': capacity,
  }),
)('%s', (subpath, exported) => {
  it('is documented name by name', () => {
    expect([...documented(subpath)].sort()).toEqual(Object.keys(exported).sort());
  });
});
