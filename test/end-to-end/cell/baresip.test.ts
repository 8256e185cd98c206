/** Two phones that are not ours: baresip calls baresip. */
import { type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spawnOutside } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, Lab, passwordOf, until, type LabUser } from '../lab/lab.ts';

const input = {
  name: 'lab-baresip',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.96.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  tenants: [{ name: 'acme', domain: 'acme.example.com' }],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };

/** A minute of a tone as a WAV file of 8000 samples a second, 16 bits. */
function toneFile(hertz: number): Buffer {
  const samples = Int16Array.from({ length: 480_000 }, (_, n) => 8000 * Math.sin((2 * Math.PI * hertz * n) / 8000));
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // one channel
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** Hz of a tone of 8000 samples a second, by its crossings of zero. */
function pitch(samples: Int16Array): number {
  const crossings = samples.filter((sample, n) => n > 0 && sample >= 0 !== samples[n - 1]! >= 0).length;
  return ((crossings / 2) * 8000) / samples.length;
}

const modules = '/usr/lib/baresip/modules';

describeWith(['root', 'debian-packages', 'baresip'], 'two real phones', () => {
  let lab: Lab;
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-baresip-'));
  const phones: Phone[] = [];

  interface Phone {
    readonly process: ChildProcess;
    readonly said: () => string;
  }

  /** Sends a tone of its own and writes what it hears to a file. */
  function phone({ name, tenant, address }: LabUser, hertz: number, answers: boolean): Phone {
    const home = join(folder, name);
    mkdirSync(home);
    const loaded = ['account', 'stdio', 'menu', 'g711', 'aufile', 'aubridge', 'sndfile'].filter((module) =>
      existsSync(join(modules, `${module}.so`)),
    );
    writeFileSync(
      join(home, 'config'),
      [
        `sip_listen ${address}:5060`,
        `net_interface ${address}`,
        `rtp_ports 20000-21000`,
        `module_path ${modules}`,
        ...loaded.map((module) => `${['account', 'menu'].includes(module) ? 'module_app' : 'module'} ${module}.so`),
        `audio_source aufile,${join(home, 'tone.wav')}`,
        'audio_player aubridge,nobody',
        'audio_alert aubridge,nobody',
        `snd_path ${home}`,
        '',
      ].join('\n'),
    );
    writeFileSync(join(home, 'tone.wav'), toneFile(hertz));
    const domain = domainOf(tenant);
    writeFileSync(
      join(home, 'accounts'),
      `<sip:${name}@${domain}>;auth_user=${name};auth_pass="${passwordOf(name)}";outbound="sip:${lab.floating}:5060;transport=udp";regint=300${answers ? ';answermode=auto' : ''};audio_codecs=PCMA\n`,
    );
    const child = spawnOutside(input.name, ['baresip', '-f', home, '-v'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const made = { process: child, said: () => said };
    phones.push(made);
    return made;
  }

  /** What a phone decoded of the other's audio, samples of 8000 a second. */
  function heard({ name }: LabUser): Int16Array {
    const home = join(folder, name);
    const dump = readdirSync(home).find((file) => file.endsWith('-dec.wav'));
    const bytes = dump === undefined ? Buffer.alloc(44) : readFileSync(join(home, dump));
    return Int16Array.from({ length: Math.max(0, Math.floor((bytes.length - 44) / 2)) }, (_, n) =>
      bytes.readInt16LE(44 + 2 * n),
    );
  }

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
  });
  afterAll(async () => {
    for (const { process } of phones) process.kill('SIGKILL');
    await lab?.down();
    rmSync(folder, { recursive: true });
  });

  it('register, call each other through the cell, send audio both ways and hang up', async () => {
    const callee = phone(bert, 900, true);
    const caller = phone(anna, 500, false);
    const registered = () => [caller, callee].every(({ said }) => /200 OK/.test(said()));
    await until(registered, 20).catch(() => expect([caller.said(), callee.said()].join('\n')).toBe('registered'));
    caller.process.stdin!.write(`/dial sip:bert@${domainOf('acme')}\n`);
    await until(() => /Call established/i.test(caller.said()), 15).catch(() =>
      expect([caller.said(), callee.said()].join('\n')).toBe('established'),
    );
    await sleep(3000);
    caller.process.stdin!.write('/hangup\n');
    await until(async () => (await lab.records()).some(({ event }) => event === 'end'), 15);
    const [start, end] = await lab.records();
    expect(start).toMatchObject({ event: 'start', from: 'anna@acme.example.com', to: 'bert', kind: 'user' });
    expect(end).toMatchObject({ event: 'end', cause: 200, reason: 'hung_up' });
    expect(end!.ended! - end!.answered!).toBeGreaterThan(2.5);
    // Each heard the other's tone: 1 s in the middle of what it decoded.
    await until(() => [anna, bert].every((user) => heard(user).length > 8000 * 2.5));
    expect(pitch(heard(anna).subarray(8000, 16_000))).toBeCloseTo(900, -1.5);
    expect(pitch(heard(bert).subarray(8000, 16_000))).toBeCloseTo(500, -1.5);
  });
});
