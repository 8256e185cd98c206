/**
 * The contract between the SBC and FreeSWITCH: which feature a call gets is the user part of the request URI, and nothing
 * else. The SBC decides who may have what; FreeSWITCH does what the URI says and answers 404 to the rest.
 *
 * | user part | what the caller gets |
 * | --- | --- |
 * | `echo` | hears itself |
 * | `tone` | a steady 1000 Hz tone |
 * | `conference-NAME` | the conference room NAME |
 * | `voicemail-NAME` | leaves a message in the box NAME |
 * | `mailbox-NAME` | hears the messages of the box NAME, without a PIN: the SBC has checked that the box is the caller's |
 * | `ivr-NAME` | the menu NAME |
 *
 * **Names are the SBC's to keep apart**: it sends `TENANT.NAME` (a tenant's name has no dot), so that no tenant can reach
 * another's room or box. **Names stay on one host**: rooms and boxes live on one media host, so all calls with the same NAME
 * must go to the same host (a hash of the NAME over the pool). A menu offers the room and the box of its own NAME, which are
 * then on its host too.
 */

/** Features that are the same for every caller; any media host will do. */
export const plainFeatures = ['echo', 'tone'] as const;

/** Features with a name; all calls with the same name belong on the same media host. */
export const namedFeatures = ['conference', 'voicemail', 'mailbox', 'ivr'] as const;

export type PlainFeature = (typeof plainFeatures)[number];
export type NamedFeature = (typeof namedFeatures)[number];

export type Feature =
  | { readonly kind: PlainFeature }
  /** `name` matches `featureNamePattern`. */
  | { readonly kind: NamedFeature; readonly name: string };

/**
 * What a name may be, without anchors; a POSIX extended regular expression that JavaScript, PCRE and Kamailio read alike.
 * It begins with a letter or digit because a box is also a folder, and has nothing that means something to a dialplan. 127
 * characters hold a tenant's name (48), a dot and a user name (63).
 */
export const featureNamePattern = '[A-Za-z0-9][A-Za-z0-9._-]{0,126}';

/** The user part of the request URI with which the SBC asks for a feature. */
export function featureUser(feature: Feature): string {
  return 'name' in feature ? `${feature.kind}-${feature.name}` : feature.kind;
}

/** The feature that a user part asks for; undefined where FreeSWITCH answers 404. */
export function parseFeatureUser(user: string): Feature | undefined {
  const plain = plainFeatures.find((kind) => kind === user);
  if (plain) return { kind: plain };
  const match = new RegExp(`^(${namedFeatures.join('|')})-(${featureNamePattern})$`).exec(user);
  return match ? { kind: match[1] as NamedFeature, name: match[2]! } : undefined;
}
