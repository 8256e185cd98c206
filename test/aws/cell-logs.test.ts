import { describe, expect, it } from 'vitest';
import { CellLogs } from '../../lib/aws/cell-logs.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

describe('CellLogs', () => {
  it('keeps the hosts’ journals for 30 days', () => {
    const made = synth((stack) => void new CellLogs(stack, 'logs', { cell: cellOf(minimal) }));
    expect(made.one('aws_cloudwatch_log_group')).toMatchObject({
      name: '/cellstamp/euw1-a/hosts',
      retention_in_days: 30,
    });
  });

  it('keeps them for as long as the spec says', () => {
    const made = synth((stack) => void new CellLogs(stack, 'logs', { cell: cellOf(maximal) }));
    expect(made.one('aws_cloudwatch_log_group')['retention_in_days']).toBe(365);
  });
});
