/** Rules over a plan for what a front is made of: DNS records, Global Accelerator, its directory. */
import type { PlannedResource, PlanRule, TerraformPlan } from './terraform-plan.ts';

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const blocks = (value: unknown) => list(value) as readonly Readonly<Record<string, unknown>>[];

/** What is wrong with the records of a type, each by itself. */
function malformed({ values }: PlannedResource, type: string, fits: RegExp, allowed: string): readonly string[] {
  if (values['type'] !== type) return [];
  return list(values['records'])
    .map(String)
    .filter((record) => !fits.test(record) || tooLarge(record))
    .map((record) => `“${record}” is no ${type} record; allowed is ${allowed}`);
}

/** Whether one of the numbers at its beginning takes more than the two bytes that DNS has for it. */
function tooLarge(record: string): boolean {
  return [...record.matchAll(/(?<=^|^\d+ |^\d+ \d+ )\d+(?= )/g)].some(([number]) => Number(number) > 65535);
}

const name = String.raw`(\.|([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9-]{1,63}\.?)`;
const srv = new RegExp(String.raw`^(\d{1,5}\s+){3}${name}$`);
/** With the flag S or A and a name, or with U and a regular expression (RFC 3403, RFC 3263). */
const naptr = new RegExp(
  String.raw`^(\d{1,5} ){2}("([SsAa]?)" "[A-Za-z0-9+:]*" "" ${name}|"[Uu]" "[A-Za-z0-9+:]+" "[^"]+" \.)$`,
);

/** Names of CNAME records in the plan. */
function aliases(plan: TerraformPlan): ReadonlySet<string> {
  return new Set(
    (plan.planned_values.root_module.resources ?? [])
      .filter(({ type, values }) => type === 'aws_route53_record' && values['type'] === 'CNAME')
      .map(({ values }) => withoutDot(String(values['name']))),
  );
}

const withoutDot = (domain: string) => domain.replace(/\.$/, '').toLowerCase();

export const frontPlanRules: readonly PlanRule[] = [
  {
    name: 'srv-records',
    types: ['aws_route53_record'],
    check: (resource) =>
      malformed(resource, 'SRV', srv, '“priority weight port target”, such as 10 5 5060 sip.example.com.'),
  },
  {
    name: 'naptr-records',
    types: ['aws_route53_record'],
    check: (resource) =>
      malformed(
        resource,
        'NAPTR',
        naptr,
        '“order preference "flag" "service" "regexp" replacement”, such as 10 10 "S" "SIP+D2U" "" _sip._udp.example.com.',
      ),
  },
  {
    name: 'srv-targets',
    types: ['aws_route53_record'],
    check: ({ values }, plan) =>
      values['type'] !== 'SRV'
        ? []
        : list(values['records'])
            .map((record) => String(record).split(/\s+/)[3] ?? '')
            .filter((target) => aliases(plan).has(withoutDot(target)))
            .map((target) => `the target ${target} is an alias (CNAME); RFC 2782 allows names with addresses only`),
  },
  {
    name: 'client-addresses',
    types: ['aws_globalaccelerator_endpoint_group'],
    check: ({ values }) =>
      blocks(values['endpoint_configuration']).some((endpoint) => endpoint['client_ip_preservation_enabled'] !== true)
        ? ['client_ip_preservation_enabled must be true: edges tell sources apart, and ban them, by their addresses']
        : [],
  },
  {
    name: 'recoverable-tables',
    types: ['aws_dynamodb_table'],
    check: ({ values }) => [
      ...(blocks(values['point_in_time_recovery']).some(({ enabled }) => enabled === true)
        ? []
        : ['point_in_time_recovery must be enabled: a wrong bulk change could else not be taken back']),
      ...(values['deletion_protection_enabled'] === true ? [] : ['deletion_protection_enabled must be true']),
    ],
  },
];
