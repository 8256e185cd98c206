/** A front before a bench cell: edges whose processor is measured, a directory, and callers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TenantItem } from '../../lib/fleet/directory.ts';
import { deriveFront, type EdgeHost, type Front } from '../../lib/fleet/derive/front.ts';
import { edgePublicAddress } from '../../lib/targets/local/front/addresses.ts';
import {
  callerAddress,
  directoryOf,
  execOnFront,
  frontUp,
  spawnAtCallers,
  type FrontState,
  type LocalDirectory,
} from '../../lib/targets/local/front/index.ts';
import { frontSecrets } from '../../lib/targets/local/front/secrets.ts';
import { healthyEdges } from '../../lib/targets/local/front/status.ts';
import { down } from '../../lib/targets/local/index.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { numbers, numbersOf, numberStep } from '../sip/bench-cell.ts';
import { processorTime } from '../sip/measure.ts';
import type { Spawn } from '../sip/sipp.ts';

/** A caller whom cells know as a carrier. */
export const carrier = callerAddress(1, 88);

/** Seconds in which an edge must know what it receives; 1,000,000 entries take some minutes on a busy machine. */
const longestLoad = 400;
/** Seconds in which an edge must be healthy again. */
const longestUnhealthy = 60;

export class BenchFront {
  readonly front: Front;
  state: FrontState;
  readonly directory: LocalDirectory;

  private constructor(front: Front, state: FrontState, directory: LocalDirectory) {
    this.front = front;
    this.state = state;
    this.directory = directory;
  }

  /** Two edges in each region, before the named cells, which must be up. */
  static async up(name: string, cells: readonly string[], regions: 1 | 2): Promise<BenchFront> {
    const spec = parseFront({
      name,
      domain: 'voice.example.com',
      regions: ['eu-west-1', 'us-east-1']
        .slice(0, regions)
        .map((region, index) => ({ region, network: `10.91.${index}.0/24` })),
      edge: { workers: 2, flood: { requestsPerSecond: 10_000 } },
    });
    await down(name);
    const front = deriveFront(spec);
    const state = await frontUp(spec, cells, { dieWithParent: true });
    return new BenchFront(front, state, await directoryOf(front, state));
  }

  down(): Promise<unknown> {
    return down(this.front.name);
  }

  /** Remakes the hosts that are dead. */
  async complete(): Promise<void> {
    const cells = this.state.cells.map(({ name }) => name);
    this.state = await frontUp(this.front.spec, cells, { dieWithParent: true });
  }

  /** Waits until every edge is sent new traffic. */
  async healthy(): Promise<void> {
    const deadline = Date.now() + longestUnhealthy * 1000;
    while (healthyEdges(this.front, this.state).size < this.front.edges.length) {
      if (Date.now() > deadline) throw new Error(`not every edge is healthy after ${longestUnhealthy} s`);
      await sleep(50);
    }
  }

  /** Programs of callers, who are outside of every cell and region. */
  readonly callers: Spawn = (argv, options) => spawnAtCallers(this.state, argv, options);

  /** An edge’s own public address. */
  publicAddress(edge: EdgeHost): string {
    return edgePublicAddress(this.front, edge);
  }

  /** `ADDRESS:PORT` of one edge alone. */
  sipAddress(edge: EdgeHost): string {
    return `${this.publicAddress(edge)}:${this.front.spec.edge.transports.udp}`;
  }

  /** Processor time so far, in milliseconds, of an edge's Kamailio. */
  processorTime(edge: EdgeHost): number {
    return processorTime(this.state.namespaces[edge.name]!.init.pid, '/etc/kamailio/kamailio.cfg');
  }

  /** Runs a program on a host. @throws Error when it fails */
  async on(host: string, argv: readonly string[], input = ''): Promise<string> {
    const outcome = await execOnFront(this.state, host, argv, { input });
    if (outcome.status !== 0) throw new Error(`${host}: ${argv.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
  }

  /** Puts tenants of a cell into the directory, each with its share of the numbers that are called. */
  async setTenants(cell: string, tenants: number): Promise<void> {
    const version = Date.now();
    const called = numbersOf(tenants);
    const items = Array.from({ length: tenants }, (_, index): TenantItem => {
      const keys = called.filter((_, number) => number % tenants === index).map((number) => `n:${number}`);
      return { kind: 'tenant', name: `bench-${index}`, version, cell, other: '', keys };
    });
    await this.directory.put(items);
    for (const edge of this.front.edges) await this.knows(edge, called.length);
  }

  /** When the directory last changed, in milliseconds since 1970 by its own clock, which is this machine's. */
  async lastChange(): Promise<number> {
    const answer = await this.#redis(['XREVRANGE', 'directory:changes', '+', '-', 'COUNT', '1']);
    return Number(/^(\d+)-\d+$/m.exec(answer)![1]);
  }

  /** Puts this number of tenants, with a number each, into the directory without telling the edges: they find them when they start. */
  async fillSilently(cell: string, tenants: number): Promise<void> {
    const keys = '"keys":["n:+49%010.0f"]';
    const item = `{"kind":"tenant","name":"bench-%d","version":${Date.now()},"cell":"${cell}","other":"",${keys}}`;
    // In parts: a script that runs for seconds would have the directory look dead to the edges.
    const script = `local first = tonumber(ARGV[1])
for i = first, first + tonumber(ARGV[2]) - 1 do
  redis.call('HSET', 'directory', 'tenant:bench-' .. i, string.format('${item}', i, i * ${numberStep} % ${numbers}))
end`;
    const part = 50_000;
    for (let first = 0; first < tenants; first += part) {
      await this.#redis(['EVAL', script, '0', String(first), String(Math.min(part, tenants - first))]);
    }
  }

  async #redis(words: readonly string[]): Promise<string> {
    const { directoryPassword } = await frontSecrets(this.front);
    return this.on('directory', ['env', `REDISCLI_AUTH=${directoryPassword}`, 'redis-cli', ...words]);
  }

  /** Kills an edge's programs and takes away what they know; they are started again. */
  async startWithNothing(edge: EdgeHost): Promise<void> {
    const state = '/var/lib/cellstamp/directory.db';
    await this.on(edge.name, [
      'bash',
      '-c',
      `pkill -KILL -x python3; rm -f ${state}*; pkill -KILL -x kamailio; rm -f /run/cellstamp/directory.json`,
    ]);
  }

  /** Shared memory of an edge's Kamailio, in bytes, and what is used of it with all that its keeping costs. */
  async sharedMemory(edge: EdgeHost): Promise<{ readonly total: number; readonly used: number }> {
    const text = await this.on(edge.name, ['kamcmd', '-s', 'unix:/run/kamailio/control.sock', 'core.shmmem']);
    const bytes = (key: string) => Number(new RegExp(`^\\s*${key}: (\\d+)`, 'm').exec(text)![1]);
    return { total: bytes('total'), used: bytes('real_used') };
  }

  /** Waits until an edge has this number of entries in its memory, and its Kamailio has received all of them. */
  async knows(edge: EdgeHost, entries: number): Promise<void> {
    const deadline = Date.now() + longestLoad * 1000;
    for (;;) {
      const { stdout } = await execOnFront(this.state, edge.name, ['cat', '/run/cellstamp/directory.json']);
      if (new RegExp(`"loaded": true, .*"entries": ${entries}, .*"untold": 0,`).test(stdout)) return;
      if (Date.now() > deadline) throw new Error(`${edge.name} does not hold ${entries} entries: ${stdout}`);
      await sleep(100);
    }
  }
}
