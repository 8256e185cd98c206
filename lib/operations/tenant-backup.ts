/** Tenants as a backup of a cell's database has them: a dump of PostgreSQL's pg_dump as text. Pure. */
import { counted } from '../config-file/counted.ts';
import { OperationFailure } from './failure.ts';

/** What a cell has of one tenant: rows by the table of the schema `cellstamp`, `tenants` among them. */
export type TenantRows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

const howToMake = 'allowed: text of pg_dump, as `pg_dump --schema=cellstamp cellstamp >FILE` makes it';

/**
 * Rows by tenant.
 * @param name of the file, for messages
 * @throws OperationFailure when it is not such a dump
 */
export function tenantsInBackup(name: string, text: string): ReadonlyMap<string, TenantRows> {
  const refuse = (why: string) => new OperationFailure(`${name}: ${why}; ${howToMake}`, 2);
  const tables = tablesIn(text);
  const own = tables.find(({ table }) => table === 'tenants');
  if (own === undefined) throw refuse('there is no table cellstamp.tenants in it');
  // The program writes it last: without it somebody has interrupted the dump, or cut it.
  if (!/^-- PostgreSQL database dump complete/m.test(text)) throw refuse('its end is missing');
  const faults = faultsIn(tables);
  if (faults.length > 0) throw refuse(faults.join(', '));
  const children = tables.filter(({ rows }) => rows[0] !== undefined && 'tenant' in rows[0]);
  return new Map(
    own.rows.map((row) => [
      String(row['name']),
      {
        tenants: [row],
        ...Object.fromEntries(
          children.map(({ table, rows }) => [table, rows.filter(({ tenant }) => tenant === row['name'])]),
        ),
      },
    ]),
  );
}

interface Table {
  readonly table: string;
  readonly line: number;
  readonly columns: readonly string[];
  readonly rows: Readonly<Record<string, string | null>>[];
  /** Rows that have not a value for each column: a line was cut, or lost. */
  readonly damaged: { readonly line: number; readonly values: number }[];
}

/** From each line such as `COPY cellstamp.users (tenant, name, ha1) FROM stdin;` to the next one that is `\.` alone. */
function tablesIn(text: string): readonly Table[] {
  const tables: Table[] = [];
  let open: Table | undefined;
  for (const [at, content] of text.split(/\r?\n/).entries()) {
    const line = at + 1;
    if (open === undefined) {
      const [, table, list] = /^COPY cellstamp\.(\w+) \(([^)]*)\) FROM stdin;$/.exec(content) ?? [];
      if (table === undefined) continue;
      const columns = list!.split(', ').map((column) => column.replaceAll('"', ''));
      open = { table, line, columns, rows: [], damaged: [] };
      tables.push(open);
    } else if (content === '\\.') {
      open = undefined;
    } else {
      const values = content.split('\t').map(unescaped);
      if (values.length !== open.columns.length) open.damaged.push({ line, values: values.length });
      open.rows.push(Object.fromEntries(open.columns.map((column, index) => [column, values[index] ?? null])));
    }
  }
  return tables;
}

function faultsIn(tables: readonly Table[]): readonly string[] {
  return tables.flatMap(({ table, line, columns, damaged }, at) => {
    const first = tables.slice(0, at).find((other) => other.table === table);
    return [
      ...(first === undefined ? [] : [`it has cellstamp.${table} twice: in line ${first.line} and in line ${line}`]),
      ...damaged
        .slice(0, 3)
        .map(
          ({ line: row, values }) =>
            `line ${row} has ${counted(values, 'value')} for the ${counted(columns.length, 'column')} of cellstamp.${table}`,
        ),
    ];
  });
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** As COPY writes a value. https://www.postgresql.org/docs/15/sql-copy.html, "Text Format" */
function unescaped(value: string): string | null {
  return value === '\\N' ? null : value.replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
