import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Reception } from '../../../lib/user-agent/audio/reception.ts';

/** Packets of 20 ms that leave in order and arrive as the list says. */
function receive(numbers: readonly number[], start = 0) {
  const reception = new Reception(8000);
  const verdicts = numbers.map((number, at) => reception.note((start + number) & 0xffff, number * 160, at * 20));
  return { reception, verdicts };
}

describe('the count of a stream', () => {
  test('is exact for any loss, order and repetition, across the wrap of the sequence number', () => {
    const arrivals = fc
      .array(fc.record({ keep: fc.boolean(), delay: fc.nat(8), repeat: fc.boolean() }), {
        minLength: 1,
        maxLength: 300,
      })
      .map((packets) =>
        packets
          .flatMap(({ keep, delay, repeat }, number) =>
            keep
              ? Array.from({ length: repeat ? 2 : 1 }, (_, copy) => ({ number, at: number + delay + copy * 3 }))
              : [],
          )
          .sort((one, other) => one.at - other.at || one.number - other.number)
          .map(({ number }) => number),
      )
      .filter((numbers) => numbers.length > 0);
    fc.assert(
      fc.property(arrivals, fc.nat(65535), (numbers, start) => {
        const { counts } = receive(numbers, start).reception;
        const unique = new Set(numbers);
        expect(counts.received).toBe(unique.size);
        expect(counts.duplicates).toBe(numbers.length - unique.size);
        expect(counts.lost).toBe(Math.max(...numbers) - Math.min(...numbers) + 1 - unique.size);
        let highest = -1;
        const seen = new Set<number>();
        let late = 0;
        for (const number of numbers) {
          if (number < highest && !seen.has(number)) late++;
          highest = Math.max(highest, number);
          seen.add(number);
        }
        expect(counts.reordered).toBe(late);
      }),
    );
  });

  test('says of each packet how it came', () => {
    expect(receive([0, 1, 3, 2, 3, 4]).verdicts).toEqual(['next', 'next', 'gap', 'late', 'duplicate', 'next']);
  });

  test('starts over when the numbers jump', () => {
    const { reception, verdicts } = receive([0, 1, 10_000]);
    expect(verdicts).toEqual(['next', 'next', 'restart']);
    expect(reception.counts).toMatchObject({ received: 2, lost: 0 });
  });

  test('counts cycles in the highest sequence number', () => {
    expect(receive([0, 1, 2], 65534).reception.highestSequence).toBe(65536);
    expect(receive([]).reception.highestSequence).toBeUndefined();
  });

  test('tells each time the share lost since the last', () => {
    const { reception } = receive([0, 1, 2, 4]);
    expect(reception.takeFractionLost()).toBe(0.2);
    reception.note(5, 5 * 160, 100);
    expect(reception.takeFractionLost()).toBe(0);
  });
});

describe('jitter', () => {
  test('is zero for packets that come as they left', () => {
    expect(receive([0, 1, 2, 3, 4, 5]).reception.counts.jitterMs).toBe(0);
  });

  test('is a sixteenth of the first deviation', () => {
    const reception = new Reception(8000);
    reception.note(0, 0, 0);
    reception.note(1, 160, 36); // 16 ms late
    expect(reception.counts.jitterMs).toBe(1);
  });

  test('ignores a pause in which timestamps went on', () => {
    const reception = new Reception(8000);
    reception.note(0, 0, 0);
    reception.note(1, 160 * 500, 20 * 500);
    expect(reception.counts.jitterMs).toBe(0);
  });
});
