import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deliver, replay, type RecordFiles, type RecordStream } from '../../../lib/software/call-records/delivery.ts';
import { nameOfLine, recordName, type RecordLine } from '../../../lib/software/call-records/record-line.ts';
import { Reconciler } from '../../../lib/software/call-records/reconciliation.ts';
import type { CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import { callEvent } from './records.ts';

class Killed extends Error {}

/** A process that is killed after this number of steps. */
class Life {
  #steps: number;
  constructor(steps: number) {
    this.#steps = steps;
  }
  step(): void {
    if (this.#steps-- <= 0) throw new Killed();
  }
}

const BATCH = 3;
const number = (id: string) => Number(id.split('-')[0]);

/** A stream with one group and one consumer, as Redis has it; ids are the numbers of the entries from 1. */
class Stream {
  readonly entries: string[] = [];
  left = 0;
  readonly pending = new Set<number>();
  delivered = 0;
  read = 0;

  seenBy(life: Life): RecordStream {
    const at = (id: number) => ({ id: `${id}-0`, text: id <= this.left ? undefined : this.entries[id - 1]! });
    const step = <T>(work: () => T): Promise<T> =>
      new Promise((resolve) => {
        life.step();
        const done = work();
        // What Redis has done, and the process no longer learns.
        life.step();
        resolve(done);
      });
    return {
      unacknowledged: (after) =>
        step(() =>
          [...this.pending]
            .filter((id) => id > number(after))
            .slice(0, BATCH)
            .map(at),
        ),
      next: () =>
        step(() => {
          if (this.left > this.read) {
            const before = this.left < this.entries.length ? `${this.left + 1}-0` : '';
            return { from: this.read, left: this.left, after: `${this.delivered}-0`, before };
          }
          const first = Math.max(this.delivered, this.left) + 1;
          const ids = this.entries.map((_, index) => index + 1).filter((id) => id >= first && id < first + BATCH);
          for (const id of ids) this.pending.add(id);
          this.delivered = ids.at(-1) ?? this.delivered;
          this.read += ids.length;
          return ids.map(at);
        }),
      pass: ({ left }) => step(() => void (this.read = left)),
      acknowledge: (ids) => step(() => ids.forEach((id) => this.pending.delete(number(id)))),
      all: (after) =>
        step(() =>
          this.entries
            .map((_, index) => index + 1)
            .filter((id) => id > this.left && id > number(after))
            .slice(0, BATCH)
            .map(at),
        ),
    };
  }
}

/** Files of which a process that is killed leaves any part of what it was writing. */
class Disk {
  readonly texts = new Map<string, string>();

  lines(file: string): readonly string[] {
    return this.texts.get(file)?.split('\n').slice(0, -1) ?? [];
  }

  seenBy(life: Life, torn: number): RecordFiles {
    return {
      names: async (file) => {
        life.step();
        const lines = this.lines(file);
        this.texts.set(file, lines.map((line) => `${line}\n`).join(''));
        return new Set(lines.map((line) => nameOfLine(file, line)!));
      },
      append: async (file: string, lines: readonly RecordLine[]) => {
        const before = this.texts.get(file) ?? '';
        const bytes = lines.map(({ text }) => `${text}\n`).join('');
        this.texts.set(file, before + bytes.slice(0, Math.floor(bytes.length * torn)));
        life.step();
        this.texts.set(file, before + bytes);
        life.step();
      },
    };
  }
}

async function run(stream: Stream, disk: Disk, steps: number, torn: number, from?: number): Promise<void> {
  const life = new Life(steps);
  const job = {
    ...{ cell: 'euw1-a', stream: stream.seenBy(life), files: disk.seenBy(life, torn) },
    signal: new AbortController().signal,
  };
  try {
    await (from === undefined ? deliver(job) : replay(job, from));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
}

const toTheEnd = Infinity;
const events = (disk: Disk) =>
  [...disk.texts.keys()]
    .filter((file) => /^\d/.test(file))
    .flatMap((file) => disk.lines(file).map((line) => JSON.parse(line) as CallEvent));

/** Records of three days, some of them twice. */
const added = fc.array(fc.tuple(fc.nat(60), fc.constantFrom('start', 'end', 'refused'), fc.nat(200_000)), {
  maxLength: 12,
});
const killed = fc.record({ steps: fc.nat(25), torn: fc.double({ min: 0, max: 1, noNaN: true }) });

describe('delivery of call records', () => {
  it('writes each record once, whenever its process is killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(added, killed), { maxLength: 8 }), async (turns) => {
        const stream = new Stream();
        const disk = new Disk();
        const known = new Map<string, CallEvent>();
        for (const [records, { steps, torn }] of turns) {
          for (const [id, event, at] of records) {
            const record = known.get(`${id}:${event}`) ?? callEvent(String(id), event, at);
            known.set(recordName(record), record);
            stream.entries.push(JSON.stringify(record));
          }
          await run(stream, disk, steps, torn);
        }
        await run(stream, disk, toTheEnd, 1);
        expect(events(disk).map(recordName).sort()).toEqual([...known.keys()].sort());
        expect(stream.pending.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('writes down every entry that left the stream unread, whenever its process is killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(8), fc.nat(8), killed), { maxLength: 8 }), async (turns) => {
        const stream = new Stream();
        const disk = new Disk();
        for (const [more, fewer, { steps, torn }] of turns) {
          for (let at = 0; at < more; at++) {
            stream.entries.push(JSON.stringify(callEvent(String(stream.entries.length), 'refused', 0)));
          }
          stream.left = Math.min(stream.left + fewer, stream.entries.length);
          await run(stream, disk, steps, torn);
        }
        await run(stream, disk, toTheEnd, 1);
        const reconciler = new Reconciler();
        for (const file of [...disk.texts.keys()].sort().reverse()) {
          disk.lines(file).forEach((line, index) => reconciler.add(file, index + 1, line));
        }
        const lost = reconciler
          .result()
          .gaps.map((gap) => Number(/^(\d+) entr/.exec(gap)?.[1] ?? 1))
          .reduce((sum, count) => sum + count, 0);
        expect(events(disk).length + lost).toBe(stream.entries.length);
      }),
      { numRuns: 300 },
    );
  });

  it('adds by a replay what the files lack, and nothing else', async () => {
    const stream = new Stream();
    const disk = new Disk();
    for (let id = 1; id <= 10; id++) stream.entries.push(JSON.stringify(callEvent(String(id), 'start', id)));
    await run(stream, disk, toTheEnd, 1);
    const file = '2023-11-14.ndjson';
    disk.texts.set(
      file,
      disk
        .lines(file)
        .slice(0, 2)
        .map((line) => `${line}\n`)
        .join(''),
    );
    await run(stream, disk, toTheEnd, 1, 5);
    expect(events(disk).map(({ id }) => id)).toEqual(['1', '2', '5', '6', '7', '8', '9', '10']);
    await run(stream, disk, toTheEnd, 1, 0);
    expect(
      events(disk)
        .map(({ id }) => Number(id))
        .sort((a, b) => a - b),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('keeps what is not a record apart, and goes on', async () => {
    const stream = new Stream();
    const disk = new Disk();
    const whole = callEvent('1', 'end', 5);
    stream.entries.push('{', '{"event":"start"}', JSON.stringify({ ...whole, ended: '5' }), JSON.stringify(whole));
    await run(stream, disk, toTheEnd, 1);
    expect(disk.lines('unreadable.ndjson').map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { cell: 'euw1-a', stream: '1-0', text: '{' },
      { stream: '2-0' },
      { stream: '3-0' },
    ]);
    expect(events(disk)).toEqual([{ ...whole, cell: 'euw1-a', stream: '4-0' }]);
  });

  it('has the file of a record follow from its own time: the answer of a start, the end of any other', async () => {
    const stream = new Stream();
    const disk = new Disk();
    // Midnight is 6400 s after it began.
    stream.entries.push(JSON.stringify(callEvent('1', 'start', 6399)), JSON.stringify(callEvent('1', 'end', 6400)));
    await run(stream, disk, toTheEnd, 1);
    expect([...disk.texts.keys()].sort()).toEqual(['2023-11-14.ndjson', '2023-11-15.ndjson']);
  });
});
