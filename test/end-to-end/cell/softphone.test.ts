/** docs/softphone.md, as a reader follows it: its commands, its accounts, two phones in the machine's own network. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { down, exec } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { usersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { commandsOf, copyOfProject, root, runIn, type DocumentedCommand } from '../../docs/pages.ts';
import { describeWith } from '../../requirements.ts';
import { Baresip } from '../lab/baresip.ts';
import { tonePitch } from '../lab/tone-files.ts';
import { until } from '../lab/lab.ts';

const page = 'docs/softphone.md';
const text = readFileSync(join(root, page), 'utf8');
const accounts = [...text.matchAll(/^```ini\n(.+)\n```$/gm)].map(([, line]) => line!);
const [dial, hangUp] = /^```text\n(.+)\n(.+)\n```$/m.exec(text)!.slice(1);

/** Programs of the page, a line each. */
const lines = commandsOf(page).flatMap((block) =>
  block.text.split('\n').map((line): DocumentedCommand => ({ ...block, text: line })),
);
const linesWith = (words: string) => lines.filter((line) => line.text.startsWith(`npx cellstamp ${words}`));

describeWith(['root', 'debian-packages', 'baresip'], 'the how-to with a softphone', () => {
  let folder: string;
  const phones: Baresip[] = [];
  let networkLink: string;

  const printed = (line: DocumentedCommand) => {
    const { status, stdout, stderr } = runIn(folder, line);
    expect(status, `${line.text}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };

  beforeAll(() => void (folder = copyOfProject()));
  afterAll(async () => {
    for (const phone of phones) phone.kill();
    await down('example');
    rmSync(folder, { recursive: true });
  });

  it('brings the cell up with a link to this machine, adds users, and its phones call each other with audio', async () => {
    const up = printed(linesWith('up')[0]!);
    // Another cell of this machine may have the network that the page shows.
    const [, sip, own, link] =
      /^Phones of this machine reach it at ([\d.]+), from ([\d.]+) \(interface (cellstamp-\d+)\)\.$/m.exec(up)!;
    expect([sip, own]).toEqual([link!.replace(/.*-(.*)/, '198.18.$1.10'), link!.replace(/.*-(.*)/, '198.18.$1.253')]);
    networkLink = `/sys/class/net/${link}`;
    const passwords = linesWith('user add').map((line) => /^password {2}(.+)$/m.exec(printed(line))![1]!);
    const [alice, bob] = accounts.map((account, at) =>
      account.replace('PASSWORD', passwords[at]!).replace('198.18.1.10', sip!),
    );
    const bobsPhone = new Baresip({ home: join(folder, 'bob'), account: bob!, hertz: 900, audioPort: 21_000 });
    phones.push(bobsPhone);
    const alicesPhone = new Baresip({ home: join(folder, 'alice'), account: alice!, hertz: 500, audioPort: 20_000 });
    phones.push(alicesPhone);
    const all = () => phones.map(({ said }) => said);
    await until(() => all().every((words) => /200 OK/.test(words)), 20).catch(() =>
      expect(all().join('\n')).toBe('registered'),
    );
    alicesPhone.type(dial!);
    await until(() => /Call established/i.test(alicesPhone.said), 15).catch(() =>
      expect(all().join('\n')).toBe('established'),
    );
    await sleep(3000);
    expect(printed(linesWith('calls')[0]!)).toMatch(/alice@acme\.example\.com +.*bob/);
    alicesPhone.type(hangUp!);
    await until(() => phones.every((phone) => phone.heard().length > 8000 * 2.5));
    expect(tonePitch(alicesPhone.heard().subarray(8000, 16_000))).toBeCloseTo(900, -1.5);
    expect(tonePitch(bobsPhone.heard().subarray(8000, 16_000))).toBeCloseTo(500, -1.5);
  });

  const testCalls = { ...lines[0]!, text: 'npx cellstamp call example --calls 3 --hold 1' };

  it('carries test calls from addresses of the cell’s outside while it is exposed', () => {
    expect(printed(testCalls)).toMatch(/^answered +3$/m);
  });

  it('gives a user a new password, lists users and removes one, whose phone may not register then', () => {
    const command = (words: string): DocumentedCommand => ({ ...lines[0]!, text: `npx cellstamp user ${words}` });
    const before = printed(command('list acme'));
    expect(before).toBe('alice\nbob\n');
    expect(printed(command('password acme bob'))).toMatch(/^password {2}\S{24}$/m);
    expect(runIn(folder, command('add acme bob'))).toMatchObject({ status: 1 });
    printed(command('remove acme bob'));
    expect(printed(command('list acme'))).toBe('alice\n');
    const again = runIn(folder, command('remove acme bob'));
    expect(again).toMatchObject({ status: 2 });
    expect(again.stderr).toContain('tenant acme of cell example has no user bob');
  });

  it('exposes no cell in which a user has a password that attackers try first', async () => {
    const weak = usersSql([{ tenant: 'acme', domain: 'acme.example.com', name: 'carol', password: 'carol' }]);
    const psql = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--', 'psql', '-q', 'cellstamp'];
    const { status, stderr } = await exec('example', 'database-1', [...psql, '--host=/run/postgresql'], {
      input: weak,
    });
    expect(status, stderr).toBe(0);
    const refused = runIn(folder, linesWith('up')[0]!);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('passwords that attackers try first: carol@acme.example.com;');
  });

  it('removes the link with the next `up` without --expose, and with `down`', async () => {
    const isThere = () => existsSync(networkLink);
    expect(isThere()).toBe(true);
    const plain = printed({ ...lines[0]!, text: 'npx cellstamp up example' });
    expect(plain).not.toContain('Phones of this machine');
    expect(isThere()).toBe(false);
    expect(printed(testCalls)).toMatch(/^answered +3$/m);
    const remove = { ...lines[0]!, text: 'npx cellstamp user remove acme carol' };
    printed(remove);
    // As a command leaves it that was killed in the middle.
    const { outside } = requireState('example').namespaces;
    const peer = ['peer', 'name', 'machine', 'netns', String(outside!.init.pid)];
    execFileSync('ip', ['link', 'add', 'name', basename(networkLink), 'type', 'veth', ...peer]);
    const { stdout } = runIn(folder, { ...lines[0]!, text: 'npx cellstamp status example' });
    expect(stdout).toContain('cell example');
    expect(stdout).not.toContain('Phones of this machine');
    printed(linesWith('up')[0]!);
    expect(readFileSync(join(networkLink, 'operstate'), 'utf8')).toBe('up\n');
    printed(linesWith('down')[0]!);
    await until(() => !isThere());
  });
});
