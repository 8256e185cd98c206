import { expect, it } from 'vitest';
import { tenantData } from '../../lib/operations/tenant-data.ts';

/** What psql would get for some rows of a tenant. */
async function sqlFor(rows: Readonly<Record<string, string>>, table = 'users'): Promise<string> {
  const sent: string[] = [];
  const port = {
    cell: 'b',
    exclusively: <T>(_: string, work: () => Promise<T>) => work(),
    sbcs: () => Promise.resolve(['sbc-1'] as const),
    run: (_: string, { argv, input = '' }: { readonly argv: readonly string[]; readonly input?: string }) => {
      if (argv[0] === 'perl') return Promise.resolve('{}\n'.repeat(input.split('\n').length));
      sent.push(input);
      return Promise.resolve('');
    },
    troubles: () => Promise.resolve([]),
    noteCustomers: () => undefined,
  };
  const { restore } = tenantData(() => Promise.resolve(port));
  await restore('b', 'acme', {
    tenants: [{ name: 'acme', domain: 'acme.example.com', trunks: '{}' }],
    [table]: [rows],
  });
  return sent.join('');
}

/** Without what is quoted: there psql takes a backslash for the beginning of a command, which may run any program. */
const unquoted = (sql: string) => sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '');

it('rows of another cell or of a backup give psql no command, whatever its tables and columns are called', async () => {
  expect(unquoted(await sqlFor({ tenant: 'acme', name: "o'\\! id" }))).not.toContain('\\');
  expect(unquoted(await sqlFor({ tenant: 'acme', '\\! id': '' }))).not.toContain('\\');
  expect(unquoted(await sqlFor({ tenant: 'acme', '"\\! id': '' }))).not.toContain('\\');
  expect(unquoted(await sqlFor({ tenant: 'acme' }, 'users \\! id'))).not.toContain('\\');
});
