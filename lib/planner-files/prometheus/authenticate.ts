/** How requests say who sends them. */
import { readSecret } from '../secret.ts';
import type { PrometheusSettings } from './schema.ts';

/** Headers of a POST request with a form, those that authenticate it among them. */
export type Authenticate = (url: URL, body: string) => Promise<Readonly<Record<string, string>>>;

const form = { 'content-type': 'application/x-www-form-urlencoded' };

/**
 * @param folder that files of secrets are relative to
 * @throws SecretMissing where a secret is not where it should be
 */
export async function authenticator({ auth }: Pick<PrometheusSettings, 'auth'>, folder: string): Promise<Authenticate> {
  if (auth.basic !== undefined) {
    const pair = `${auth.basic.username}:${readSecret(auth.basic.password, folder)}`;
    const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    return async () => ({ ...form, authorization });
  }
  if (auth.bearer !== undefined) {
    const authorization = `Bearer ${readSecret(auth.bearer, folder)}`;
    return async () => ({ ...form, authorization });
  }
  return auth.sigv4 === undefined ? async () => form : signer(auth.sigv4);
}

/** Amazon Managed Service for Prometheus takes AWS Signature Version 4 for the service `aps`. */
async function signer({ region, profile }: NonNullable<PrometheusSettings['auth']['sigv4']>): Promise<Authenticate> {
  const [{ SignatureV4 }, { Sha256 }, { fromNodeProviderChain }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
    import('@aws-sdk/credential-providers'),
  ]);
  const credentials = fromNodeProviderChain(profile === undefined ? {} : { profile });
  const signature = new SignatureV4({ service: 'aps', region, credentials, sha256: Sha256 });
  return async (url, body) => {
    const { headers } = await signature.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: {},
      headers: { ...form, host: url.host },
      body,
    });
    return headers;
  };
}
