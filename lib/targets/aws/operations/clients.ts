/** The clients of the AWS SDK, which only somebody needs who works on cells on AWS. All are made here, with the same time limits. */
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { OperationFailure } from '../../../operations/failure.ts';

const packages = [
  ...['client-cloudwatch', 'client-dynamodb', 'client-ec2', 'client-secrets-manager', 'client-service-quotas'],
  'client-ssm',
].map((name) => `@aws-sdk/${name}`);

/**
 * Milliseconds for one attempt, of which the SDK makes three: it has no limits of its own. A connection takes one round trip, and
 * no answer that is asked for here takes AWS more than a few seconds.
 */
const timeLimits = { connectionTimeout: 5_000, requestTimeout: 20_000, socketTimeout: 20_000 };

const configuration = (region: string) => ({
  region,
  requestHandler: { ...timeLimits, throwOnRequestTimeout: true },
});

export async function cloudWatchClient(region: string): Promise<CloudWatchClient> {
  const { CloudWatchClient } = await sdk(() => import('@aws-sdk/client-cloudwatch'));
  return new CloudWatchClient(configuration(region));
}

export async function dynamoDbClient(region: string): Promise<DynamoDBClient> {
  const { DynamoDBClient } = await sdk(() => import('@aws-sdk/client-dynamodb'));
  return new DynamoDBClient(configuration(region));
}

/** For the Describe operations of EC2, each of which answers with a list. */
export async function ec2Client(region: string): Promise<EC2Client> {
  const { EC2Client } = await sdk(() => import('@aws-sdk/client-ec2'));
  const client = new EC2Client(configuration(region));
  // The SDK reads any page, such as a proxy's, as an answer without a list; EC2 sends the list even where it is empty.
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (Object.keys(result.output).every((key) => key === '$metadata')) {
        throw new OperationFailure('what answers is not EC2');
      }
      return result;
    },
    { step: 'initialize', name: 'cellstampAnswersOfEc2' },
  );
  return client;
}

export async function secretsManagerClient(region: string): Promise<SecretsManagerClient> {
  const { SecretsManagerClient } = await sdk(() => import('@aws-sdk/client-secrets-manager'));
  return new SecretsManagerClient(configuration(region));
}

export async function serviceQuotasClient(region: string): Promise<ServiceQuotasClient> {
  const { ServiceQuotasClient } = await sdk(() => import('@aws-sdk/client-service-quotas'));
  return new ServiceQuotasClient(configuration(region));
}

export async function ssmClient(region: string): Promise<SSMClient> {
  const { SSMClient } = await sdk(() => import('@aws-sdk/client-ssm'));
  return new SSMClient(configuration(region));
}

/**
 * @param load imports a client
 * @throws OperationFailure when it is not installed
 */
export async function sdk<T>(load: () => Promise<T>): Promise<T> {
  // What the SDK will need in a year is nothing for whoever works on a cell to read.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new OperationFailure(
      `a client of the AWS SDK is not installed; a cell on AWS needs them: npm install ${packages.join(' ')}`,
      2,
    );
  }
}

/** What AWS answers, in words. @throws OperationFailure in place of what the SDK throws */
export async function asked<T>(what: string, ask: Promise<T>): Promise<T> {
  try {
    return await ask;
  } catch (error) {
    throw refused(what, error);
  }
}

/** What the SDK throws, in words, without its advice to programmers. */
export function refused(what: string, error: unknown): OperationFailure {
  const { name, message } = error as Error;
  if (error instanceof OperationFailure) return new OperationFailure(`can't ${what}: ${message}`, error.status);
  return new OperationFailure(`can't ${what}: ${name}: ${message.replace(/\n *Deserialization error:.*$/s, '')}`);
}
