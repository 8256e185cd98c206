/** A lab's cell with its file, as an operator has it, and calls that come while something is done to it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { anna, bert, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { talkAndChange } from '../lab/relay-steps.ts';
import { failuresOf, until } from '../lab/lab.ts';
import { SteadyCalls } from '../lab/steady-calls.ts';
import { Cluster } from './cluster.ts';
import { KubernetesLab, labCell, makeImages, type Images } from './kubernetes-lab.ts';
import { floatingAddress } from './outside.ts';
import { callsByRelay, sessionsOn } from './relays.ts';

export const kinds = [withinTenant, toCarrier, fromCarrier(floatingAddress)];

/** Of each side of each call, in order. */
export const gapsOf = (calls: readonly CallResult[]): readonly number[] =>
  calls
    .flatMap(({ toCaller, toCallee }) => [toCaller!.longestGapMs, toCallee!.longestGapMs])
    .map(Math.round)
    .sort((a, b) => a - b);

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

export class Bed {
  readonly images: Images;
  readonly lab: KubernetesLab;
  readonly #folder: string;
  readonly #change: (cell: CellInput) => CellInput;
  readonly #path = process.env['PATH'];
  #agents: AgentsProcess | undefined;

  private constructor(images: Images, lab: KubernetesLab, folder: string, change: (cell: CellInput) => CellInput) {
    this.images = images;
    this.lab = lab;
    this.#folder = folder;
    this.#change = change;
    process.env['PATH'] = `${lab.cluster.kubectlFolder()}:${this.#path}`;
  }

  /**
   * A cluster with nothing of the cell.
   * @param spare nodes beside those of the cell's hosts
   * @param change what the cell has beside the lab's
   */
  static async up(spare = 0, change: (cell: CellInput) => CellInput = (cell) => cell): Promise<Bed> {
    await Cluster.requireNone();
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-kubernetes-'));
    try {
      const began = Date.now();
      // Kept where somebody names a folder for them: they take most of a minute, and are the same.
      const images = await makeImages(process.env['CELLSTAMP_TEST_IMAGES'] ?? join(folder, 'images'));
      const made = Date.now();
      const lab = await KubernetesLab.up(images, spare, change);
      console.log(`images after ${seconds(made - began)}, a cluster after ${seconds(Date.now() - made)} more`);
      return new Bed(images, lab, folder, change);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async down(): Promise<void> {
    process.env['PATH'] = this.#path;
    rmSync(this.#folder, { recursive: true, force: true });
    await this.lab.down();
  }

  /** The cell with its customers, ready for calls. */
  async serve(): Promise<void> {
    const { lab } = this;
    await lab.apply(lab.objects());
    await lab.ready();
    this.write();
    await this.operate('provision');
    await lab.addUsers([anna, bert]);
    this.#agents = await lab.agents();
  }

  get agents(): AgentsProcess {
    return this.#agents!;
  }

  /** The cell's file. */
  write(change: (cell: CellInput) => CellInput = (cell) => cell): void {
    const { sbc, media } = this.images;
    const images = { sbc: sbc.image, media: media.image };
    const cell = change(this.#change({ ...labCell, kubernetes: { ...labCell.kubernetes, images } }));
    writeFileSync(join(this.#folder, `${labCell.name}.yaml`), JSON.stringify(cell));
  }

  operate(command: string, ...options: readonly string[]): Promise<void> {
    return this.#cellstamp(command, labCell.name, ...options);
  }

  operateOn(command: 'drain' | 'undrain', host: string): Promise<void> {
    return this.#cellstamp(command, host, '--cell', labCell.name);
  }

  async #cellstamp(...words: readonly string[]): Promise<void> {
    const { status, stderr } = await cellstamp(...words, '--target', 'kubernetes', '--cells', this.#folder);
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  }

  /** Calls that all wait at the pause `lost`; then they are held, resumed, changed and hung up. */
  async callsThatWait(calls: number): Promise<StartedRun> {
    const steps = talkAndChange(3);
    let paused = 0;
    const run = this.agents.startRun(
      // What is lost until the neighbour has them is measured.
      { kinds: kinds.map((kind) => ({ ...kind, steps })), calls, ratePerSecond: 10, maximumLoss: 0.5 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 30);
    return run;
  }

  /** Nothing is left of any call: in no relay, in no counter, without a record. */
  async nothingIsLeftOf(calls: readonly CallResult[], hosts: readonly string[]): Promise<void> {
    expect(await this.lab.withoutRecord(calls)).toEqual([]);
    await until(async () => (await callsByRelay(this.lab)).size === 0, 20);
    for (const host of hosts) await until(async () => (await sessionsOn(this.lab, host)) === 0, 20);
  }

  /** What became of the calls that were up or came meanwhile; it is also printed. */
  async underCalls(
    what: string,
    load: { readonly ratePerSecond: number; readonly talkSeconds: number; readonly maximumLoss?: number },
    work: () => Promise<void>,
  ): Promise<readonly CallResult[]> {
    const steady = SteadyCalls.start(this.agents, kinds, { maximumLoss: 0.02, ...load });
    const began = Date.now();
    let results: readonly CallResult[] = [];
    try {
      await sleep(load.talkSeconds * 1000);
      await work();
    } finally {
      results = await steady.stop();
    }
    const audio = results.flatMap(({ toCaller, toCallee }) => [toCaller, toCallee]).filter((one) => one !== null);
    const lost = audio.reduce((sum, one) => sum + one.lost, 0);
    const all = audio.reduce((sum, one) => sum + one.received + one.lost, 0);
    console.log(
      `${what}: ${seconds(Date.now() - began)}; ${load.ratePerSecond * load.talkSeconds} calls up at once, ${results.length} in all, ${failuresOf(results).length} failures, ` +
        `${lost} of ${all} packets lost, longest gap ${Math.round(Math.max(...audio.map(({ longestGapMs }) => longestGapMs)))} ms`,
    );
    return results;
  }
}
