/** The XML files of FreeSWITCH through a checker that knows XML better than FreeSWITCH does. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { freeswitch } from '../../../lib/software/freeswitch/index.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';

const cell = deriveCell(
  parseCell({
    name: 'euw1-a',
    region: 'eu-west-1',
    aws: {},
    media: { freeswitch: { configurationService: 'https://settings.example/v1?cell=a&key=%22' } },
  }),
);
const files = freeswitch(cell, cell.media[0]!).files.filter(({ path }) => path.endsWith('.xml'));

describeWith(['xmllint'], 'the XML files of FreeSWITCH', () => {
  it.each(files.map(({ path, text }) => [path, text] as const))('xmllint has nothing to say about %s', (_, text) => {
    const { stderr, status } = spawnSync('xmllint', ['--noout', '--nonet', '-'], { input: text, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
