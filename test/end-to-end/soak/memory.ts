/** Memory of a cell's programs over time: whether it is flat. */
import { setTimeout as sleep } from 'node:timers/promises';
import { callRecordStream } from '../../../lib/software/kamailio/sbc/records.ts';
import { paths } from '../../../lib/software/redis/config.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { status } from '../../../lib/targets/local/index.ts';
import type { Lab } from '../lab/lab.ts';

/** A program on a host, from one start to its end. */
interface Life {
  readonly host: string;
  readonly program: string;
  readonly samples: { readonly at: number; readonly kilobytes: number }[];
}

/** What a program needed more at the end than when it had warmed up; of all its lives the one that grew most. */
export interface Growth {
  readonly program: string;
  /** Lives that lasted long enough to say something. */
  readonly lives: number;
  readonly host: string;
  /** How long that life was watched after it had warmed up. */
  readonly minutes: number;
  readonly fromKilobytes: number;
  readonly toKilobytes: number;
  /** Whether it stayed within the bound. */
  readonly isFlat: boolean;
}

/** A program may grow by so much after it has warmed up: what its allocator keeps of the busiest moment. */
export const bound = { share: 0.1, kilobytes: 8192 } as const;

const sampleMs = 10_000;

/**
 * A line for each process: PID 1 of the host aside, its program, when it started, its own memory and the shared memory that is not of a file.
 * Of PostgreSQL only its own: its shared buffers fill up to what its configuration says.
 */
const ask = `
for folder in /proc/[0-9]*; do
  read -r name 2>/dev/null <$folder/comm || continue
  start=$(cut -d ' ' -f 22 <(sed 's/.*) /x x /' $folder/stat) 2>/dev/null) || continue
  awk -v name="$name" -v start="$start" '
    /^Pss_Anon:/ { own = $2 } /^Pss_Shmem:/ { shared = $2 }
    END { if (own != "") print name, start, own + (name == "postgres" ? 0 : shared) }' $folder/smaps_rollup 2>/dev/null
done; true`;

/** Programs that do the cell's work; what runs for a moment, such as a health check, is not among them. */
const watched = new Set([
  ...['kamailio', 'rtpengine', 'keepalived', 'pgbouncer', 'stunnel4', 'stunnel', 'postgres', 'redis-server'],
  'python3',
]);

export class MemoryWatch {
  readonly #lab: Lab;
  readonly #lives = new Map<string, Life>();
  readonly #work: Promise<void>;
  #ends = false;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#work = this.#watch();
  }

  static start(lab: Lab): MemoryWatch {
    return new MemoryWatch(lab);
  }

  async #watch(): Promise<void> {
    while (!this.#ends) {
      const began = Date.now();
      for (const { name, state } of status(this.#lab.spec.name).hosts) {
        if (state !== 'dead' && !this.#ends) await this.#sample(name).catch(() => undefined);
      }
      while (!this.#ends && Date.now() < began + sampleMs) await sleep(250);
    }
  }

  async #sample(host: string): Promise<void> {
    const text = await this.#lab.run(host, 'bash', '-c', ask);
    const programs = new Map<string, { start: number; kilobytes: number }>();
    for (const line of text.trim().split('\n')) {
      const [program, start, kilobytes] = line.split(' ') as [string, string, string];
      if (!watched.has(program)) continue;
      const known = programs.get(program) ?? { start: Infinity, kilobytes: 0 };
      // Its first process; workers come and go.
      known.start = Math.min(known.start, Number(start));
      known.kilobytes += Number(kilobytes);
      programs.set(program, known);
    }
    const records = programs.has('redis-server') ? await this.#recordKilobytes(host) : 0;
    for (const [program, { start, kilobytes }] of programs) {
      const key = `${host} ${program} ${start}`;
      const life = this.#lives.get(key) ?? { host, program, samples: [] };
      life.samples.push({ at: Date.now(), kilobytes: kilobytes - (program === 'redis-server' ? records : 0) });
      this.#lives.set(key, life);
    }
  }

  /** Call records that a Redis keeps for whoever reads them are no growth. */
  async #recordKilobytes(host: string): Promise<number> {
    const found = this.#lab.cell.redis.find(({ name }) => name === host);
    if (found === undefined) return 0;
    const script = `REDISCLI_AUTH=$(<${paths.password}) exec redis-cli -h ${found.address} -p ${internalPorts.redis} --tls --cacert ${paths.authorities} MEMORY USAGE ${callRecordStream} SAMPLES 0`;
    return (Number(await this.#lab.run(host, 'bash', '-c', script)) || 0) / 1024;
  }

  /** @param warmUpMs from the start of a program on, in which it may grow */
  async stop(warmUpMs: number): Promise<readonly Growth[]> {
    this.#ends = true;
    await this.#work;
    const worst = new Map<string, Growth>();
    for (const life of this.#lives.values()) {
      const growth = growthOf(life, warmUpMs);
      if (growth === undefined) continue;
      const known = worst.get(life.program);
      const more = ({ fromKilobytes, toKilobytes }: Growth) => toKilobytes - fromKilobytes;
      const greater = known === undefined || more(growth) > more(known) ? growth : known;
      worst.set(life.program, { ...greater, lives: (known?.lives ?? 0) + 1 });
    }
    return [...worst.values()].sort((a, b) => a.program.localeCompare(b.program));
  }
}

/** Undefined for a life that was too short. */
export function growthOf({ host, program, samples }: Life, warmUpMs: number): Growth | undefined {
  const warm = samples.filter(({ at }) => at >= samples[0]!.at + warmUpMs);
  // The least of some: calls come and go.
  if (warm.length < 6) return undefined;
  const least = (some: Life['samples']) => Math.round(Math.min(...some.map(({ kilobytes }) => kilobytes)));
  const third = Math.floor(warm.length / 3);
  const [from, to] = [least(warm.slice(0, third)), least(warm.slice(-third))];
  return {
    ...{ program, lives: 1, host, minutes: (warm.at(-1)!.at - warm[0]!.at) / 60_000 },
    ...{ fromKilobytes: from, toKilobytes: to },
    isFlat: to - from <= Math.max(bound.kilobytes, from * bound.share),
  };
}
