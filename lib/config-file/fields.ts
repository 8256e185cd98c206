/** The kinds of single values that specs are made of, each with the message that says what is allowed. */
import { z } from 'zod';

/**
 * A text of a given form. `mustBe` is both the error's text and what an editor shows that knows the JSON Schema
 * (`patternErrorMessage` is understood by the YAML and JSON support of VS Code).
 */
export function text(pattern: RegExp, mustBe: string) {
  return z.string().regex(pattern, mustBe).meta({ patternErrorMessage: mustBe });
}

export const port = z.int().min(1).max(65535);

/** `30000-39999`, both ends included. */
export const portRange = text(/^\d{4,5}-\d{4,5}$/, 'must be FROM-TO, for example 30000-39999').transform((text) => {
  const [from, to] = text.split('-').map(Number) as [number, number];
  return { from, to } satisfies PortRange;
});

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

// Without leading zeros: to some programs 010 is 8, and others refuse it.
const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
export const ipv4Address = text(
  new RegExp(`^${octet}(\\.${octet}){3}$`),
  'must be an IPv4 address, for example 203.0.113.10',
);
export const ipv4Network = text(
  new RegExp(`^${octet}(\\.${octet}){3}/(3[0-2]|[12]?\\d)$`),
  'must be an IPv4 range, for example 10.16.0.0/20',
);
export const domainName = text(
  /^(?=.*[a-z])([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/,
  'must be a domain name in lower case, for example acme.example.com',
).max(253);
export const e164 = text(/^\+[1-9]\d{6,14}$/, 'must be an E.164 number, for example +4930123456');

/** A name that becomes part of host names, resource names and table keys. */
export function label(longest: number, example: string) {
  return text(
    new RegExp(`^[a-z]([a-z0-9-]{0,${longest - 2}}[a-z0-9])?$`),
    `must be 1 to ${longest} lower-case letters, digits and hyphens, beginning with a letter, for example ${example}`,
  );
}

/** Where cells, edges and tenants are: a name that all targets share. What a target takes for one is a rule of its own. */
export const region = label(32, 'eu-west-1');

const sipPort = (transport: string, usual: number) =>
  z
    .union([port, z.literal('off')])
    .default(usual)
    .describe(`Port of SIP over ${transport}, or off.`);

/** Where SIP is spoken. Default: on the ports of RFC 3261, section 18.1. */
export const sipTransports = z.strictObject({
  udp: sipPort('UDP', 5060),
  tcp: sipPort('TCP', 5060),
  tls: sipPort('TLS', 5061),
});

export type SipTransports = z.output<typeof sipTransports>;

/** Connections over TCP and TLS to an SBC or an edge. */
export const connectionsPerSource = z
  .int()
  .min(10)
  .max(100000)
  .default(1200)
  .describe(
    'Number of connections over TCP and TLS that one source may hold. That number may open in a burst, then a twentieth of it a second. 1200 are an office of 500 phones behind one address which reconnect after a power cut, before their old connections are found dead, and a fifth more.',
  );

export interface Connections {
  readonly total: number;
  readonly perSource: number;
}

/** A state or a union of states whose law holds where a cell is. */
export const jurisdiction = text(/^[A-Z]{2,8}$/, 'must be 2 to 8 capital letters, for example EU or US');
