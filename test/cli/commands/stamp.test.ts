import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../../lib/fleet/schema/json-schema.ts';
import { cellstamp, spawnCellstamp } from '../run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-stamp-'));
  mkdirSync(cells());
});
afterEach(() => rmSync(folder, { recursive: true }));

const cells = () => join(folder, 'cells');
const stamp = (...args: readonly string[]) => cellstamp('stamp', '--cells', cells(), ...args);
const check = () => cellstamp('check', '--cells', cells());
const read = (name: string) => readFileSync(join(cells(), name), 'utf8');
function write(name: string, text: string): void {
  mkdirSync(cells(), { recursive: true });
  writeFileSync(join(cells(), name), text);
}

describe('cellstamp stamp', () => {
  it('writes the first cell of a fleet, with the schema that the file names', () => {
    rmdirSync(cells());
    expect(spawnCellstamp(folder, 'stamp', 'euw1-a', '--region', 'eu-west-1')).toEqual({
      status: 0,
      stdout: 'cells/euw1-a.yaml: cell euw1-a in eu-west-1, network 10.16.0.0/20\n',
      stderr: '',
    });
    expect(read('euw1-a.yaml')).toBe(
      '# yaml-language-server: $schema=./cell.schema.json\nname: euw1-a\nregion: eu-west-1\nnetwork: 10.16.0.0/20\naws: {}\n',
    );
    expect(JSON.parse(read('cell.schema.json'))).toEqual(JSON.parse(JSON.stringify(jsonSchemas['cell.schema.json']())));
  });

  it('picks a network that no cell and no region of the front has', async () => {
    write('a.yaml', 'name: a\nregion: eu-west-2\naws: {}\n');
    write('b.yaml', 'name: b\nregion: eu-west-3\nnetwork: 10.16.32.0/19\naws: {}\n');
    write(
      'front.yaml',
      'domain: voice.example.com\nregions: [{ region: us-east-1, network: 10.16.20.0/24 }]\naws: {}\n',
    );
    const { stdout } = await stamp('c', '--region', 'eu-west-1', '--size', 'small', '--json');
    expect(JSON.parse(stdout)).toEqual({
      file: join(cells(), 'c.yaml'),
      name: 'c',
      region: 'eu-west-1',
      network: '10.16.64.0/20',
      warnings: [],
    });
    expect(read('c.yaml')).toContain('size: small\n');
    expect(await check()).toMatchObject({ status: 0 });
  });

  it('refuses a folder that is not there, which may be a slip', () => {
    expect(spawnCellstamp(folder, 'stamp', 'euw1-a', '--region', 'eu-west-1', '--cells', 'typo/')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'cellstamp: there is no folder typo/; allowed: a folder that is there, or no --cells for a new folder cells\n',
    });
    expect(readdirSync(folder)).toEqual(['cells']);
  });

  it('makes a fleet that check accepts, however many cells are stamped', async () => {
    for (const name of ['a', 'b', 'c']) await stamp(name, '--region', 'eu-west-1');
    expect((await check()).stdout).toContain('3 files: 0 errors, 0 warnings\n');
  });

  it('warns of a region that it does not know, and writes the file all the same', async () => {
    const { status, stderr } = await stamp('b', '--region', 'eu-west-9');
    expect(status).toBe(0);
    expect(stderr).toContain('eu-west-9 is none of the regions known here');
    expect(existsSync(join(cells(), 'b.yaml'))).toBe(true);
  });

  it.each([
    [
      'a name in capitals',
      ['EUW1', '--region', 'eu-west-1'],
      "cell EUW1 can't be stamped, and nothing was written:\nname: must be 1 to 20 lower-case letters",
    ],
    ['a name that is a path', ['../a', '--region', 'eu-west-1'], "../a can't be the name of a cell"],
    ['the front’s name', ['front', '--region', 'eu-west-1'], "front can't be the name of a cell"],
    [
      'a region that is none',
      ['a', '--region', 'ireland'],
      "cell a can't be stamped, and nothing was written:\nregion: ireland is not an AWS region; allowed: an AWS region, for example eu-west-1; or no section aws",
    ],
    [
      'a size that is not there',
      ['a', '--region', 'eu-west-1', '--size', 'huge'],
      'Allowed choices are test, small, standard',
    ],
    ['no region', ['a'], "required option '--region <region>' not specified"],
    ['no name', ['--region', 'eu-west-1'], "missing required argument 'name'"],
  ])('refuses %s with status 2 and writes nothing', async (_, args, message) => {
    const { status, stdout, stderr } = await stamp(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(readdirSync(cells())).toEqual([]);
  });

  it('refuses a name that is there, and leaves that file alone', async () => {
    write('a.yaml', '# mine\nname: a\nregion: eu-west-1\n');
    const { status, stderr } = await stamp('a', '--region', 'eu-west-2');
    expect(status).toBe(2);
    expect(stderr).toBe(`cellstamp: there is a cell a already (${join(cells(), 'a.yaml')}); choose another name\n`);
    expect(read('a.yaml')).toBe('# mine\nname: a\nregion: eu-west-1\n');
    expect(readdirSync(cells())).toEqual(['a.yaml']);
  });

  it('adds nothing to a fleet that is wrong', async () => {
    write('a.yaml', 'name: a\n');
    const { status, stderr } = await stamp('b', '--region', 'eu-west-2');
    expect(status).toBe(2);
    expect(stderr).toContain(`mend the fleet first:\n${join(cells(), 'a.yaml')}:1:1 error region: is missing`);
    expect(readdirSync(cells())).toEqual(['a.yaml']);
  });
});
