import { describe, expect, it } from 'vitest';
import { loadFleet } from '../../lib/fleet/fleet.ts';
import { indexCell } from '../../lib/fleet/fleet-index.ts';
import { tenantBlanker } from '../../lib/fleet/blank-tenants.ts';
import { readSource } from '../../lib/config-file/source.ts';

const wanted = `name: a
region: eu-west-1
tenants:
  - name: acme
    domain: acme.example.com
    dids: { '+442079460100': alice }
`;
const blank = tenantBlanker(indexCell(readSource('cells/a.yaml', wanted))[0]!);

describe('the tenant blanker', () => {
  it('blanks tenants that share nothing, and leaves every other line where it was', () => {
    const text = `name: b
tenants:
- name: globex

  # a comment
  domain: globex.example.com
region: eu-west-1
`;
    expect(blank(text)).toBe('name: b\n\n\n\n\n\nregion: eu-west-1\n');
  });

  it.each([
    ['the name', '  - { name: acme, domain: x.example.com }'],
    ['the domain', '  - { name: x, domain: acme.example.com }'],
    ['the number', "  - { name: x, domain: x.example.com, dids: { '+442079460100': bob } }"],
    ['perhaps the name, in escapes', '  - { name: "\\u0061cme", domain: x.example.com }'],
    ['perhaps the name, by an alias', '  - { name: &n x, domain: x.example.com }'],
  ])('leaves a text alone that has %s', (_, tenant) => {
    const text = `name: b\ntenants:\n${tenant}\n`;
    expect(blank(text)).toBe(text);
  });

  it('leaves a text without tenants alone', () => {
    const text = 'name: b\nregion: eu-west-1\n# tenants: none\n';
    expect(blank(text)).toBe(text);
  });
});

describe('one cell of a fleet', () => {
  it('is found to collide with a tenant behind others that were blanked', () => {
    const other = (name: string, tenant: string) => ({
      path: `cells/${name}.yaml`,
      text: `name: ${name}\nregion: eu-west-1\nnetwork: 10.${name.charCodeAt(0)}.0.0/20\ntenants:\n  - name: ${tenant}\n    domain: ${tenant}.example.org\n`,
    });
    const files = [{ path: 'cells/a.yaml', text: wanted }, other('b', 'globex'), other('c', 'acme')];
    const { findings } = loadFleet(files, { only: 'a' });
    expect(findings.map(({ file, message }) => [file, message])).toContainEqual([
      'cells/a.yaml',
      expect.stringMatching(/the tenant acme already exists, in cells\/c\.yaml:5/),
    ]);
  });
});
