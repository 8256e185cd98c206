import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCells, readFront, readTenantsCell } from '../../lib/cli/cell-files.ts';
import { cellstamp } from './run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-cell-files-'));
  mkdirSync(join(folder, 'cells'));
  write('euw1-a', 'name: euw1-a\nregion: eu-west-1\naws: {}');
  write('euw1-b', 'name: euw1-b\nregion: eu-west-1\naws: {}\nfoo: bar');
});
afterEach(() => rmSync(folder, { recursive: true }));

const cells = () => join(folder, 'cells');
const write = (name: string, text: string) => writeFileSync(join(cells(), `${name}.yaml`), `${text}\n`);
const front = 'domain: voice.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24 }]\naws: {}';

describe('the cells of a folder', () => {
  it('say once what is wrong with the front of several cells', () => {
    write('front', 'regions: nonsense');
    let said = '';
    try {
      readCells(cells(), ['euw1-a', 'euw1-b']);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said.match(/front\.yaml:1:1 error regions/g)).toHaveLength(1);
    expect(said).toContain('euw1-b.yaml:4:1 error foo');
  });

  it('say what is wrong in the fleet where no cell has a tenant, as the wrong file may have it', () => {
    expect(() => readTenantsCell(cells(), 'acme')).toThrow('euw1-b.yaml:4:1 error foo');
  });

  it('name all cells that are not there', () => {
    rmSync(join(cells(), 'euw1-b.yaml'));
    write('front', front);
    expect(() => readFront(cells(), ['nope1', 'euw1-a', 'nope2'])).toThrow(/no cell nope1 .*\n.*no cell nope2 /);
  });
});

describe('cellstamp unlock', () => {
  it('says what is wrong in front.yaml when the front is meant', async () => {
    write('front', 'regions: nonsense');
    const { status, stderr } = await cellstamp('unlock', 'front', '7c1e52f0', '--cells', cells());
    expect(status).toBe(2);
    expect(stderr).toMatch(/front\.yaml:1:1 error regions: /);
  });
});
