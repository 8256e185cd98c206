/** Linphone without a window: another phone that nobody of this project wrote. It plays a tone from a file and records into one. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toneWave } from './tone-files.ts';

export interface LinphoneSettings {
  /** A new folder, for its configuration and its recordings. */
  readonly home: string;
  /** Text of its file of settings. */
  readonly settings: string;
  /** Of the tone that it sends. */
  readonly hertz: number;
}

export class Linphone {
  readonly #home: string;
  readonly #process: ChildProcess;
  #said = '';

  constructor({ home, settings, hertz }: LinphoneSettings) {
    this.#home = home;
    // It makes no folders itself.
    mkdirSync(join(home, '.local/share/linphone'), { recursive: true });
    writeFileSync(join(home, 'linphonerc'), settings);
    writeFileSync(join(home, 'tone.wav'), toneWave(hertz));
    const own = { HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: join(home, '.local/share') };
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', 'linphonec', '-c', join(home, 'linphonerc')], {
      stdio: 'pipe',
      env: { ...process.env, ...own },
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    }
    for (const command of ['soundcard use files', `play ${join(home, 'tone.wav')}`, `record ${this.#recording}`])
      this.type(command);
  }

  get #recording(): string {
    return join(this.#home, 'heard.wav');
  }

  /** All that it has printed. */
  get said(): string {
    return this.#said;
  }

  /** @param command as a person types it, `call sip:bob@example.com` for example */
  type(command: string): void {
    this.#process.stdin!.write(`${command}\n`);
  }

  /** What it has heard in a call that has ended: samples of 16 bits, 8000 a second. */
  heard(): Int16Array {
    const bytes = readFileSync(this.#recording);
    return Int16Array.from({ length: Math.floor((bytes.length - 44) / 2) }, (_, n) => bytes.readInt16LE(44 + 2 * n));
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
