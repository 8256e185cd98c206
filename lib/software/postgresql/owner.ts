/** The program by which everything on an SBC reaches the cell's database as the schema's owner. */
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, type HostFile } from '../host-config.ts';
import { values } from '../values.ts';
import { dataAuthoritiesPath, databaseNames } from './names.ts';

/** `psql` as the schema's owner: takes its options, not where the database is. For root. */
export const ownerProgram = '/usr/local/lib/cellstamp/database-owner';

/**
 * Where a target puts a program that prints the owner's password as it is now, because it changes while the host runs. Without one
 * the password of the host's start is good.
 */
export const ownerPasswordProgram = '/usr/local/lib/cellstamp/owner-password';

const servicePath = '/etc/cellstamp/database-schema.conf';

export const ownerValues = [
  values.databaseHost,
  values.databaseAdminUser,
  values.databaseAdminPassword,
  values.dataCaCertificate,
] as const;

export function ownerFiles(): readonly HostFile[] {
  return [
    file(
      servicePath,
      `# How psql reaches the database as the schema's owner. The password may be out of date: see ${ownerProgram}.
[schema]
host=${late(values.databaseHost.name)}
port=${internalPorts.postgresql}
dbname=${databaseNames.database}
user=${late(values.databaseAdminUser.name)}
password=${late(values.databaseAdminPassword.name)}
sslmode=verify-full
sslrootcert=${dataAuthoritiesPath}
connect_timeout=5
`,
      // Read by whoever needs it, and RDS rotates the password every week.
      { mode: '0600', change: 'nothing' },
    ),
    file(
      ownerProgram,
      `#!/bin/bash
# database-owner [OPTION...]: psql as the owner of the schema, with these options. The password is asked for each time where it changes
# while the host runs; when nobody answers, that of the host's start is tried.
set -euo pipefail
service=${servicePath}
if [[ -x ${ownerPasswordProgram} ]]; then
  if password=$(${ownerPasswordProgram}); then
    exec {fresh}< <(grep -v '^password=' "$service" && printf 'password=%s\\n' "$password")
    service=/dev/fd/$fresh
  else
    echo 'database-owner: goes on with the password of the start of this host' >&2
  fi
fi
PGSERVICEFILE=$service exec psql --no-psqlrc --quiet "$@" service=schema
`,
      { mode: '0700' },
    ),
  ];
}
