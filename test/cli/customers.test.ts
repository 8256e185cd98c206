import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellstamp } from './run-command.ts';

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
    write(`name: euw1-a\nregion: eu-west-1\ntrunks: [{ name: carrier-a, address: 192.0.2.10 }]\n${tenant}`);
    const { status, stdout, stderr } = await customers('euw1-a');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^BEGIN;\n[^]*COMMIT;\n$/);
    for (const value of ["'carrier-a'", "'acme.example.com'", "'+4930123456'"]) expect(stdout).toContain(value);
  });

  it('ends with 2 for a cell that is not there, and names those that are', async () => {
    write('name: euw1-a\nregion: eu-west-1\n');
    const { status, stdout, stderr } = await customers('euw1-b');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`there is no cell euw1-b in ${cells}; there are euw1-a`);
  });

  it('prints nothing of a cell that breaks a rule', async () => {
    write(`name: euw1-a\nregion: eu-west-1\nsize: huge\n${tenant}`);
    const { status, stdout, stderr } = await customers('euw1-a');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('size');
  });
});
