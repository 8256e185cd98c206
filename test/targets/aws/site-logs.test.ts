import { describe, expect, it } from 'vitest';
import { SiteLogs } from '../../../lib/targets/aws/site-logs.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

describe('SiteLogs', () => {
  it('keeps the hosts’ journals under the site’s name', () => {
    const made = synth(
      (stack) => void new SiteLogs(stack, 'logs', { site: cellSite(cellOf(minimal)), retentionDays: 30 }),
    );
    expect(made.one('aws_cloudwatch_log_group')).toMatchObject({
      name: '/cellstamp/euw1-a/hosts',
      retention_in_days: 30,
    });
  });

  it('keeps them for as many days as it is told', () => {
    const made = synth(
      (stack) => void new SiteLogs(stack, 'logs', { site: cellSite(cellOf(maximal)), retentionDays: 365 }),
    );
    expect(made.one('aws_cloudwatch_log_group')['retention_in_days']).toBe(365);
  });
});
