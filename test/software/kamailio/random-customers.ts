/** Trunks and tenants as a fleet may have them: all that their tables show, each once in a while. */
import fc from 'fast-check';
import type { Customers } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { codecNames, parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

const user = fc.constantFrom('alice', 'bob', 'Carol_1', '9-to-5');
const number = fc.integer({ min: 1_000_000, max: 9_999_999 }).map((digits) => `+49${digits}`);
const limits = fc.record({
  calls: fc.integer({ min: 5, max: 100_000 }),
  callsPerSecond: fc.oneof(
    fc.integer({ min: 100, max: 10_000_000 }).map((thousandths) => thousandths / 1000),
    fc.double({ min: 0.1, max: 10_000, noNaN: true }),
  ),
  burst: fc.integer({ min: 1, max: 10_000 }),
});
const forwardTo = fc.option(fc.oneof(user, number, fc.constantFrom('*43', 'voicemail')), { nil: undefined });
const forward = fc.record(
  {
    always: forwardTo,
    busy: forwardTo,
    noAnswer: forwardTo,
    noAnswerSeconds: fc.integer({ min: 5, max: 120 }),
    notRegistered: forwardTo,
  },
  { requiredKeys: [] },
);
/** A range within 10.INDEX.0.0/16, so that no two overlap. */
const sources = (index: number) =>
  fc.array(
    fc.integer({ min: 16, max: 32 }).chain((prefix) =>
      fc.nat(2 ** 16 - 1).map((low) => {
        const first = Math.floor(low / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        return `10.${index}.${first >> 8}.${first & 255}/${prefix}`;
      }),
    ),
    { maxLength: 1 },
  );

const site = fc.record(
  {
    country: fc.constantFrom('DE', 'FR'),
    callback: number,
    location: fc.oneof(
      fc.record({ reference: fc.constant('https://places.example.com/x?y=1:2') }),
      fc.record({ civic: fc.record({ A3: fc.constantFrom('Berlin', "O'Brien & Söhne \\ 1|2: <x>") }) }),
    ),
  },
  { requiredKeys: [] },
);

const trunk = (index: number) =>
  fc.record(
    {
      name: fc.constant(`carrier-${index}`),
      address: fc.constantFrom(`192.0.2.${index + 1}`, `10.${100 + index}.7.7`, `sip${index}.carrier.example`),
      port: fc.integer({ min: 1, max: 65_535 }),
      transport: fc.constantFrom('udp' as const, 'tcp' as const, 'tls' as const),
      sources: sources(100 + index),
      limits,
      credentials: fc.record(
        {
          user: fc.constantFrom('acme', '+49-30.a_b'),
          passwordVariable: fc.constant('CARRIER'),
          realm: fc.constantFrom('carrier.example', 'a realm'),
        },
        { requiredKeys: ['user', 'passwordVariable'] },
      ),
      register: fc.record(
        {
          domain: fc.constantFrom('192.0.2.9', 'carrier.example'),
          expiresSeconds: fc.integer({ min: 60, max: 86_400 }),
        },
        { requiredKeys: [] },
      ),
      numbers: fc.record(
        {
          form: fc.constantFrom('e164' as const, 'digits' as const, 'international' as const),
          country: fc.constantFrom('49', '1'),
          trunkPrefix: fc.constantFrom('', '0', '06'),
          prefix: fc.constantFrom('', '1010*'),
          strip: fc.constantFrom('', '99'),
        },
        { requiredKeys: [] },
      ),
      identity: fc.constantFrom('p-asserted-identity' as const, 'remote-party-id' as const, 'from' as const),
      diversion: fc.constantFrom('both' as const, 'diversion' as const, 'history-info' as const, 'none' as const),
      probeSeconds: fc.integer({ min: 5, max: 300 }),
      failOverOn: fc.uniqueArray(fc.integer({ min: 400, max: 599 }), { maxLength: 4 }),
    },
    { requiredKeys: ['name', 'address'] },
  );

const tenant = (index: number) =>
  fc.record(
    {
      name: fc.constant(`t${index}`),
      domain: fc.constant(`t${index}.example.com`),
      tier: fc.constantFrom('standard', 'high-volume'),
      dids: fc.dictionary(
        // No number belongs to two.
        number.map((text) => `${text}${index}`),
        fc.oneof(user, fc.constantFrom('*43', '@exchange')),
        { maxKeys: 4 },
      ),
      exchange: fc.record({
        address: fc.constant(`10.${index}.1.1`),
        port: fc.integer({ min: 1, max: 65_535 }),
        transport: fc.constantFrom('udp' as const, 'tcp' as const),
      }),
      forwards: fc.dictionary(user, forward, { maxKeys: 3 }),
      sources: sources(index),
      limits: fc
        .tuple(
          limits,
          fc.record(
            {
              guaranteedCalls: fc.nat(5),
              longestMinutes: fc.integer({ min: 1, max: 1440 }),
              oneSidedSeconds: fc.constantFrom(0, 30, 86_400),
            },
            { requiredKeys: [] },
          ),
        )
        .map(([all, own]) => ({ ...all, ...own })),
      codecs: fc.uniqueArray(fc.constantFrom(...codecNames)),
      trunks: fc.uniqueArray(fc.constantFrom('carrier-0', 'carrier-1', 'carrier-2')),
      country: fc.constantFrom('DE', 'GB', 'US'),
      sites: fc
        .tuple(fc.subarray(['berlin', 'london']), fc.array(site, { minLength: 2, maxLength: 2 }))
        .map(([names, places]) =>
          // No user is at two sites.
          Object.fromEntries(names.map((name, at) => [name, { ...places[at], users: at === 0 ? ['alice'] : ['bob'] }])),
        ),
      outbound: fc.record(
        {
          destinations: fc.uniqueArray(fc.stringMatching(/^\+([1-9][0-9]{0,6})?$/), { minLength: 1, maxLength: 4 }),
          minutesPerDay: fc.integer({ min: 1, max: 1_000_000 }),
          minutesPerDayOfUser: fc.integer({ min: 1, max: 1_000_000 }),
          internationalCalls: fc.integer({ min: 1, max: 100_000 }),
          internationalCallsOfUser: fc.integer({ min: 1, max: 100_000 }),
          alarmPercent: fc.integer({ min: 1, max: 100 }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ['name', 'domain'] },
  );

const some = <T>(of: (index: number) => fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> =>
  fc.subarray(Array.from({ length: most }, (_, index) => index)).chain((chosen) => fc.tuple(...chosen.map(of)));

export const randomCustomers: fc.Arbitrary<Customers> = fc
  .record({ tenants: some(tenant, 5), trunks: some(trunk, 3) })
  .map((input) => parseCell({ name: 'x', region: 'eu-west-1', ...(input as Pick<CellInput, 'tenants' | 'trunks'>) }));
