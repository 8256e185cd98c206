import { describe, expect, it } from 'vitest';
import { cellCapacity } from '../../lib/planner/cell-capacity.ts';
import { figuresWith } from '../../lib/planner/component-figures.ts';
import { nodeCores } from '../../lib/planner/store-capacity.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';

const cell = (nodeType: string, instanceClass: string) =>
  parseCell({ name: 'x', region: 'eu-west-1', aws: { redis: { nodeType }, database: { instanceClass } } });

describe('what Redis and the database carry', () => {
  it.each([
    ['cache.t4g.micro', { cores: 2, baseline: 0.1 }],
    ['cache.m6g.large', { cores: 2, baseline: 1 }],
    ['db.r6g.xlarge', { cores: 4, baseline: 1 }],
    ['db.r6g.12xlarge', { cores: 48, baseline: 1 }],
    ['db.t4g.medium', { cores: 2, baseline: 0.2 }],
    ['db.serverless', undefined],
    ['m6g.large', undefined],
  ])('%s has %j for good', (type, cores) => {
    expect(nodeCores(type)).toEqual(cores);
  });

  it('follows from what a node has for good: credits of a small one are part of a core', () => {
    const { resources } = cellCapacity(cell('cache.t4g.micro', 'db.t4g.medium'));
    expect(resources.recordEvents.limit).toBeCloseTo(0.2 * 68_900, 6);
    expect(resources.recordEvents.binding.arithmetic).toMatch(/ x 20 % of a core of cache\.t4g\.micro$/);
    expect(resources.databaseWrites.limit).toBeCloseTo(0.2 * 11_200, 6);
  });

  it('a larger Redis node takes no more, as all commands run on one core', () => {
    const limit = (type: string) => cellCapacity(cell(type, 'db.r6g.large')).resources.recordEvents.limit;
    expect(limit('cache.m6g.4xlarge')).toBe(limit('cache.m6g.large'));
  });

  it('says what it does not know, and still does not guess', () => {
    const { resources, unknown } = cellCapacity(cell('cache.x9.huge', 'db.r6g.4xlarge'));
    expect(resources.databaseWrites.limit).toBe(11_200);
    expect(unknown.join('\n')).toMatch(
      /processor of cache\.x9\.huge[^]*writes of db\.r6g\.4xlarge beyond those of two cores/,
    );
  });

  it('an operator’s own measurement takes the place of the arithmetic', () => {
    const source = 'load test on cache.t4g.micro';
    const figures = figuresWith({ redisOperations: { value: 20_000, source }, databaseWrites: { value: 900, source } });
    const { resources, unknown } = cellCapacity(cell('cache.t4g.micro', 'db.r6g.4xlarge'), { figures });
    expect(resources.recordEvents).toMatchObject({ limit: 20_000, binding: { source } });
    expect(resources.databaseWrites.limit).toBe(900);
    expect(unknown.join()).not.toMatch(/writes of/);
  });
});
