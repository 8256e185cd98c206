import { createHash, createHmac } from 'node:crypto';
import type { Asked } from './answering-server.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const keyed = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * What AWS computes over a request that came in, step by step as in its documentation ("Create a signed AWS API request"): so a
 * request whose signature is another was changed or signed wrongly.
 */
export function expectedAuthorization({ path, headers, body }: Asked, accessKey: string, secret: string): string {
  const [, scope, names] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+),/.exec(headers.authorization!)!;
  const [day, region, service] = scope!.split('/') as [string, string, string];
  const canonical = [
    'POST',
    path,
    '',
    ...names!.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    hash(body),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(canonical)].join('\n');
  const key = keyed(keyed(keyed(keyed(`AWS4${secret}`, day), region), service), 'aws4_request');
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${keyed(key, text).toString('hex')}`;
}
