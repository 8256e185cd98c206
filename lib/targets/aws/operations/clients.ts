/** The clients of the AWS SDK, which only somebody needs who works on cells on AWS. */
import { OperationFailure } from '../../../operations/failure.ts';

const packages = [
  ...['client-cloudwatch', 'client-dynamodb', 'client-ec2', 'client-secrets-manager', 'client-service-quotas'],
  'client-ssm',
].map((name) => `@aws-sdk/${name}`);

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
    const { name, message } = error as Error;
    throw new OperationFailure(`can't ${what}: ${name}: ${message}`);
  }
}
