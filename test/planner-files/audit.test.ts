import { appendFileSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addToAudit, readAuditEnd, type AuditEntry } from '../../lib/planner-files/audit.ts';
import { folderOf } from './folder.ts';

const entry = (plan: string, more: Partial<AuditEntry> = {}) => ({
  event: 'seen' as const,
  plan,
  now: '2026-03-02T09:00:00.000Z',
  policy: { name: 'gradeOfService', blocking: 0.01, quantile: 0.99 },
  ...more,
});
const pathIn = (files: Readonly<Record<string, string>> = {}) => join(folderOf(files), 'audit.ndjson');
const lines = (path: string) => readFileSync(path, 'utf8').split('\n');

describe('the audit log', () => {
  it('has a line for every entry, with who and when', () => {
    const path = pathIn();
    addToAudit(path, entry('a'));
    addToAudit(path, entry('b', { event: 'written', files: ['cells/euw1-b.yaml'] }));
    const [first, second, end] = lines(path);
    expect(JSON.parse(first!)).toMatchObject({ plan: 'a', by: { user: userInfo().username, host: hostname() } });
    expect(JSON.parse(second!)).toMatchObject({ event: 'written', files: ['cells/euw1-b.yaml'] });
    expect(end).toBe('');
    expect(readAuditEnd(path)).toMatchObject({ last: { plan: 'b' }, torn: 0 });
  });

  it('keeps what was in it, whatever that was', () => {
    const path = pathIn({ 'audit.ndjson': 'a line by hand\n' });
    expect(readAuditEnd(path)).toEqual({ last: undefined, torn: 0 });
    addToAudit(path, entry('a'));
    expect(lines(path)[0]).toBe('a line by hand');
    expect(readAuditEnd(path).last?.plan).toBe('a');
  });

  it('tells a torn line, keeps it, and goes on below it', () => {
    const path = pathIn();
    addToAudit(path, entry('a'));
    appendFileSync(path, '{"at":"2026');
    expect(readAuditEnd(path)).toMatchObject({ last: { plan: 'a' }, torn: 11 });
    addToAudit(path, entry('b'));
    expect(lines(path)[1]).toBe('{"at":"2026');
    expect(readAuditEnd(path)).toMatchObject({ last: { plan: 'b' }, torn: 0 });
  });

  it('is read from its end where the last line is longer than what is read at once', () => {
    const path = pathIn();
    addToAudit(path, entry('a', { reason: 'x'.repeat(300_000) }));
    addToAudit(path, entry('b', { reason: 'y'.repeat(300_000) }));
    appendFileSync(path, 'z'.repeat(100_000));
    expect(readAuditEnd(path)).toMatchObject({ last: { plan: 'b' }, torn: 100_000 });
  });

  it('says nothing where it is empty, missing, or only torn', () => {
    expect(readAuditEnd(pathIn())).toEqual({ last: undefined, torn: 0 });
    expect(readAuditEnd(pathIn({ 'audit.ndjson': '' }))).toEqual({ last: undefined, torn: 0 });
    expect(readAuditEnd(pathIn({ 'audit.ndjson': '{"at' }))).toEqual({ last: undefined, torn: 4 });
  });
});
