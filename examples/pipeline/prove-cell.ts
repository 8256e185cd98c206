/**
 * Proves a deployed cell: places calls between two users of it from here, judges them by their audio, and then looks whether
 * an alarm of the cell has gone off.
 *
 * The users are in a secret of AWS Secrets Manager, whose ARN is in PROOF_SECRET; `{cell}` in their URIs stands for the name:
 *
 *     {"caller": {"uri": "sip:proof-1@{cell}.proof.example.com", "password": "..."}, "callee": {"uri": ..., "password": ...}}
 *
 * @example PROOF_SECRET=arn:aws:secretsmanager:... npx tsx examples/pipeline/prove-cell.ts euw1-a
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { awsOf, outputsOf } from './deployed-cell.ts';

interface User {
  readonly uri: string;
  readonly password: string;
}

const [cell] = process.argv.slice(2);
const secret = process.env['PROOF_SECRET'];
if (cell === undefined || secret === undefined) {
  console.error('usage: PROOF_SECRET=ARN prove-cell.ts CELL');
  process.exit(2);
}
const aws = awsOf(cell);
const users = usersIn(
  // A secret's own region is in its ARN; the cell may be in another.
  aws(
    'secretsmanager',
    'get-secret-value',
    '--secret-id',
    secret,
    '--region',
    regionOf(secret),
    '--query',
    'SecretString',
  ) as string,
);
const uri = (user: User) => user.uri.replaceAll('{cell}', cell);

const command = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
const calls = spawnSync(
  process.execPath,
  [
    ...['--import', import.meta.resolve('tsx'), command, 'call', '--to', outputsOf(cell).sbc_address.value],
    ...['--caller', uri(users.caller), '--callee', uri(users.callee), '--calls', '20', '--rate', '2', '--hold', '5'],
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      CELLSTAMP_CALLER_PASSWORD: users.caller.password,
      CELLSTAMP_CALLEE_PASSWORD: users.callee.password,
    },
  },
);
const alarms = aws(
  ...['cloudwatch', 'describe-alarms', '--alarm-name-prefix', `cellstamp-${cell}-`, '--state-value', 'ALARM'],
  ...['--query', '[MetricAlarms, CompositeAlarms][][].AlarmName'],
) as readonly string[];
for (const alarm of alarms) console.error(`the alarm ${alarm} has gone off`);
if (calls.status !== 0 || alarms.length > 0) process.exitCode = 1;

function regionOf(arn: string): string {
  const [, , , region] = arn.split(':');
  return region === undefined
    ? fail('PROOF_SECRET must be the ARN of a secret: arn:aws:secretsmanager:REGION:...')
    : region;
}

function usersIn(text: string): Readonly<Record<'caller' | 'callee', User>> {
  try {
    const users = JSON.parse(text) as Readonly<Record<string, Partial<User> | undefined>>;
    if ([users['caller'], users['callee']].every((user) => user?.uri && user.password)) {
      return users as Readonly<Record<'caller' | 'callee', User>>;
    }
  } catch {
    // Said below, without the text, which is secret.
  }
  return fail('the secret must be {"caller": {"uri": ..., "password": ...}, "callee": {"uri": ..., "password": ...}}');
}

function fail(text: string): never {
  console.error(`prove-cell.ts: ${text}`);
  process.exit(2);
}
