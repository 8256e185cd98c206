/** What the table of media hosts becomes on an SBC, before any Kamailio reads it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { mediaHostsFiles } from '../../lib/software/media-hosts/index.ts';
import { mediaHostsConfig, mediaHostsProgram, mediaHostsTable } from '../../lib/software/media-hosts/paths.ts';
import { describeWith } from '../requirements.ts';

const files = mediaHostsFiles(deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })));
const textOf = (path: string) => files.find((file) => file.path === path)!.text;

describeWith(['debian-packages'], 'the table of media hosts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-media-hosts-'));
    const config = JSON.parse(textOf(mediaHostsConfig)) as Record<string, unknown>;
    const here = { ...config, table: join(folder, 'table'), folder: join(folder, 'run'), rpc: join(folder, 'nobody') };
    writeFileSync(join(folder, 'config'), JSON.stringify(here));
    writeFileSync(join(folder, 'table'), textOf(mediaHostsTable));
    writeFileSync(
      join(folder, 'program'),
      textOf(mediaHostsProgram).replace(`"${mediaHostsConfig}"`, JSON.stringify(join(folder, 'config'))),
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (verb: string) => {
    const { status, stderr } = spawnSync('/usr/bin/python3', [join(folder, 'program'), verb], { encoding: 'utf8' });
    return { status, stderr: stderr.replaceAll(folder, '') };
  };
  const table = (...lines: readonly string[]) =>
    writeFileSync(join(folder, 'table'), lines.map((line) => `${line}\n`).join(''));
  const made = (name: string) =>
    readFileSync(join(folder, 'run', name), 'utf8')
      .trim()
      .split('\n');

  it('becomes the list of relays, that of FreeSWITCH hosts, and what Kamailio’s own table begins with', () => {
    expect(run('start')).toEqual({ status: 0, stderr: '' });
    expect(made('rtpengine').slice(1)).toEqual([
      String.raw`1:udp\:10.16.0.33\:2223:1:0`,
      String.raw`2:udp\:10.16.2.34\:2223:1:0`,
      String.raw`3:udp\:10.16.4.35\:2223:1:0`,
      String.raw`4:udp\:10.16.0.36\:2223:1:0`,
    ]);
    expect(made('dispatcher.list')[0]).toBe('1 sip:10.16.0.33:5070 0');
    expect(made('table.cfg')).toContain('    $sht(media=>tier:high-volume) = "3:4:";');
  });

  it('keeps a host that is gone as one that takes no new call, at the same address, until its number is used again', () => {
    run('start');
    table('1 10.16.0.33 standard', '9 10.16.4.35 standard');
    run('start');
    expect(made('hosts')).toEqual([
      '1 10.16.0.33 standard 10.16.0.33',
      '2 10.16.2.34 - 10.16.2.34',
      '3 10.16.4.35 - 10.16.4.35',
      '4 10.16.0.36 - 10.16.0.36',
      '9 10.16.4.35 standard 10.16.4.35',
    ]);
    expect(made('dispatcher.list')).toEqual(['1 sip:10.16.0.33:5070 0', '1 sip:10.16.4.35:5070 0']);
    expect(made('table.cfg')).toContain('    $sht(media=>tier:standard) = "1:9:";');
    table('1 10.16.0.33 standard', '2 10.16.9.9 standard');
    run('start');
    expect(made('hosts')).toContain('2 10.16.9.9 standard 10.16.9.9');
  });

  it('has a relay at its own address, which it keeps, and FreeSWITCH at that of the host', () => {
    table('1 10.16.0.33 standard 10.16.0.73');
    run('start');
    expect(made('rtpengine')[1]).toBe(String.raw`1:udp\:10.16.0.73\:2223:1:0`);
    expect(made('dispatcher.list')).toEqual(['1 sip:10.16.0.33:5070 0']);
    table('2 10.16.2.34 standard');
    run('start');
    expect(made('hosts')).toContain('1 10.16.0.33 - 10.16.0.73');
  });

  it('gets a later time at every change, by which Kamailio sees that it is another', () => {
    const times = [0, 1, 2].map(() => {
      run('start');
      return Math.floor(statSync(join(folder, 'run', 'rtpengine')).mtimeMs / 1000);
    });
    expect(times[1]).toBeGreaterThan(times[0]!);
    expect(times[2]).toBeGreaterThan(times[1]!);
  });

  it('is refused with every finding at once, and nothing is written', () => {
    table(
      '1 10.16.0.33 standard',
      '1 10.16.0.34 standard',
      'two 10.16.0.35 gold',
      '3 media-3 -',
      '4 10.16.0.33 standard',
      '5',
      '6 10.16.0.38 - media-6',
    );
    expect(run('start')).toEqual({
      status: 2,
      stderr: `/table:2: number 1 a second time; allowed: each number once
/table:3: number two; allowed: 1 to 9999
/table:3: tier gold; allowed: standard, high-volume
/table:4: address media-3; allowed: an IPv4 address
/table:5: address 10.16.0.33 a second time; allowed: each address once
/table:6: 1 words; allowed: a number, an address and tiers, and the relay's address
/table:7: relay address media-6; allowed: an IPv4 address
`,
    });
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });

  it('is not taken, and says so, while Kamailio does not answer', () => {
    run('start');
    table('1 10.16.0.33 standard');
    expect(run('reload')).toEqual({
      status: 1,
      stderr: 'media-hosts: Kamailio does not answer: [Errno 2] No such file or directory\n',
    });
    expect(made('hosts')).toHaveLength(4);
  });
});
