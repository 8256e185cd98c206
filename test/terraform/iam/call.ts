/** A request to AWS as IAM sees it: the action, and what the request says. */
import type { IncomingHttpHeaders } from 'node:http';

export interface Call {
  /** As policies write it: `ec2:CreateVpc`. */
  readonly action: string;
  readonly region: string;
  /** Of the query (`RoleName`, `TagSpecification.1.Tag.1.Key`) or the JSON body, nested names joined by dots. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The path of services with addresses of their own: S3, Route 53. */
  readonly path: string;
}

/** Who signs as another service than its actions are called. */
const actionPrefix: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' };

export function readCall(method: string, url: string, headers: IncomingHttpHeaders, body: string): Call {
  // Credential=KEY/DATE/REGION/SERVICE/aws4_request
  const [, region = '', signed = ''] =
    /Credential=[^/]+\/[^/]+\/([^/]+)\/([^/]+)/.exec(headers.authorization ?? '') ?? [];
  const service = actionPrefix[signed] ?? signed;
  const { pathname, searchParams } = new URL(url, 'http://aws');
  const path = decodeURIComponent(pathname);
  const call = (name: string, parameters: Record<string, string>): Call => ({
    action: `${service}:${name}`,
    region,
    parameters,
    path,
  });
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return call(target.split('.').at(-1)!, flat(JSON.parse(body || '{}')));
  const query = Object.fromEntries([...searchParams, ...(isForm(headers) ? new URLSearchParams(body) : [])]);
  if (query['Action'] !== undefined) return call(query['Action'], query);
  if (service === 's3') {
    const tagging = headers['x-amz-tagging'];
    return call(s3Action(method, path, searchParams), {
      ...query,
      ...(typeof tagging === 'string' ? { 'x-amz-tagging': tagging } : {}),
    });
  }
  if (service === 'route53') return call(route53Action(method, path), query);
  throw new Error(`no rule tells which action ${method} ${url} of ${service} is`);
}

function isForm(headers: IncomingHttpHeaders): boolean {
  return (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
}

/** A JSON body as parameters. */
function flat(value: unknown, name = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null) return { [name]: String(value) };
  const entries = Object.entries(value).map(([key, inner]) => flat(inner, name === '' ? key : `${name}.${key}`));
  return Object.assign({}, ...entries) as Record<string, string>;
}

/**
 * The permission of a request to S3, which differs from its operation for many: "Actions, resources, and condition keys for
 * Amazon S3" and "Required permissions for Amazon S3 API operations" of AWS.
 */
function s3Action(method: string, path: string, query: URLSearchParams): string {
  const [, , key] = /^\/([^/]*)\/?(.*)$/.exec(path)!;
  const read = method === 'GET' || method === 'HEAD';
  const verb = read ? 'Get' : 'Put';
  if (key !== '') {
    if (query.has('tagging')) return `${verb}ObjectTagging`;
    if (method === 'DELETE') return query.has('versionId') ? 'DeleteObjectVersion' : 'DeleteObject';
    return `${verb}Object`;
  }
  for (const [parameter, permission] of bucketPermissions) if (query.has(parameter)) return `${verb}${permission}`;
  if (query.has('versions')) return 'ListBucketVersions';
  if (method === 'PUT') return 'CreateBucket';
  if (method === 'DELETE') return 'DeleteBucket';
  if (method === 'POST') return 'DeleteObject';
  return 'ListBucket';
}

const bucketPermissions: readonly (readonly [parameter: string, permission: string])[] = [
  ['accelerate', 'AccelerateConfiguration'],
  ['acl', 'BucketAcl'],
  ['cors', 'BucketCORS'],
  ['encryption', 'EncryptionConfiguration'],
  ['lifecycle', 'LifecycleConfiguration'],
  ['location', 'BucketLocation'],
  ['logging', 'BucketLogging'],
  ['object-lock', 'BucketObjectLockConfiguration'],
  ['ownershipControls', 'BucketOwnershipControls'],
  ['policy', 'BucketPolicy'],
  ['publicAccessBlock', 'BucketPublicAccessBlock'],
  ['replication', 'ReplicationConfiguration'],
  ['requestPayment', 'BucketRequestPayment'],
  ['tagging', 'BucketTagging'],
  ['versioning', 'BucketVersioning'],
  ['website', 'BucketWebsite'],
];

/** "Actions, resources, and condition keys for Amazon Route 53": the names are the operations'. */
function route53Action(method: string, path: string): string {
  const [, , kind, , part] = path.split('/');
  if (kind === 'change') return 'GetChange';
  if (kind === 'tags') return method === 'GET' ? 'ListTagsForResource' : 'ChangeTagsForResource';
  if (part === 'rrset') return method === 'GET' ? 'ListResourceRecordSets' : 'ChangeResourceRecordSets';
  if (part === 'dnssec') return 'GetDNSSEC';
  if (method === 'POST') return 'CreateHostedZone';
  return method === 'DELETE' ? 'DeleteHostedZone' : 'GetHostedZone';
}
