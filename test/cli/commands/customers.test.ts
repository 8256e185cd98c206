import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plan, planJson } from '../../../lib/planner/plan.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { cellstamp } from '../run-command.ts';

let cells: string;
beforeEach(() => {
  cells = mkdtempSync(join(tmpdir(), 'cellstamp-customers-'));
});
afterEach(() => rmSync(cells, { recursive: true }));

const customers = (name: string) => cellstamp('customers', name, '--cells', cells);
const write = (text: string) => writeFileSync(join(cells, 'euw1-a.yaml'), text);
const tenant = 'tenants: [{ name: acme, domain: acme.example.com, dids: { "+4930123456": anna } }]\n';

describe('cellstamp customers', () => {
  it('prints the tenants and trunks of a cell as one transaction', async () => {
    write(`name: euw1-a\nregion: eu-west-1\naws: {}\ntrunks: [{ name: carrier-a, address: 192.0.2.10 }]\n${tenant}`);
    const { status, stdout, stderr } = await customers('euw1-a');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^BEGIN;\n[^]*COMMIT;\n$/);
    for (const value of ["'carrier-a'", "'acme.example.com'", "'+4930123456'"]) expect(stdout).toContain(value);
  });

  it('ends with 2 for a cell that is not there, and names those that are', async () => {
    write('name: euw1-a\nregion: eu-west-1\naws: {}\n');
    const { status, stdout, stderr } = await customers('euw1-b');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`there is no cell euw1-b in ${cells}; did you mean "euw1-a"?; there are euw1-a`);
  });

  it('prints nothing of a cell that breaks a rule', async () => {
    write(`name: euw1-a\nregion: eu-west-1\nsize: huge\n${tenant}`);
    const { status, stdout, stderr } = await customers('euw1-a');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('size');
  });
});

describe('cellstamp customers --plan', () => {
  const limits = { calls: 20, guaranteedCalls: 0, callsPerSecond: 2.5, burst: 4 };
  const made = { sharedCalls: 300, congestion: 0.01, heldByLimitsAlone: false, findings: [] };
  const planned = (admission: Plan['admission']): string => {
    const empty = plan({ now: Date.UTC(2026, 2, 2), cells: [], tenants: [], blueprints: [] });
    const path = join(cells, 'plan.json');
    writeFileSync(path, planJson({ ...empty, admission }));
    return path;
  };
  const withPlan = (path: string) => cellstamp('customers', 'euw1-a', '--cells', cells, '--plan', path);
  const two = `name: euw1-a
region: eu-west-1
tenants:
  - { name: acme, domain: acme.example.com, limits: { calls: 90 } }
  - { name: beta, domain: beta.example.com, limits: { calls: 70 } }
`;

  it('has the limits of the plan, and those of the file for whom the plan does not name', async () => {
    write(two);
    const { status, stdout, stderr } = await withPlan(planned([{ cell: 'euw1-a', ...made, limits: { acme: limits } }]));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain("('acme', 'acme.example.com', 'standard', 20, 0, 2.5, 4,");
    expect(stdout).toContain("('beta', 'beta.example.com', 'standard', 70, 0, 5, 10,");
    expect((await customers('euw1-a')).stdout).toContain("('acme', 'acme.example.com', 'standard', 90, 0, 5, 10,");
  });

  it.each([
    [
      'the plan has no such cell',
      [{ cell: 'euw1-b', ...made, limits: {} }],
      'has no limits for cell euw1-a; it has them for: euw1-b',
    ],
    ['its guarantees do not fit', [{ cell: 'euw1-a', excuse: 'too much' }], 'has no limits for cell euw1-a: too much'],
    [
      'a tenant is not in the cell',
      [{ cell: 'euw1-a', ...made, limits: { gamma: limits } }],
      'has limits for tenant gamma, which is not in cell euw1-a; allowed are its tenants',
    ],
    [
      'the file now says less than it did when the plan was made',
      [{ cell: 'euw1-a', ...made, limits: { acme: { ...limits, calls: 91 } } }],
      'gives tenant acme {"calls":91,"guaranteedCalls":0,"callsPerSecond":2.5,"burst":4}; it may not exceed the limits in the file of cell euw1-a',
    ],
    [
      'the file now guarantees something else',
      [{ cell: 'euw1-a', ...made, limits: { acme: { ...limits, guaranteedCalls: 3 } } }],
      'the guarantee must be the same',
    ],
  ] as const)('ends with 2 when %s, and names the file and what is allowed', async (_, admission, message) => {
    write(two);
    const path = planned([...admission] as Plan['admission']);
    const { status, stdout, stderr } = await withPlan(path);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`cellstamp: ${path}: the plan ${message.startsWith('with') ? 'gives' : ''}`);
    expect(stderr).toContain(message);
  });

  it.each([
    ['{', '1:2 error: invalid JSON: '],
    ['[]', '1:1 error: this is not a plan; '],
    ['{ "version": 2 }', '1:3 error: this is not a plan; '],
  ])('ends with 2 for a file that says %s', async (text, message) => {
    write(two);
    const path = join(cells, 'plan.json');
    writeFileSync(path, text);
    const { status, stdout, stderr } = await withPlan(path);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`cellstamp: ${path}:${message}`);
    expect(stderr).toContain('allowed: what `');
  });

  it('ends with 2 for a file that is not there', async () => {
    write(two);
    const { status, stderr } = await withPlan('nowhere.json');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^cellstamp: nowhere\.json:1:1 error: there is no such file; allowed: /);
  });
});
