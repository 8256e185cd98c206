/** The two users between whom a cell is proved, from a secret of AWS Secrets Manager. */
import { z } from 'zod';
import { OperationFailure } from '../../../operations/failure.ts';
import { asked, sdk, secretsManagerClient } from './clients.ts';

const userSchema = z.object({ uri: z.string().min(1), password: z.string().min(1) });
const usersSchema = z.object({ caller: userSchema, callee: userSchema });
export type ProofUsers = z.output<typeof usersSchema>;

const form = '{"caller": {"uri": ..., "password": ...}, "callee": {"uri": ..., "password": ...}}';

/** Region of a secret, which need not be the cell's; undefined where this is not the ARN of one. */
export const regionOfSecret = (arn: string): string | undefined =>
  /^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):\d+:secret:./.exec(arn)?.[1];

/**
 * @param cell its name stands for `{cell}` in the users' URIs
 * @throws OperationFailure when the secret can't be read, or holds something else
 */
export async function proofUsers(arn: string, cell: string): Promise<ProofUsers> {
  const { GetSecretValueCommand } = await sdk(() => import('@aws-sdk/client-secrets-manager'));
  const client = await secretsManagerClient(regionOfSecret(arn)!);
  const ask = client.send(new GetSecretValueCommand({ SecretId: arn }));
  const { SecretString = '' } = await asked('read the secret of the proof users', ask);
  const users = parsed(SecretString);
  // Without the text, which is secret.
  if (users === undefined) throw new OperationFailure(`the secret of the proof users must be ${form}`, 2);
  const named = (user: ProofUsers['caller']) => ({ ...user, uri: user.uri.replaceAll('{cell}', cell) });
  return { caller: named(users.caller), callee: named(users.callee) };
}

function parsed(text: string): ProofUsers | undefined {
  try {
    return usersSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
