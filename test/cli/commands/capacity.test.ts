import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp, spawnCellstamp } from '../run-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellstamp-capacity-'));
  mkdirSync(join(folder, 'cells'));
  write('cells/euw1-a.yaml', 'name: euw1-a\nregion: eu-west-1\naws: {}\n');
  write('cells/euw1-b.yaml', 'name: euw1-b\nregion: eu-west-1\naws: {}\nnetwork: 10.16.16.0/20\nmedia: { hosts: 8 }\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
const capacity = (...args: readonly string[]) => cellstamp('capacity', '--cells', join(folder, 'cells'), ...args);
const heads = (text: string) => text.split('\n').filter((line) => line.startsWith('cell '));

describe('cellstamp capacity', () => {
  it('prints for every cell what binds each resource, with arithmetic and source, and what is unknown', async () => {
    const { status, stdout, stderr } = await capacity();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(heads(stdout)).toEqual([
      'cell euw1-a, with 1 media host of every pool and one SBC lost',
      'cell euw1-b, with 1 media host of every pool and one SBC lost',
    ]);
    expect(stdout).toContain(
      'relayedCalls: 7500 (3 hosts left x 2500), bound by admitted calls of a media host\n' +
        '  * admitted calls, a media host: 2500 = media.relay.calls 2500 [the spec of the cell]\n' +
        '    ports, a media host: 3750 = 15000 ports / 4 ports a call [the spec of the cell]\n',
    );
    expect(stdout).toContain('relayedCalls: 17500 (7 hosts left x 2500)');
    expect(stdout).toContain('\nunknown: transcoded sessions: no credible public table');
  });

  it('prints the named cells alone, and each once', async () => {
    expect(heads((await capacity('euw1-b', 'euw1-b')).stdout)).toHaveLength(1);
  });

  it('counts as many media hosts as lost as it is told', async () => {
    const { stdout } = await capacity('euw1-a', '--lost-media-hosts', '2');
    expect(stdout).toContain('cell euw1-a, with 2 media hosts of every pool and one SBC lost');
    expect(stdout).toContain('relayedCalls: 5000 (2 hosts left x 2500)');
  });

  it.each(['-1', '33', '1.5', 'one'])('ends with 2 for %s lost media hosts, and says what is allowed', async (lost) => {
    const { status, stdout, stderr } = await capacity(`--lost-media-hosts=${lost}`);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`'${lost}' is invalid. It must be a whole number from 0 to 32.`);
  });

  it('reckons with the figures of a file, and with those of figures.yaml where it is there', async () => {
    write('lab.yaml', 'sbcSetups: { value: 90, source: load test of May }\n');
    const named = await capacity('euw1-a', '--figures', join(folder, 'lab.yaml'));
    expect(named.stdout).toContain(
      'setups: 60, bound by processor of one SBC\n  * processor, one SBC: 60 = 90 set-ups/s x 0.666667 of the processor [load test of May;',
    );
    write('figures.yaml', 'sbcSetups: { value: 30, source: here }\n');
    expect(spawnCellstamp(folder, 'capacity', 'euw1-a').stdout).toContain('setups: 20, bound by processor of one SBC');
  });

  it('ends with 2 for wrong figures, with file, line and what is allowed', async () => {
    const path = join(folder, 'figures.yaml');
    write('figures.yaml', '# Mine.\nsbcSetups: { value: 0, source: x }\n');
    const { status, stdout, stderr } = await capacity('--figures', path);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/figures\.yaml:2:14 error sbcSetups\.value: must be a number from 0\.1 to 100000; got 0$/m);
  });

  it('ends with 2 for figures so large or small that they are a slip, all of them at once', async () => {
    write(
      'figures.yaml',
      [
        'sbcSetups: { value: 1.0e+308, source: x }',
        'registerProcessorShare: { value: 1.5, source: x }',
        'registrationBytes: { value: 1.0e-300, source: x }',
      ].join('\n'),
    );
    const { status, stdout, stderr } = await capacity('--figures', join(folder, 'figures.yaml'));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/:1:14 error sbcSetups\.value: must be a number from 0\.1 to 100000; got 1\.0e\+308/);
    expect(stderr).toMatch(/:2:27 error registerProcessorShare\.value: must be a number from 0\.001 to 1; got 1\.5/);
    expect(stderr).toMatch(/:3:22 error registrationBytes\.value: must be a number from 64 to 65536; got 1\.0e-300/);
  });

  it('ends with 2 for figures that are named and not there', async () => {
    expect(await capacity('--figures', 'nowhere.yaml')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^cellstamp: nowhere\.yaml:1:1 error: there is no such file; allowed: a file as/,
      ) as string,
    });
  });

  it('ends with 2 for more lost media hosts than cells have, and names all of these cells', async () => {
    expect(await capacity('--lost-media-hosts', '9')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'cellstamp: --lost-media-hosts is 9, and cell euw1-a has 4 media hosts, cell euw1-b has 8 media hosts; it must be a whole number from 0 to 4\n',
    });
    expect((await capacity('--lost-media-hosts', '5')).stderr).not.toContain('euw1-b');
  });

  it('ends with 2 for cells that are not there and cells that are wrong, all at once', async () => {
    write('cells/euw1-b.yaml', 'name: euw1-b\nregion: eu-west-1\nsize: huge\naws: {}\nnetwork: 10.16.16.0/20\n');
    const { status, stdout, stderr } = await capacity('nope1', 'euw1-b', 'euw1-c');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const at = join(folder, 'cells');
    expect(stderr.split('\n')).toEqual([
      `cellstamp: there is no cell nope1 in ${at}; there are euw1-a, euw1-b`,
      expect.stringContaining('euw1-b.yaml:3:1 error size: must be test, small or standard; got huge') as string,
      `there is no cell euw1-c in ${at}; did you mean "euw1-a"?; there are euw1-a, euw1-b`,
      '',
    ]);
  });

  it('ends with 2 for a cell that is not there, and where there is none', async () => {
    expect((await capacity('euw1-c')).stderr).toContain('there is no cell euw1-c');
    rmSync(join(folder, 'cells'), { recursive: true });
    mkdirSync(join(folder, 'cells'));
    const { status, stderr } = await capacity();
    expect(status).toBe(2);
    expect(stderr).toContain(`${join(folder, 'cells')}:1:1 error: there are no cells here`);
  });

  it('prints nothing of a fleet that breaks a rule', async () => {
    write('cells/euw1-b.yaml', 'name: euw1-b\nregion: eu-west-1\nsize: huge\naws: {}\n');
    const { status, stdout, stderr } = await capacity();
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('euw1-b.yaml:3:1 error size: must be test, small or standard; got huge');
  });

  it('tells a program all of it as JSON', async () => {
    const { cells, lostMediaHosts } = JSON.parse((await capacity('euw1-a', '--json')).stdout);
    expect(lostMediaHosts).toBe(1);
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({
      name: 'euw1-a',
      resources: { relayedCalls: { limit: 7500, hosts: 3, binding: { because: 'admitted calls', limit: 2500 } } },
      limits: { maxTenants: 500 },
      unknown: [expect.stringContaining('transcoded sessions')],
    });
  });
});
