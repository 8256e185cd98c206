/**
 * The schema of a cell's database: tenants, numbers, users, trunks; and, apart from them, the views that the SBCs read. An SBC
 * applies it before its Kamailio starts; doing so again changes nothing.
 */
import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, service, type HostConfig } from '../host-config.ts';
import { accountRow, formRow, forwardRow, rowSql, usualForm, tenantRow, trunkRow } from '../kamailio/sbc/table-rows.ts';
import { values } from '../values.ts';
import { dataAuthoritiesPath, databaseNames } from './names.ts';
import { ownerFiles, ownerProgram, ownerValues } from './owner.ts';

const { database, sbcUser } = databaseNames;

const schemaPath = '/etc/cellstamp/schema.sql';

/**
 * SQL of the schema, for psql. A view's columns are those that Kamailio's htable module wants.
 */
export const schemaSql = `-- Schema of a cell's database, made by Cellstamp. Repeatable.
\\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
-- Both SBCs may run this at the same time.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7261526); END $$;

CREATE SCHEMA IF NOT EXISTS cellstamp;

-- Carriers. Fewer than a hundred.
CREATE TABLE IF NOT EXISTS cellstamp.trunks (
  name text PRIMARY KEY CHECK (name ~ '^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$'),
  -- Tenants that name no trunks use all, in this order.
  position integer NOT NULL,
  address text NOT NULL CHECK (address ~ '^[a-z0-9.-]{1,253}$'),
  port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
  transport text NOT NULL CHECK (transport IN ('udp', 'tcp', 'tls')),
  calls integer NOT NULL CHECK (calls BETWEEN 0 AND 100000),
  calls_per_second numeric(7, 2) NOT NULL CHECK (calls_per_second BETWEEN 0.01 AND 10000),
  burst integer NOT NULL CHECK (burst BETWEEN 1 AND 10000)
);

-- Statuses after which a call tries the next trunk.
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS
  fail_over_on integer[] NOT NULL DEFAULT '{403,404,408,500,502,503,504}'
  CHECK (400 <= ALL (fail_over_on) AND 599 >= ALL (fail_over_on));

-- The account with the carrier: empty, and null, without one.
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS account_user text NOT NULL DEFAULT '';
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS account_realm text NOT NULL DEFAULT '';
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS register_seconds integer CHECK (register_seconds BETWEEN 60 AND 86400);
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS register_domain text;

-- Between two OPTIONS to each address of the carrier; null: none.
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS probe_seconds integer CHECK (probe_seconds BETWEEN 5 AND 300);

-- How the carrier writes numbers, and who calls and forwards.
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS number_form text NOT NULL DEFAULT 'e164'
  CHECK (number_form IN ('e164', 'digits', 'international', 'national'));
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS number_country text NOT NULL DEFAULT '' CHECK (number_country ~ '^[0-9]{0,3}$');
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS number_trunk_prefix text NOT NULL DEFAULT '0' CHECK (number_trunk_prefix ~ '^[0-9]{0,2}$');
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS number_prefix text NOT NULL DEFAULT '' CHECK (number_prefix ~ '^[0-9#*]{0,15}$');
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS number_strip text NOT NULL DEFAULT '' CHECK (number_strip ~ '^[0-9#*]{0,15}$');
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS identity text NOT NULL DEFAULT 'p-asserted-identity'
  CHECK (identity IN ('p-asserted-identity', 'remote-party-id', 'from'));
ALTER TABLE cellstamp.trunks ADD COLUMN IF NOT EXISTS diversion text NOT NULL DEFAULT 'both'
  CHECK (diversion IN ('both', 'diversion', 'history-info', 'none'));

-- Passwords of these accounts. Whoever answers a challenge of any realm needs the password itself.
CREATE TABLE IF NOT EXISTS cellstamp.passwords (
  trunk text PRIMARY KEY REFERENCES cellstamp.trunks ON DELETE CASCADE,
  password text NOT NULL CHECK (password ~ '^[ -~]{1,63}$')
);

-- By which trunks a number leaves, the cheapest first: what the prices of the cell's file come to.
CREATE TABLE IF NOT EXISTS cellstamp.routes (
  prefix text PRIMARY KEY CHECK (prefix ~ '^[+][1-9][0-9]{0,14}$'),
  trunks text[] NOT NULL
);

CREATE TABLE IF NOT EXISTS cellstamp.tenants (
  name text PRIMARY KEY CHECK (name ~ '^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$'),
  domain text NOT NULL UNIQUE CHECK (domain ~ '^[a-z0-9.-]{1,253}$'),
  tier text NOT NULL CHECK (tier ~ '^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$'),
  calls integer NOT NULL CHECK (calls BETWEEN 0 AND 100000),
  calls_per_second numeric(7, 2) NOT NULL CHECK (calls_per_second BETWEEN 0.01 AND 10000),
  burst integer NOT NULL CHECK (burst BETWEEN 1 AND 10000),
  -- In order of preference; empty: what the two ends agree on.
  codecs text[] NOT NULL DEFAULT '{}' CHECK (array_to_string(codecs, '') ~ '^[A-Za-z0-9]*$'),
  -- In order of preference; empty: all.
  trunks text[] NOT NULL DEFAULT '{}'
);

-- Calls that are always admitted, whatever other tenants do.
ALTER TABLE cellstamp.tenants ADD COLUMN IF NOT EXISTS
  guaranteed_calls integer NOT NULL DEFAULT 0 CHECK (guaranteed_calls BETWEEN 0 AND calls);

-- When the cell ends a call of the tenant by itself; null: as in the cell's file.
ALTER TABLE cellstamp.tenants ADD COLUMN IF NOT EXISTS
  longest_minutes integer CHECK (longest_minutes BETWEEN 1 AND 1440);
ALTER TABLE cellstamp.tenants ADD COLUMN IF NOT EXISTS
  one_sided_seconds integer CHECK (one_sided_seconds = 0 OR one_sided_seconds BETWEEN 30 AND 86400);

-- The tenant's own PBX, to which numbers with the target @exchange go; null: it has none.
ALTER TABLE cellstamp.tenants ADD COLUMN IF NOT EXISTS exchange_address inet CHECK (family(exchange_address) = 4);
ALTER TABLE cellstamp.tenants ADD COLUMN IF NOT EXISTS exchange_port integer CHECK (exchange_port BETWEEN 1 AND 65535);
ALTER TABLE cellstamp.tenants ADD COLUMN IF NOT EXISTS exchange_transport text CHECK (exchange_transport IN ('udp', 'tcp'));

-- Who may call without logging in: a carrier, or a tenant's exchange. An address belongs to only one.
CREATE TABLE IF NOT EXISTS cellstamp.sources (
  network cidr PRIMARY KEY CHECK (family(network) = 4 AND masklen(network) >= 8),
  trunk text REFERENCES cellstamp.trunks ON DELETE CASCADE,
  tenant text REFERENCES cellstamp.tenants ON DELETE CASCADE,
  CHECK (num_nonnulls(trunk, tenant) = 1),
  EXCLUDE USING gist (network inet_ops WITH &&)
);

CREATE TABLE IF NOT EXISTS cellstamp.dids (
  number text PRIMARY KEY CHECK (number ~ '^[+][1-9][0-9]{6,14}$'),
  tenant text NOT NULL REFERENCES cellstamp.tenants ON DELETE CASCADE,
  -- A user of the tenant, a feature code, or @exchange.
  target text NOT NULL
);
ALTER TABLE cellstamp.dids DROP CONSTRAINT IF EXISTS dids_target_check;
ALTER TABLE cellstamp.dids ADD CONSTRAINT dids_target_check CHECK (target ~ '^([A-Za-z0-9*][A-Za-z0-9._*-]{0,62}|@exchange)$');
CREATE INDEX IF NOT EXISTS dids_tenant ON cellstamp.dids (tenant, target);

CREATE TABLE IF NOT EXISTS cellstamp.users (
  tenant text NOT NULL REFERENCES cellstamp.tenants ON DELETE CASCADE,
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  -- MD5 of name:domain:password (RFC 2617): what digest authentication needs, instead of the password.
  ha1 text NOT NULL CHECK (ha1 ~ '^[0-9a-f]{32}$'),
  PRIMARY KEY (tenant, name)
);

-- Where unanswered calls of a user go: a number, a user, a feature code, or voicemail; empty: nowhere.
CREATE TABLE IF NOT EXISTS cellstamp.forwards (
  tenant text NOT NULL REFERENCES cellstamp.tenants ON DELETE CASCADE,
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  always text NOT NULL DEFAULT '',
  busy text NOT NULL DEFAULT '',
  no_answer text NOT NULL DEFAULT '',
  no_answer_seconds integer NOT NULL DEFAULT 20 CHECK (no_answer_seconds BETWEEN 5 AND 120),
  not_registered text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, name),
  CONSTRAINT forwards_lead_somewhere CHECK (
    always ~ '^([+][1-9][0-9]{6,14}|[A-Za-z0-9*][A-Za-z0-9._*-]{0,62}|)$'
    AND busy ~ '^([+][1-9][0-9]{6,14}|[A-Za-z0-9*][A-Za-z0-9._*-]{0,62}|)$'
    AND no_answer ~ '^([+][1-9][0-9]{6,14}|[A-Za-z0-9*][A-Za-z0-9._*-]{0,62}|)$'
    AND not_registered ~ '^([+][1-9][0-9]{6,14}|[A-Za-z0-9*][A-Za-z0-9._*-]{0,62}|)$'
  )
);

-- Edges of the front, which forward requests with the client's address.
CREATE TABLE IF NOT EXISTS cellstamp.edges (
  address inet PRIMARY KEY CHECK (family(address) = 4 AND masklen(address) = 32)
);

-- Keys of the front, with which edges prove their requests.
CREATE TABLE IF NOT EXISTS cellstamp.edge_keys (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{4}$'),
  key text NOT NULL CHECK (key ~ '^[0-9a-f]{64}$'),
  current boolean NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS edge_keys_current ON cellstamp.edge_keys (current) WHERE current;

-- The last entry of each SBC's probe.
CREATE TABLE IF NOT EXISTS cellstamp.probes (
  sbc text PRIMARY KEY CHECK (sbc ~ '^sbc-[12]$'),
  mark text NOT NULL CHECK (length(mark) <= 64),
  written timestamptz NOT NULL DEFAULT now()
);

-- The SBCs see only this schema, not the tables.
CREATE SCHEMA IF NOT EXISTS sbc;

-- The only table that they may write.
CREATE OR REPLACE FUNCTION sbc.probe(which text, made text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO cellstamp.probes (sbc, mark) VALUES (which, made)
  ON CONFLICT (sbc) DO UPDATE SET mark = EXCLUDED.mark, written = now();
$$;
REVOKE ALL ON FUNCTION sbc.probe FROM PUBLIC;

DROP VIEW IF EXISTS sbc.tenants, sbc.codecs, sbc.guarantees, sbc.trunks, sbc.accounts, sbc.forms, sbc.routes, sbc.passwords, sbc.sources, sbc.dids, sbc.forwards, sbc.callers, sbc.users, sbc.secrets, sbc.edges, sbc.edge_keys, sbc.probes;

CREATE VIEW sbc.tenants AS
SELECT
  domain AS key_name,
  0 AS key_type,
  0 AS value_type,
  ${rowSql(tenantRow)} AS key_value
FROM cellstamp.tenants;

CREATE VIEW sbc.codecs AS
SELECT
  name AS key_name,
  0 AS key_type,
  0 AS value_type,
  'codec-strip-all codec-offer-' || array_to_string(codecs || '{telephone-event}', ' codec-offer-') AS key_value
FROM cellstamp.tenants WHERE codecs <> '{}';

CREATE VIEW sbc.guarantees AS
SELECT name AS key_name, 0 AS key_type, 1 AS value_type, guaranteed_calls::text AS key_value
FROM cellstamp.tenants WHERE guaranteed_calls > 0
UNION ALL
SELECT '*', 0, 1, sum(guaranteed_calls)::text FROM cellstamp.tenants HAVING sum(guaranteed_calls) > 0;

CREATE VIEW sbc.trunks AS
SELECT
  name AS key_name,
  0 AS key_type,
  0 AS value_type,
  ${rowSql(trunkRow)} AS key_value
FROM cellstamp.trunks
UNION ALL
SELECT '*', 0, 0, string_agg(name, ':' ORDER BY position, name) FROM cellstamp.trunks HAVING count(*) > 0;

CREATE VIEW sbc.accounts AS
SELECT
  name AS key_name,
  0 AS key_type,
  0 AS value_type,
  ${rowSql(accountRow)} AS key_value
FROM cellstamp.trunks WHERE account_user <> '';

CREATE VIEW sbc.forms AS
SELECT key_name, 0 AS key_type, 0 AS value_type, key_value
FROM (SELECT name AS key_name, ${rowSql(formRow)} AS key_value FROM cellstamp.trunks) AS rows
WHERE key_value <> '${usualForm}';

CREATE VIEW sbc.routes AS
SELECT prefix AS key_name, 0 AS key_type, 0 AS value_type, array_to_string(trunks, ':') AS key_value FROM cellstamp.routes
UNION ALL
SELECT 'lengths', 0, 0, string_agg(length::text, ':' ORDER BY length DESC)
FROM (SELECT DISTINCT length(prefix) AS length FROM cellstamp.routes) AS lengths HAVING count(*) > 0;

CREATE VIEW sbc.passwords AS
SELECT trunk AS key_name, 0 AS key_type, 0 AS value_type, password AS key_value FROM cellstamp.passwords;

-- A range is looked up by its whole octets: 192.0.2.128/25 has 128 keys of four octets, 198.18.0.0/15 has two of two.
CREATE VIEW sbc.sources AS
WITH owned AS (
  SELECT network, CASE WHEN trunk IS NULL THEN 'tenant|' || domain ELSE 'trunk|' || trunk END AS owner
  FROM cellstamp.sources LEFT JOIN cellstamp.tenants ON tenants.name = sources.tenant
  UNION ALL
  -- A carrier's own address counts, whether or not it is among its ranges.
  SELECT address::cidr, 'trunk|' || name
  FROM cellstamp.trunks
  WHERE address ~ '^[0-9.]+$'
    AND NOT EXISTS (SELECT FROM cellstamp.sources WHERE network >>= trunks.address::inet)
),
octets AS (
  SELECT network, owner, (masklen(network) + 7) / 8 AS kept FROM owned
),
keys AS (
  SELECT
    array_to_string((string_to_array(host(network::inet + i * (1::bigint << (32 - 8 * kept))), '.'))[1:kept], '.') AS key_name,
    owner,
    kept
  FROM octets, generate_series(0, (1 << (8 * kept - masklen(network))) - 1) AS i
)
SELECT key_name, 0 AS key_type, 0 AS value_type, min(owner) AS key_value FROM keys GROUP BY key_name
UNION ALL
SELECT 'wide', 0, 1, '1' FROM keys WHERE kept < 4 HAVING count(*) > 0;

CREATE VIEW sbc.dids AS
SELECT number AS key_name, 0 AS key_type, 0 AS value_type, domain || '|' || target AS key_value
FROM cellstamp.dids JOIN cellstamp.tenants ON tenants.name = dids.tenant;

CREATE VIEW sbc.forwards AS
SELECT
  forwards.name || '@' || domain AS key_name,
  0 AS key_type,
  0 AS value_type,
  ${rowSql(forwardRow)} AS key_value
FROM cellstamp.forwards JOIN cellstamp.tenants ON tenants.name = forwards.tenant;

-- The number shown to carriers when a user calls: the first one that rings at the user.
CREATE VIEW sbc.callers AS
SELECT target || '@' || domain AS key_name, 0 AS key_type, 0 AS value_type, min(number) AS key_value
FROM cellstamp.dids JOIN cellstamp.tenants ON tenants.name = dids.tenant
WHERE target !~ '^[*@]'
GROUP BY target, domain;

CREATE VIEW sbc.users AS
SELECT users.name || '@' || domain AS key_name, 0 AS key_type, 0 AS value_type, ha1 AS key_value
FROM cellstamp.users JOIN cellstamp.tenants ON tenants.name = users.tenant;

CREATE VIEW sbc.edges AS
SELECT host(address) AS key_name, 0 AS key_type, 1 AS value_type, '1' AS key_value FROM cellstamp.edges;

CREATE VIEW sbc.edge_keys AS
SELECT 'key:' || id AS key_name, 0 AS key_type, 0 AS value_type, key AS key_value FROM cellstamp.edge_keys
UNION ALL
SELECT 'current', 0, 0, id FROM cellstamp.edge_keys WHERE current;

CREATE VIEW sbc.probes AS SELECT sbc, mark FROM cellstamp.probes;

-- The same for one user, by index.
CREATE VIEW sbc.secrets AS
SELECT domain, users.name, ha1 AS secret
FROM cellstamp.users JOIN cellstamp.tenants ON tenants.name = users.tenant;

-- The SBCs' user can log in, read these views, and write the row of its probe; nothing else.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${sbcUser}') THEN
    CREATE ROLE ${sbcUser} NOINHERIT;
  END IF;
END
$$;
ALTER ROLE ${sbcUser} LOGIN NOCREATEDB NOCREATEROLE PASSWORD '${late(values.databaseSbcPassword.name)}';
ALTER ROLE ${sbcUser} SET search_path = sbc;
ALTER ROLE ${sbcUser} SET default_transaction_read_only = on;
-- An SBC asks again instead of waiting for a locked table or a busy database.
ALTER ROLE ${sbcUser} SET lock_timeout = '1s';
ALTER ROLE ${sbcUser} SET statement_timeout = '3s';
REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE ${database} TO ${sbcUser};
GRANT USAGE ON SCHEMA sbc TO ${sbcUser};
GRANT SELECT ON ALL TABLES IN SCHEMA sbc TO ${sbcUser};
GRANT EXECUTE ON FUNCTION sbc.probe TO ${sbcUser};
COMMIT;
`;

/** The service that applies the schema, on an SBC, as the schema's owner. It is tried again: the database may come up later. */
export function databaseSchema(_cell: Cell, _host: SbcHost): HostConfig {
  return {
    packages: ['postgresql-client-15'],
    files: [
      file(schemaPath, schemaSql, { mode: '0600' }),
      ...ownerFiles(),
      file(dataAuthoritiesPath, `${late(values.dataCaCertificate.name)}\n`),
    ],
    services: [
      service({
        name: 'database-schema',
        description: 'Schema of the cell’s database',
        command: [ownerProgram, `--file=${schemaPath}`],
        kind: 'oneshot',
        user: 'root',
        ready: ['/bin/true'],
        readyTimeoutSeconds: 60,
      }),
    ],
    sysctl: {},
    kernelModules: [],
    ports: [],
    values: [...ownerValues, values.databaseSbcPassword],
  };
}
