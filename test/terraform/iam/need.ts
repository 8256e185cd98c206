/** What IAM is asked about, and how its names are made. */
import type { Call } from './call.ts';

export const account = '123456789012';

export interface Need {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request. */
  readonly context: Readonly<Record<string, string | string[]>>;
}

export function arnOf(service: string, region: string, rest: string): string {
  const isGlobal = service === 'iam' || (service === 'cloudwatch' && rest.startsWith('dashboard/'));
  const where = isGlobal ? '' : region;
  return `arn:aws:${service}:${where}:${account}:${rest}`;
}

/** Tags that a request brings along, in the ways of all services. */
export function tagsOf({ parameters }: Pick<Call, 'parameters'>): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const json = /^tags\.(.+)$/.exec(name)?.[1];
    if (json !== undefined) tags[json] = value;
    const key = /^(.*Tags?\..*\.?)(Key|TagKey)$/.exec(name);
    if (key) tags[value] = parameters[`${key[1]}${key[2]!.replace('Key', 'Value')}`] ?? '';
  }
  return tags;
}

export function tagContext(prefix: string, tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));
}
