/**
 * The values of the tables that have several fields, separated by bars: each field once, with its name, the SQL by which the
 * database's view comes by it, and what a tenant or trunk of a spec has there. So what an SBC loads and what it hears of a
 * change are the same.
 */
import type { CellSpec } from '../../../fleet/schema/cell.ts';

type Tenant = CellSpec['tenants'][number];
type Trunk = CellSpec['trunks'][number];
type Forward = Tenant['forwards'][string];

interface Field<Thing> {
  /** Over the columns of the view's tables. Never null, which `concat_ws` would leave out. */
  readonly sql: string;
  readonly of: (thing: Thing) => string | number;
}

/** Fields by their names, in their order. */
type RowFormat<Thing> = Readonly<Record<string, Field<Thing>>>;

/** A rate as the database and the tables have it: in whole calls per 100 s, which each of them would round in its own way. */
export function callsPer100Seconds({ callsPerSecond }: Trunk['limits']): number {
  return Math.round(callsPerSecond * 100);
}

const rate: Field<Tenant | Trunk> = {
  sql: '(calls_per_second * 100)::integer',
  of: ({ limits }) => callsPer100Seconds(limits),
};
const burst: Field<Tenant | Trunk> = { sql: 'burst', of: ({ limits }) => limits.burst };
const calls: Field<Tenant | Trunk> = { sql: 'calls', of: ({ limits }) => limits.calls };

export const tenantRow = {
  name: { sql: 'name', of: ({ name }) => name },
  tier: { sql: 'tier', of: ({ tier }) => tier },
  rate,
  burst,
  calls,
  number: {
    sql: "(SELECT coalesce(min(number), '') FROM cellstamp.dids WHERE tenant = tenants.name)",
    of: ({ dids }) => Object.keys(dids).sort()[0] ?? '',
  },
  trunks: { sql: "array_to_string(trunks, ':')", of: ({ trunks }) => trunks.join(':') },
  longest: {
    sql: "coalesce(longest_minutes::text, '')",
    of: ({ limits }) => limits.longestMinutes ?? '',
  },
  oneSided: {
    sql: "coalesce(one_sided_seconds::text, '')",
    of: ({ limits }) => limits.oneSidedSeconds ?? '',
  },
  exchange: {
    sql: "coalesce(host(exchange_address) || ':' || exchange_port || ';transport=' || exchange_transport, '')",
    of: ({ exchange }) =>
      exchange === undefined ? '' : `${exchange.address}:${exchange.port};transport=${exchange.transport}`,
  },
} as const satisfies RowFormat<Tenant>;

export const trunkRow = {
  kind: {
    sql: "CASE WHEN address ~ '^[0-9.]+$' THEN 'address' ELSE 'name' END",
    of: ({ address }) => (isAddress(address) ? 'address' : 'name'),
  },
  address: { sql: 'address', of: ({ address }) => address },
  port: { sql: 'port', of: ({ port }) => port },
  transport: { sql: 'transport', of: ({ transport }) => transport },
  rate,
  burst,
  calls,
  failOverOn: { sql: "array_to_string(fail_over_on, ':')", of: ({ failOverOn }) => failOverOn.join(':') },
  probe: { sql: "coalesce(probe_seconds::text, '')", of: ({ probeSeconds }) => probeSeconds ?? '' },
} as const satisfies RowFormat<Trunk>;

/** Of trunks with credentials alone. */
export const accountRow = {
  user: { sql: 'account_user', of: ({ credentials }) => credentials?.user ?? '' },
  realm: { sql: 'account_realm', of: ({ credentials }) => credentials?.realm ?? '' },
  expires: {
    sql: "coalesce(register_seconds::text, '')",
    of: ({ register }) => register?.expiresSeconds ?? '',
  },
  domain: {
    sql: 'coalesce(register_domain, address)',
    of: ({ register, address }) => register?.domain ?? address,
  },
} as const satisfies RowFormat<Trunk>;

/** Of trunks whose form is not the usual one. */
export const formRow = {
  form: { sql: 'number_form', of: ({ numbers }) => numbers.form },
  country: { sql: 'number_country', of: ({ numbers }) => numbers.country ?? '' },
  trunkPrefix: { sql: 'number_trunk_prefix', of: ({ numbers }) => numbers.trunkPrefix },
  prefix: { sql: 'number_prefix', of: ({ numbers }) => numbers.prefix },
  strip: { sql: 'number_strip', of: ({ numbers }) => numbers.strip },
  identity: { sql: 'identity', of: ({ identity }) => identity },
  diversion: { sql: 'diversion', of: ({ diversion }) => diversion },
} as const satisfies RowFormat<Trunk>;

/** The row of a trunk that says nothing of it, which no table has. */
export const usualForm = 'e164||0|||p-asserted-identity|both';

export const forwardRow = {
  always: { sql: 'always', of: ({ always }) => always ?? '' },
  busy: { sql: 'busy', of: ({ busy }) => busy ?? '' },
  noAnswer: { sql: 'no_answer', of: ({ noAnswer }) => noAnswer ?? '' },
  seconds: { sql: 'no_answer_seconds', of: ({ noAnswerSeconds }) => noAnswerSeconds },
  notRegistered: { sql: 'not_registered', of: ({ notRegistered }) => notRegistered ?? '' },
} as const satisfies RowFormat<Forward>;

/** Whether a carrier is known by an address, and not by a name. */
export function isAddress(text: string): boolean {
  return /^[0-9.]+$/.test(text);
}

/** Names of the fields, in their order. */
export function fieldsOf<F extends RowFormat<never>>(format: F): readonly (keyof F & string)[] {
  return Object.keys(format);
}

/** The value of a thing's row. */
export function rowValue<Thing>(format: RowFormat<Thing>, thing: Thing): string {
  return Object.values(format)
    .map(({ of }) => of(thing))
    .join('|');
}

/** The same as an expression of SQL. */
export function rowSql(format: RowFormat<never>): string {
  const fields = Object.values(format).map(({ sql }) => sql);
  return fields.length > 5
    ? `concat_ws('|',\n    ${fields.join(',\n    ')}\n  )`
    : `concat_ws('|', ${fields.join(', ')})`;
}
