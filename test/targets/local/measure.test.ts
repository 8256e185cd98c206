import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { measurementsSchema } from '../../../lib/planner/component-figures.ts';
import { down, up } from '../../../lib/targets/local/index.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { spawnCellstamp } from '../../cli/run-command.ts';
import { folderOf } from '../../planner-files/folder.ts';
import { describeWith } from '../../requirements.ts';

const name = 'lab-measure';

describeWith(['root', 'debian-packages'], 'cellstamp measure', () => {
  beforeAll(async () => {
    await down(name);
    const media = { hosts: 1, kernelForwarding: 'preferred' } as const;
    await up(parseCell({ name, region: 'eu-west-1', local: {}, size: 'test', network: '10.84.0.0/20', media }));
  });
  afterAll(() => down(name));

  it('writes down what the processors of a running cell do, for the planner', () => {
    const path = join(folderOf({}), 'figures.yaml');
    const measured = spawnCellstamp(process.cwd(), 'measure', name, '--figures', path, '--calls', '150', '--json');
    expect(measured.stderr).toBe('');
    expect(measured.status).toBe(0);
    const figures = measurementsSchema.parse(parse(readFileSync(path, 'utf8')));
    expect(JSON.parse(measured.stdout)).toMatchObject({ file: path, figures });
    expect(figures.userspaceCallsPerCore?.source).toMatch(
      /^\d{4}-\d\d-\d\d, cell lab-measure on \d+ shared cores \(.*\): 750 seconds of relayed calls took [\d.]+ s of rtpengine’s/,
    );
  });

  it('measures nothing where its file is wrong', () => {
    const path = join(folderOf({ 'figures.yaml': 'sbcSetup: 1\n' }), 'figures.yaml');
    const { status, stderr } = spawnCellstamp(process.cwd(), 'measure', name, '--figures', path);
    expect(stderr).toMatch(/^cellstamp: .*figures\.yaml:1:1 error sbcSetup: there is no such key; did you mean/);
    expect(status).toBe(2);
  });
});
