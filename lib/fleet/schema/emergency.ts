/** Emergency calls in the spec: the routes of a cell, and where the users of a tenant are. */
import { z } from 'zod';
import { e164, label, text } from '../../config-file/fields.ts';

export const countryCode = text(/^[A-Z]{2}$/, 'must be the two letters of a country (ISO 3166-1), for example DE');

/**
 * What is called to test a route: the service of RFC 6881, section 13, or a number that the carrier has given for it. Which numbers and services are
 * refused says `rules/emergency.ts`.
 */
const testTarget = text(
  /^(urn:service:test\.sos(\.[a-z0-9-]+)*|[0-9*#+]{2,16})$/,
  'must be urn:service:test.sos or a number',
);

export const emergency = z
  .record(
    countryCode,
    z.strictObject({
      trunks: z
        .array(z.string())
        .min(1)
        .describe('Trunks to the emergency services of the country, in order of preference: names under trunks.'),
      form: z
        .enum(['number', 'urn'])
        .default('number')
        .describe(
          'What these carriers are called with: the number, for example 112, or the service of RFC 5031, for example urn:service:sos.',
        ),
      test: testTarget
        .optional()
        .describe(
          'What the probe calls once a day to test the route: the carrier’s own test number, which must not be an emergency number anywhere; where form is urn also urn:service:test.sos (RFC 6881). Default: urn:service:test.sos where form is urn; else no test.',
        ),
    }),
  )
  .default({})
  .describe(
    'Emergency calls: country (ISO 3166-1) to the way to its emergency services. Empty: the cell has none, and 112 is a number like any other.',
  );

/** Civic address elements that a location may have (RFC 4119 and 5139), and what they are. */
export const civicElements = {
  A1: 'state or province',
  A2: 'county',
  A3: 'city',
  A4: 'district of the city',
  A5: 'neighbourhood',
  A6: 'group of streets',
  RD: 'street',
  PRD: 'direction before the street’s name',
  POD: 'direction behind the street’s name',
  STS: 'street suffix',
  HNO: 'house number',
  HNS: 'house number suffix',
  LMK: 'landmark',
  LOC: 'further description',
  NAM: 'name of the occupant',
  PC: 'postal code',
  BLD: 'building',
  UNIT: 'apartment or suite',
  FLR: 'floor',
  ROOM: 'room',
  SEAT: 'desk',
  PLC: 'kind of place',
} as const;

const location = z
  .strictObject({
    civic: z
      .record(text(/^[A-Z0-9]{1,8}$/, 'must be a civic address element, for example A3'), z.string().min(1).max(128))
      .optional()
      .describe(
        `Address by elements (RFC 5139): ${Object.entries(civicElements)
          .map(([name, what]) => `${name} ${what}`)
          .join(', ')}. The country is the site’s. Default: none.`,
      ),
    point: text(
      /^-?\d{1,2}(\.\d{1,8})? -?\d{1,3}(\.\d{1,8})?$/,
      'must be latitude and longitude in degrees (WGS 84), for example 52.5163 13.3777',
    )
      .optional()
      .describe('Latitude and longitude in degrees (WGS 84), with a space between them. Default: none.'),
    reference: text(
      /^(https|sips?|pres):[^\s<>|"]{1,250}$/,
      'must be an address of a location server: https:, sip:, sips: or pres:',
    )
      .optional()
      .describe(
        'Address of a location server that tells the location (RFC 6442), instead of the location itself. Default: none.',
      ),
  })
  .describe('Where the site is: by value, with civic or point or both, or by reference.');

export const sites = z
  .record(
    label(32, 'berlin'),
    z.strictObject({
      country: countryCode.optional().describe('Country of the site. Default: that of the tenant.'),
      location: location
        .optional()
        .describe('What emergency services learn. Default: nothing but the callback number.'),
      callback: e164
        .optional()
        .describe(
          'Number under which emergency services call back. Default: the number of the caller, or else the tenant’s first one.',
        ),
      users: z
        .array(text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be the name of a user'))
        .default([])
        .describe('Users who are at this site. A user with a place of its own has a site of its own.'),
    }),
  )
  .default({})
  .describe('Places of the tenant’s users, for emergency calls.');

export type Location = z.output<typeof location>;
