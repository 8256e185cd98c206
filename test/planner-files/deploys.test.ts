import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addDeployStep, deployFacts, readDeploySteps, type DeployStep } from '../../lib/planner-files/deploys.ts';
import { folderOf, HOUR, iso, NOW, readFrom, refusalOf } from './folder.ts';

const step = (hour: number, what: DeployStep['step'], cell = 'euw1-a'): DeployStep => ({
  ...{ at: iso(NOW + hour * HOUR), cell, step: what },
});
const lines = (...steps: readonly DeployStep[]) => steps.map((one) => `${JSON.stringify(one)}\n`).join('');

describe('the file of deploys', () => {
  it('is read back as it was told, and is nothing where nobody told anything', () => {
    const path = join(folderOf({}), 'deploys.ndjson');
    expect(readDeploySteps(path)).toEqual({ steps: [], findings: [] });
    const told = [step(0, 'began'), step(1, 'failed'), step(2, 'proved', 'euw1-b')];
    for (const one of told) addDeployStep(path, one);
    expect(readDeploySteps(path)).toEqual({ steps: told, findings: [] });
    expect(readFileSync(path, 'utf8')).toBe(lines(...told));
  });

  it('with lines that are no steps leads to no plan, and each is named', async () => {
    const path = join(folderOf({}), 'deploys.ndjson');
    addDeployStep(path, step(0, 'began'));
    appendFileSync(path, '{"at":"2026-03-02T09:00:00Z","cell":"euw1-a","step":"ended"}\n{"at":\n');
    const deploys = readFileSync(path, 'utf8');
    expect(await refusalOf({ 'planning-deploys.ndjson': deploys })).toEqual([
      expect.stringMatching(
        /^planning-deploys\.ndjson:2:1 error.*.*"ended"} is not a step of a deployment; allowed: .*"began".*proved, failed/,
      ),
      expect.stringMatching(/^planning-deploys\.ndjson:3:1 error.*is not a step of a deployment/),
    ]);
  });

  it('tells when a cell was proved first, and what is not finished', () => {
    expect(deployFacts([], 'euw1-a')).toEqual({});
    expect(deployFacts([step(0, 'began')], 'euw1-a')).toEqual({ unfinished: { step: 'its deploy', since: NOW } });
    expect(deployFacts([step(0, 'began')], 'euw1-b')).toEqual({});
    const proved = [step(0, 'began'), step(1, 'proved')];
    expect(deployFacts(proved, 'euw1-a')).toEqual({ provedAt: NOW + HOUR });
    const again = [...proved, step(5, 'began'), step(6, 'failed'), step(7, 'began', 'euw1-b')];
    expect(deployFacts(again, 'euw1-a')).toEqual({
      provedAt: NOW + HOUR,
      unfinished: { step: 'its deploy, which failed', since: NOW + 5 * HOUR },
    });
    expect(deployFacts([...again, step(9, 'proved')], 'euw1-a')).toEqual({ provedAt: NOW + HOUR });
  });

  it('reaches the planner, and what planning.yaml says of a cell goes before it', async () => {
    const files = { 'planning-deploys.ndjson': lines(step(-3, 'began'), step(-2, 'proved'), step(-1, 'began')) };
    const { input } = await readFrom(files);
    expect(input.cells[0]).toMatchObject({
      provedAt: NOW - 2 * HOUR,
      unfinished: { step: 'its deploy', since: NOW - HOUR },
    });
    const own = `kinds: [{ region: eu-west-1, prefix: euw1- }]
cells: { euw1-a: { unfinished: { step: a new disk, since: 2026-03-01T00:00:00Z } } }
deploys: elsewhere/steps.ndjson
`;
    const read = await readFrom({ 'planning.yaml': own, 'elsewhere/steps.ndjson': lines(step(-3, 'proved')) });
    expect(read.input.cells[0]).toMatchObject({ provedAt: NOW - 3 * HOUR, unfinished: { step: 'a new disk' } });
  });
});
