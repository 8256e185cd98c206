import { describe, expect, it } from 'vitest';
import { formatReport, type CallReport } from '../../lib/cli/call-report.ts';

const report: CallReport = {
  cell: 'example',
  good: true,
  seconds: 7.04,
  firstAnswer: '2026-01-01T00:00:00.000Z',
  summary: {
    calls: 50,
    answered: 50,
    failed: 0,
    failures: [],
    statuses: { 200: 50 },
    kinds: { registered: { calls: 17, failed: 0 }, 'carrier-in': { calls: 33, failed: 0 } },
    setupMs: { p50: 12.34, p99: 31.9, worst: 40 },
    postDialDelayMs: null,
    packets: { sent: 10000, received: 9998, lost: 2, reordered: 0 },
    worstJitterMs: 1,
    longestGapMs: 40,
    mediaAddresses: {},
  },
  mediaHosts: { 'media-2': 25, 'media-1': 25 },
  records: { arrived: 50, expected: 50 },
};

describe('the table at the end of calls', () => {
  it('has the figures one below the other', () => {
    expect(formatReport(report).split('\n')).toEqual([
      'calls through cell example',
      '',
      'calls               50 in 7.0 s (carrier-in 33, registered 17)',
      'answered            50',
      'failed              0',
      'set-up p50 / p99    12.3 ms / 31.9 ms',
      'packets             10000 sent, 9998 received, 2 lost',
      'calls a media host  media-1 25, media-2 25',
      'call records        50 of 50',
    ]);
  });

  it('says what failed, how often, and an example', () => {
    const failures = [{ what: 'the INVITE was refused', calls: 3, example: '503 Service Unavailable' }];
    const text = formatReport({ ...report, good: false, summary: { ...report.summary, failed: 3, failures } });
    expect(text.split('\n').slice(-3)).toEqual([
      '',
      'calls  what failed             for example',
      '3      the INVITE was refused  503 Service Unavailable',
    ]);
  });

  it('does not invent a set-up time when no call was answered', () => {
    const summary = { ...report.summary, answered: 0, setupMs: null };
    expect(formatReport({ ...report, summary, mediaHosts: {} })).toMatch(
      /set-up p50 \/ p99 +none\n[^]*media host +none\n/,
    );
  });
});
