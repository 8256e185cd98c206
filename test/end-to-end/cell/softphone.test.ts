/** docs/softphone.md, as a reader follows it: its commands, its accounts, two phones in the machine's own network. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { down, exec } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { usersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { commandsOf, copyOfProject, root, runIn, type DocumentedCommand } from '../../docs/pages.ts';
import { describeWith, missing } from '../../requirements.ts';
import { Baresip } from '../lab/baresip.ts';
import { Linphone } from '../lab/linphone.ts';
import { tonePitch } from '../lab/tone-files.ts';
import { until } from '../lab/lab.ts';

const page = 'docs/softphone.md';
const text = readFileSync(join(root, page), 'utf8');
const accounts = [...text.matchAll(/^```ini\n(.+)\n```$/gm)].map(([, line]) => line!);
const [baresips, linphones] = [...text.matchAll(/^```text\n(.+)\n(.+)\n```$/gm)].map(([, dial, hangUp]) => ({
  dial: dial!,
  hangUp: hangUp!,
}));
const linphonerc = /^```ini\n(\[sip\]\n[^`]+)```$/m.exec(text)![1]!;

/** Phones in a network of their own, to which this machine belongs. */
const lan = { name: 'cellstamp-phones', machine: '192.168.77.1', phones: ['192.168.77.2', '192.168.77.3'] } as const;

function makeLan(): void {
  const inside = ['netns', 'exec', lan.name, 'ip'];
  const steps = [
    ['netns', 'add', lan.name],
    ['link', 'add', 'phones0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lan.name],
    ['address', 'add', `${lan.machine}/24`, 'dev', 'phones0'],
    ['link', 'set', 'phones0', 'up'],
    [...inside, 'link', 'set', 'lo', 'up'],
    [...inside, 'link', 'set', 'eth0', 'up'],
    ...lan.phones.map((phone) => [...inside, 'address', 'add', `${phone}/24`, 'dev', 'eth0']),
  ];
  for (const step of steps) execFileSync('ip', step);
}

const removeLan = () => spawnSync('ip', ['netns', 'delete', lan.name]);

const inLan = ([program, ...args]: readonly string[]) =>
  spawn('setpriv', ['--pdeathsig', 'KILL', 'ip', 'netns', 'exec', lan.name, program!, ...args], { stdio: 'pipe' });

/** Programs of the page, a line each. */
const lines = commandsOf(page).flatMap((block) =>
  block.text.split('\n').map((line): DocumentedCommand => ({ ...block, text: line })),
);
const linesWith = (words: string) => lines.filter((line) => line.text.startsWith(`npx cellstamp ${words}`));

describeWith(['root', 'debian-packages', 'baresip'], 'the how-to with a softphone', () => {
  let folder: string;
  const phones: (Baresip | Linphone)[] = [];
  let networkLink: string;

  const printed = (line: DocumentedCommand) => {
    const { status, stdout, stderr } = runIn(folder, line);
    expect(status, `${line.text}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };

  beforeAll(() => {
    folder = copyOfProject();
    removeLan();
    makeLan();
  });
  afterAll(async () => {
    for (const phone of phones) phone.kill();
    removeLan();
    await down('example');
    rmSync(folder, { recursive: true });
  });

  /** Phones as they start on the page, in the order of its accounts. */
  let alice: string, bob: string, password: string, sipAddress: string;

  /** Alice calls Bob; both hear the other's tone. */
  async function call(alices: Baresip, bobs: Baresip): Promise<void> {
    const all = () => [alices, bobs].map(({ said }) => said);
    const reached = (state: string, test: () => boolean) =>
      until(test, 20).catch(() => expect(all().join('\n')).toBe(state));
    await reached('registered', () => all().every((words) => /200 OK/.test(words)));
    alices.type(baresips!.dial);
    await reached('established', () => /Call established/i.test(alices.said));
    await sleep(3000);
    expect(printed(linesWith('calls')[0]!)).toMatch(/alice@acme\.example\.com +.*bob/);
    alices.type(baresips!.hangUp);
    await until(() => [alices, bobs].every((phone) => phone.heard().length > 8000 * 2.5));
    expect(tonePitch(alices.heard().subarray(8000, 16_000))).toBeCloseTo(900, -1.5);
    expect(tonePitch(bobs.heard().subarray(8000, 16_000))).toBeCloseTo(500, -1.5);
  }

  it('brings the cell up with a link to this machine, adds users, and its phones call each other with audio', async () => {
    const up = printed(linesWith('up')[0]!);
    // Another cell of this machine may have the network that the page shows.
    const [, sip, own, link] =
      /^Phones of this machine reach it at ([\d.]+), from ([\d.]+) \(interface (cellstamp-\d+)\)\.$/m.exec(up)!;
    expect([sip, own]).toEqual([link!.replace(/.*-(.*)/, '198.18.$1.10'), link!.replace(/.*-(.*)/, '198.18.$1.253')]);
    networkLink = `/sys/class/net/${link}`;
    const passwords = linesWith('user add').map((line) => /^password {2}(.+)$/m.exec(printed(line))![1]!);
    [alice, bob] = accounts.map((account, at) => account.replace('PASSWORD', passwords[at]!)) as [string, string];
    [password, sipAddress] = [passwords[0]!, sip!];
    const here = (account: string) => account.replace('198.18.1.10', sipAddress);
    const bobs = new Baresip({ home: join(folder, 'bob'), account: here(bob), hertz: 900, audioPort: 21_000 });
    phones.push(bobs);
    const alices = new Baresip({ home: join(folder, 'alice'), account: here(alice), hertz: 500, audioPort: 20_000 });
    phones.push(alices);
    await call(alices, bobs);
    alices.kill();
  });

  const linphone = missing('linphone');
  it.skipIf(linphone !== undefined)(`Linphone calls Bob${linphone ? ` [${linphone}]` : ''}`, async () => {
    const settings = linphonerc.replace('PASSWORD', password).replaceAll('198.18.1.10', sipAddress);
    const alices = new Linphone({ home: join(folder, 'linphone'), settings, hertz: 500 });
    phones.push(alices);
    const says = (words: RegExp) =>
      until(() => words.test(alices.said), 20).catch(() => expect(alices.said).toMatch(words));
    const bobs = phones[0] as Baresip;
    const before = bobs.said.length;
    await until(() => (alices.type('status register'), /^registered, /m.test(alices.said)), 20).catch(() =>
      expect(alices.said).toBe('registered'),
    );
    alices.type(linphones!.dial);
    await says(/Media streams established/);
    await sleep(3000);
    alices.type(linphones!.hangUp);
    await says(/Call 1 .* ended \(No error\)/);
    expect(tonePitch(alices.heard().subarray(8000, 16_000))).toBeCloseTo(900, -1.5);
    await until(() => /terminated \(duration: [3-9] secs\)/.test(bobs.said.slice(before)));
    alices.kill();
  });

  const testCalls = { ...lines[0]!, text: 'npx cellstamp call example --calls 3 --hold 1' };

  it('carries test calls from addresses of the cell’s outside while it is exposed', () => {
    expect(printed(testCalls)).toMatch(/^answered +3$/m);
  });

  const lanUp = { ...linesWith('up')[1]!, text: linesWith('up')[1]!.text.replace('192.168.1.20', lan.machine) };

  it('phones of the local network reach it at an address that the machine has there', async () => {
    phones[0]!.kill();
    expect(printed(lanUp)).toContain(`\nPhones of the local network reach it at ${lan.machine}.\n`);
    const [alices, bobs] = [alice, bob].map((account, at) => {
      const name = ['alice', 'bob'][at]!;
      const tone = [500, 900][at]!;
      const settings = { home: join(folder, `${name}-lan`), hertz: tone, audioPort: 20_000, address: lan.phones[at]! };
      return new Baresip({ ...settings, account: account.replace('198.18.1.10', lan.machine) }, inLan);
    }) as [Baresip, Baresip];
    phones.push(alices, bobs);
    await call(alices, bobs);
    expect(alices.said).not.toContain('198.18.');
    for (const phone of [alices, bobs]) phone.kill();
  });

  /** What the gateway answers within a second to a request from an address of the local network. */
  function sentFromLan(from: string, first: string, headers: readonly string[]): string {
    const method = first.split(' ')[0]!;
    const via = `Via: SIP/2.0/UDP ${from}:5070;branch=z9hG4bK${Math.random()}`;
    const rest = [`Call-ID: ${Math.random()}`, `CSeq: 1 ${method}`, 'Content-Length: 0', '', ''];
    const message = [first, via, 'Max-Forwards: 9', ...headers, ...rest];
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      socket.bind(5070, '${from}', () => socket.send(${JSON.stringify(message.join('\r\n'))}, 5060, '${lan.machine}'));
      const late = setTimeout(() => socket.close(), 1000);
      socket.on('message', (text) => { console.log(String(text).slice(0, 11)); clearTimeout(late); socket.close(); });`;
    return execFileSync('ip', ['netns', 'exec', lan.name, process.execPath, '-e', program], { encoding: 'utf8' });
  }

  it('takes what a phone of the local network sends to the cell alone, whatever target and routes it has', async () => {
    const reached: string[] = [];
    const bait = createSocket('udp4').on('message', (text) => reached.push(String(text)));
    await new Promise<void>((resolve) => bait.bind(0, '127.0.0.1', resolve));
    const { port } = bait.address();
    const from = 'From: <sip:a@b.example>;tag=1';
    const own = `Route: <sip:${lan.machine};lr>`;
    const inside = ['To: <sip:x@b.example>;tag=2', from];
    for (const [target, headers] of [
      ['b.example', [from, 'To: <sip:b.example>', `${own}, <sip:127.0.0.1:${port};lr>`]],
      [`x@127.0.0.1:${port}`, [from, 'To: <sip:b.example>', own]],
      [`x@127.0.0.1:${port}`, [...inside, own]],
      ['x@b.example', [...inside, `${own}, <sip:127.0.0.1:${port};lr>`]],
    ] as const) {
      sentFromLan(lan.phones[0], `MESSAGE sip:${target} SIP/2.0`, headers);
    }
    await sleep(200);
    bait.close();
    expect(reached).toEqual([]);
  });

  it('a stranger whose address is not of a local network gets no answer from the gateway', () => {
    const stranger = '203.0.113.77';
    execFileSync('ip', ['netns', 'exec', lan.name, 'ip', 'address', 'add', `${stranger}/32`, 'dev', 'eth0']);
    execFileSync('ip', ['route', 'add', `${stranger}/32`, 'dev', 'phones0']);
    const answer = (from: string) =>
      sentFromLan(from, 'OPTIONS sip:b.example SIP/2.0', ['From: <sip:a@b.example>;tag=1', 'To: <sip:a@b.example>']);
    expect(answer(lan.phones[0])).toMatch(/^SIP\/2\.0 \d{3}\n$/);
    expect(answer(stranger)).toBe('');
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
    for (const line of [linesWith('up')[0]!, lanUp]) {
      const refused = runIn(folder, line);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain('passwords that attackers try first: carol@acme.example.com;');
    }
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
