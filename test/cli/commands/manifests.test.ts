import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import { minimal, minimalInput } from '../../targets/kubernetes/cells.ts';
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
});
