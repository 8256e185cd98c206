import { hostRun } from './boot.ts';

/** RDS makes another password of the database's owner every week: this one asks for today's whenever it is needed. */
export function ownerPasswordScript(region: string): string {
  return `#!/bin/bash
# Prints the password of the owner of the cell's database, as RDS keeps it in Secrets Manager.
set -euo pipefail
export AWS_DEFAULT_REGION='${region}' AWS_MAX_ATTEMPTS=2
secret=$(jq -re .secrets.databaseOwner ${hostRun}/parameter.json)
aws secretsmanager get-secret-value --secret-id "$secret" --query SecretString --output text \\
  --cli-connect-timeout 5 --cli-read-timeout 5 | jq -re .password
`;
}
