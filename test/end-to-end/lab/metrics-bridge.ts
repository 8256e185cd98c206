/**
 * Brings the metrics of a cell's hosts to this machine's loopback: only the cell's SBCs reach them, and a Prometheus of several cells
 * can't be in the network of each. One process in the network of an SBC and one here meet at sockets in the file system, which all
 * networks have in common.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { firstOutput } from '../../first-output.ts';

/** As much of what `npx cellstamp prometheus-config` prints as is changed here. */
interface ScrapeConfig {
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly static_configs: readonly { readonly targets: readonly string[]; readonly labels: object }[];
  }[];
}

type SocketAddress = string | { readonly host: string; readonly port: number };

/** Carries connections from the first place of each pair to the second, and prints the ports that it listens on. */
const relay = `
const { createServer, connect } = require('node:net');
const { pipeline } = require('node:stream');
const listening = JSON.parse(process.argv[1]).map(([from, to]) => new Promise((resolve) => {
  const server = createServer((client) => {
    const other = connect(to);
    pipeline(client, other, () => {});
    pipeline(other, client, () => {});
  });
  server.listen(from, () => resolve(server.address().port ?? 0));
}));
Promise.all(listening).then((ports) => console.log(JSON.stringify(ports)));`;

const argvOf = (pairs: readonly (readonly [SocketAddress, SocketAddress])[]) => [
  '--eval',
  relay,
  JSON.stringify(pairs),
];

export class MetricsBridge {
  readonly #folder: string;
  readonly #processes: readonly ChildProcess[];
  /** What was printed for the cell, with the targets as they are reached here. */
  readonly jobs: ScrapeConfig['scrape_configs'];

  private constructor(folder: string, processes: readonly ChildProcess[], jobs: MetricsBridge['jobs']) {
    this.#folder = folder;
    this.#processes = processes;
    this.jobs = jobs;
  }

  /** @param scrape what `npx cellstamp prometheus-config` prints of the running cell */
  static async open(cell: string, scrape: string): Promise<MetricsBridge> {
    const { scrape_configs: jobs } = parse(scrape) as ScrapeConfig;
    const targets = jobs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-bridge-'));
    const sockets = targets.map((target) => join(folder, target));
    const hosts = targets.map((target) => {
      const [host = '', port] = target.split(':');
      return { host, port: Number(port) };
    });
    const { init } = requireState(cell).namespaces['sbc-1']!;
    const stdio = ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'];
    const there = spawnInNetwork(
      init,
      [process.execPath, ...argvOf(sockets.map((socket, i) => [socket, hosts[i]!] as const))],
      { stdio },
    );
    const any = { host: '127.0.0.1', port: 0 };
    const here = spawn(process.execPath, argvOf(sockets.map((socket) => [any, socket] as const)), { stdio });
    const [, ports] = await Promise.all([firstOutput(there), firstOutput(here)]);
    const addresses = new Map(targets.map((target, i) => [target, `127.0.0.1:${(JSON.parse(ports) as number[])[i]!}`]));
    return new MetricsBridge(
      folder,
      [there, here],
      jobs.map((job) => ({
        ...job,
        job_name: `${cell}-${job.job_name}`,
        static_configs: job.static_configs.map((one) => ({
          ...one,
          targets: one.targets.map((target) => addresses.get(target)!),
        })),
      })),
    );
  }

  async close(): Promise<void> {
    for (const child of this.#processes) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
