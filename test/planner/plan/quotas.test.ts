import { describe, expect, it } from 'vitest';
import { QuotaBook, quotaUse } from '../../../lib/planner/plan/quotas.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';

const spec = parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} });

describe('quotas', () => {
  it('a standard cell takes 7 Elastic IPs, 6 instances, 40 vCPUs and a network', () => {
    expect(quotaUse(spec)).toEqual({ elasticAddresses: 7, instances: 6, vcpus: 40, networks: 1 });
  });

  it('a cell that is not on AWS takes nothing of what AWS allows', () => {
    const local = parseCell({ name: 'lab', region: 'eu-west-1', local: {} });
    expect(Object.values(quotaUse(local))).toEqual([0, 0, 0, 0]);
  });

  it('what one stamp takes is not there for the next, and what is short is counted for all that are wanted', () => {
    const book = new QuotaBook([
      { region: 'eu-west-1', quota: 'elasticAddresses', limit: 12, used: 4 },
      { region: 'us-east-1', quota: 'elasticAddresses', limit: 0, used: 0 },
    ]);
    expect(book.take(spec)).toBeUndefined();
    expect(book.take(spec)).toBe('elasticAddresses in eu-west-1: 11 used + 7 for the cell, quota 12');
    expect(book.needs()).toEqual([
      { region: 'eu-west-1', quota: 'elasticAddresses', limit: 12, used: 4, needed: 14, short: 6 },
      { region: 'us-east-1', quota: 'elasticAddresses', limit: 0, used: 0, needed: 0, short: 0 },
    ]);
  });
});
