/** Who follows the page from an empty account meets nothing that needs what comes later. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const page = readFileSync('docs/aws.md', 'utf8');
// From the commands on, as comments before them name some, too.
const commands = page.slice(page.indexOf('```\nnpx', page.indexOf('## A cell')));

it('deploys the front before any cell, as cells enter themselves into its directory', () => {
  const deployed = [...commands.matchAll(/^npx cdktf deploy (\S+)/gm)].map(([, stack]) => stack!);
  expect(deployed).toContain('cell-euw1-a');
  expect(existsSync('cells/front.yaml')).toBe(true);
  expect(deployed[0]).toBe('front');
});

it('fills in what a cell needs between its deploy and its first roll', () => {
  const order = [
    'cdktf deploy cell-euw1-a',
    'secretsmanager put-secret-value',
    'cellstamp roll',
    'cellstamp provision',
  ];
  const at = order.map((command) => commands.indexOf(command));
  expect(at).toEqual([...at].sort((a, b) => a - b));
  expect(at).not.toContain(-1);
});
