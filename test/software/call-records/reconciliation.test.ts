import { describe, expect, it } from 'vitest';
import { dayOf } from '../../../lib/software/call-records/record-line.ts';
import { Reconciler } from '../../../lib/software/call-records/reconciliation.ts';
import type { CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';
import { began, callEvent } from './records.ts';

const hour = 3600;

function reconcile(events: readonly CallEvent[], others: readonly (readonly [file: string, text: string])[] = []) {
  const reconciler = new Reconciler();
  for (const [file, text] of others) reconciler.add(file, 1, text);
  events.forEach((event, at) =>
    reconciler.add(`${dayOf(event)}.ndjson`, at + 1, JSON.stringify({ ...event, cell: 'euw1-a', stream: `${at}-0` })),
  );
  return reconciler.result();
}

const answered = (seconds: number) => ({ answered: began + seconds });

describe('reconciliation of call records', () => {
  it('counts records by day, days without one too, and finds nothing missing', () => {
    const { days, gaps, up, until } = reconcile([
      callEvent('1', 'start', 0),
      callEvent('1', 'end', 10, answered(0)),
      callEvent('2', 'end', 20, { answered: null }),
      callEvent('3', 'refused', 30),
      callEvent('4', 'start', 40 * hour),
    ]);
    expect(days).toEqual([
      { day: '2023-11-14', starts: 1, ends: 1, unanswered: 1, refused: 1 },
      { day: '2023-11-15', starts: 0, ends: 0, unanswered: 0, refused: 0 },
      { day: '2023-11-16', starts: 1, ends: 0, unanswered: 0, refused: 0 },
    ]);
    expect({ gaps, up, until }).toEqual({ gaps: [], up: 1, until: began + 40 * hour });
  });

  it('names a call that has not ended once it is longer than any call may be', () => {
    const start = callEvent('1', 'start', 0);
    expect(reconcile([start, callEvent('2', 'refused', 24 * hour)])).toMatchObject({ up: 1, gaps: [] });
    expect(reconcile([start, callEvent('2', 'refused', 26 * hour)])).toMatchObject({
      up: 0,
      gaps: ['call 1, answered 2023-11-14T22:13:20.000Z, has no end'],
    });
  });

  it('names an end without its start, unless the call began before the first record', () => {
    const ends = [
      callEvent('1', 'refused', 0),
      callEvent('2', 'end', 60, answered(30)),
      callEvent('3', 'end', 70, answered(-5)),
    ];
    expect(reconcile(ends)).toMatchObject({
      begunBefore: 1,
      gaps: ['call 2, answered 2023-11-14T22:13:50.000Z, has no start'],
    });
  });

  it('takes a start that stands after its end, as a replay adds it', () => {
    expect(reconcile([callEvent('1', 'end', 10, answered(0)), callEvent('1', 'start', 0)])).toMatchObject({
      up: 0,
      gaps: [],
    });
  });

  it('counts an entry once that several losses name', () => {
    const loss = (from: number, left: number) =>
      ['lost.ndjson', JSON.stringify({ from, left, after: '9-0', before: '' })] as const;
    expect(reconcile([], [loss(10, 15), loss(10, 20), loss(20, 21)]).gaps).toEqual([
      '5 entries left the stream unread, after 9-0 and before any that is there',
      '5 entries left the stream unread, after 9-0 and before any that is there',
      '1 entry left the stream unread, after 9-0 and before any that is there',
    ]);
  });

  it('counts an entry that left the stream unacknowledged only where its line is missing', () => {
    const trimmed = (id: string) => ['lost.ndjson', JSON.stringify({ trimmed: id })] as const;
    expect(reconcile([callEvent('1', 'refused', 0)], [trimmed('0-0'), trimmed('7-0')]).gaps).toEqual([
      'entry 7-0 left the stream before its line was on the disk',
    ]);
  });

  it('names records that stand twice or in the wrong file, and damaged lines, by file and line', () => {
    const text = JSON.stringify({ ...callEvent('1', 'refused', 0), cell: 'euw1-a', stream: '1-0' });
    const reconciler = new Reconciler();
    reconciler.add('lost.ndjson', 1, '{}');
    reconciler.add('2023-11-13.ndjson', 1, text);
    reconciler.add('2023-11-14.ndjson', 1, text);
    reconciler.add('2023-11-14.ndjson', 2, text);
    reconciler.add('2023-11-14.ndjson', 3, text.slice(1));
    reconciler.add('unreadable.ndjson', 1, '{}');
    expect(reconciler.result().gaps).toEqual([
      'lost.ndjson:1: the line is damaged',
      '2023-11-13.ndjson:1: 1:refused is a record of 2023-11-14',
      '2023-11-14.ndjson:2: 1:refused is there twice',
      '2023-11-14.ndjson:3: the line is damaged',
      'unreadable.ndjson:1: an entry of the stream is not a call record',
    ]);
  });
});
