/** baresip: a phone that nobody of this project wrote. Without a sound card it sends a tone and records what it hears. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toneWave } from './tone-files.ts';

const modules = '/usr/lib/baresip/modules';

export interface PhoneSettings {
  /** A new folder, for its configuration and its recordings. */
  readonly home: string;
  /** A line of its file `accounts`. */
  readonly account: string;
  /** Of the tone that it sends. */
  readonly hertz: number;
  /** First of its thousand ports for audio. */
  readonly audioPort: number;
  /** Where it listens. Default: any address, any port. */
  readonly address?: string;
}

export class Baresip {
  readonly #home: string;
  readonly #process: ChildProcess;
  #said = '';

  /** @param start starts a program, elsewhere than in the network of this process perhaps */
  constructor(
    { home, account, hertz, audioPort, address }: PhoneSettings,
    start: (argv: readonly string[]) => ChildProcess = ([program, ...args]) =>
      spawn('setpriv', ['--pdeathsig', 'KILL', program!, ...args], { stdio: 'pipe' }),
  ) {
    this.#home = home;
    mkdirSync(home);
    const loaded = ['account', 'stdio', 'menu', 'g711', 'aufile', 'aubridge', 'sndfile'].filter((module) =>
      existsSync(join(modules, `${module}.so`)),
    );
    const config = [
      ...(address === undefined ? [] : [`sip_listen ${address}:5060`, `net_interface ${address}`]),
      `rtp_ports ${audioPort}-${audioPort + 999}`,
      `module_path ${modules}`,
      ...loaded.map((module) => `${['account', 'menu'].includes(module) ? 'module_app' : 'module'} ${module}.so`),
      `audio_source aufile,${join(home, 'tone.wav')}`,
      'audio_player aubridge,nobody',
      'audio_alert aubridge,nobody',
      `snd_path ${home}`,
    ];
    writeFileSync(join(home, 'config'), `${config.join('\n')}\n`);
    writeFileSync(join(home, 'accounts'), `${account};audio_codecs=PCMA\n`);
    writeFileSync(join(home, 'tone.wav'), toneWave(hertz));
    this.#process = start(['baresip', '-f', home, '-v']);
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    }
  }

  /** All that it has printed. */
  get said(): string {
    return this.#said;
  }

  /** @param command as a person types it, `/dial sip:bob@example.com` for example */
  type(command: string): void {
    this.#process.stdin!.write(`${command}\n`);
  }

  /** What it has decoded of the other's audio until now: samples of 16 bits, 8000 a second. */
  heard(): Int16Array {
    const dump = readdirSync(this.#home).find((file) => file.endsWith('-dec.wav'));
    if (dump === undefined || statSync(join(this.#home, dump)).size < 44) return new Int16Array();
    const bytes = readFileSync(join(this.#home, dump));
    return Int16Array.from({ length: Math.floor((bytes.length - 44) / 2) }, (_, n) => bytes.readInt16LE(44 + 2 * n));
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
