import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { edgeManifests } from '../../../lib/targets/kubernetes/edge/manifests.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import {
  maximalFront,
  maximalFrontInput,
  minimal,
  minimalFrontInput,
  minimalInput,
} from '../../targets/kubernetes/cells.ts';
import { cellstamp } from '../run-command.ts';

describe('cellstamp manifests', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-manifests-'));
    // JSON is YAML.
    writeFileSync(join(folder, 'k8s-a.yaml'), JSON.stringify(minimalInput));
    writeFileSync(join(folder, 'euw1-a.yaml'), 'name: euw1-a\nregion: eu-west-1\naws: {}\nnetwork: 10.48.0.0/20\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('prints every object, as the library gives it, without anchors', async () => {
    const { status, stdout, stderr } = await cellstamp('manifests', 'k8s-a', '--cells', folder);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // YAML 1.1 too, which reads more words as something else: kubectl does.
    for (const version of ['1.1', '1.2'] as const) {
      const documents = parseAllDocuments(stdout, { version });
      expect(documents.map((document) => document.toJS() as unknown)).toEqual(manifests(minimal));
    }
    expect(stdout).not.toMatch(/: [&*][a-z]\d*$/m);
  });

  it('prints the same as a list in JSON', async () => {
    const { stdout } = await cellstamp('manifests', 'k8s-a', '--cells', folder, '--json');
    expect(JSON.parse(stdout)).toEqual({ apiVersion: 'v1', kind: 'List', items: manifests(minimal) });
  });

  it('refuses a cell that is not on Kubernetes', async () => {
    expect(await cellstamp('manifests', 'euw1-a', '--cells', folder)).toEqual({
      status: 2,
      stdout: '',
      stderr: `cellstamp: ${folder}/euw1-a.yaml:1:1 error kubernetes: is missing; allowed: a section with images, floatingAddress, database and redis\n`,
    });
  });

  describe('front', () => {
    const write = (front: object) => writeFileSync(join(folder, 'front.yaml'), stringify(front));

    it('prints the edges of the region that is asked for', async () => {
      write(maximalFrontInput);
      const { stdout } = await cellstamp('manifests', 'front', '--region', 'eu-west-2', '--cells', folder, '--json');
      expect(JSON.parse(stdout)).toMatchObject({ items: edgeManifests(maximalFront, 'eu-west-2') });
    });

    it('needs no region where the front has one', async () => {
      write(minimalFrontInput);
      const { status, stdout } = await cellstamp('manifests', 'front', '--cells', folder);
      expect(status).toBe(0);
      expect(stdout).toContain('name: cellstamp-edges-front-eu-west-1');
    });

    it.each([
      [[], '--region is missing: the front has several regions; allowed: eu-west-1, eu-west-2'],
      [['--region', 'us-east-1'], '--region us-east-1 is not a region of the front; allowed: eu-west-1, eu-west-2'],
    ])('refuses %j', async (options, message) => {
      write(maximalFrontInput);
      const { status, stderr } = await cellstamp('manifests', 'front', ...options, '--cells', folder);
      expect({ status, stderr }).toEqual({ status: 2, stderr: `cellstamp: ${message}\n` });
    });

    it('refuses a region of a cell, which has one alone', async () => {
      const { status, stderr } = await cellstamp('manifests', 'k8s-a', '--region', 'eu-west-1', '--cells', folder);
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: 'cellstamp: --region eu-west-1 is for the edges of the front; a cell is in one region alone\n',
      });
    });
  });
});
