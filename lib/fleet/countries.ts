/**
 * What a cell knows of countries: their calling codes, the numbers of their emergency services, and the prefixes of their premium-rate
 * numbers. Also prefixes that belong to no country.
 *
 * Sources: calling codes and shared codes, ITU-T E.164 (list of assigned country codes, as of 2016-11-15, and ITU Operational Bulletin);
 * emergency numbers and premium-rate ranges, libphonenumber's `ShortNumberMetadata.xml` (`emergency`) and `PhoneNumberMetadata.xml`
 * (`premiumRate`) of 2026-07, which follow the national numbering plans, compared with the plans of BNetzA (DE), Ofcom (GB) and ARCEP (FR) where
 * these say more; services, RFC 5031, section 4.2.
 */

/** A service of RFC 5031, without `urn:service:`. */
export type EmergencyService = 'sos' | 'sos.ambulance' | 'sos.fire' | 'sos.police';

export interface Country {
  /** Digits, without `+`. */
  readonly callingCode: string;
  /** Numbers with their services. The first one is dialled for a service that has no number of its own. 112 is in every list. */
  readonly emergency: readonly (readonly [number: string, service: EmergencyService])[];
  /**
   * Digits behind the calling code with which premium-rate numbers begin. Ireland has none: there 15.. may also be a line in Dublin, and only
   * the length of the number tells which.
   */
  readonly premium: readonly string[];
}

const country = (callingCode: string, emergency: Country['emergency'], premium: readonly string[] = []): Country => ({
  callingCode,
  emergency,
  premium,
});

const sos = (number: string) => [number, 'sos'] as const;
const police = (number: string) => [number, 'sos.police'] as const;
const fire = (number: string) => [number, 'sos.fire'] as const;
const ambulance = (number: string) => [number, 'sos.ambulance'] as const;

/** By ISO 3166-1 alpha-2. */
export const countries: Readonly<Record<string, Country>> = {
  AT: country('43', [sos('112'), fire('122'), police('133'), ambulance('144')], ['900', '901', '930', '931', '939']),
  AU: country('61', [sos('000'), sos('106'), sos('112')], ['190']),
  BE: country('32', [sos('112'), sos('100'), police('101')], ['90']),
  BR: country('55', [police('190'), ambulance('192'), fire('193'), sos('112'), sos('911')], ['900']),
  CA: country('1', [sos('911'), sos('112')], ['900']),
  CH: country('41', [sos('112'), police('117'), fire('118'), ambulance('144')], ['900', '901', '906']),
  CZ: country(
    '420',
    [sos('112'), fire('150'), ambulance('155'), police('156'), police('158')],
    ['900', '905', '906', '908', '909', '976'],
  ),
  DE: country('49', [sos('112'), police('110')], ['137', '900']),
  DK: country('45', [sos('112')], ['90']),
  ES: country('34', [sos('112'), fire('085'), police('088')], ['803', '806', '807']),
  FI: country('358', [sos('112')], ['600', '700']),
  FR: country('33', [sos('112'), ambulance('15'), police('17'), fire('18')], ['81', '82', '89']),
  GB: country('44', [sos('999'), sos('112')], ['70', '871', '872', '873', '90', '91', '98']),
  GR: country('30', [sos('112'), police('100'), ambulance('166'), fire('199')], ['901', '909']),
  HK: country('852', [sos('999'), sos('112'), sos('992')], ['900']),
  HU: country('36', [sos('112'), ambulance('104'), fire('105'), police('107')], ['90', '91']),
  IE: country('353', [sos('112'), sos('999')]),
  IN: country('91', [sos('112'), police('100'), fire('101'), ambulance('102'), ambulance('108')]),
  IT: country(
    '39',
    [sos('112'), police('113'), fire('115'), ambulance('118')],
    ['144', '163', '164', '166', '892', '893', '894', '895', '899'],
  ),
  JP: country('81', [fire('119'), police('110'), sos('112')], ['990']),
  KR: country('82', [fire('119'), police('112')], ['60']),
  LU: country('352', [sos('112'), police('113')], ['900', '901', '905']),
  MX: country('52', [sos('911'), sos('112')], ['900']),
  NL: country('31', [sos('112'), sos('911')], ['900', '906', '909']),
  NO: country('47', [sos('112'), fire('110'), ambulance('113')], ['820', '829']),
  NZ: country('64', [sos('111'), sos('112')], ['900']),
  PL: country(
    '48',
    [sos('112'), police('997'), fire('998'), ambulance('999')],
    ['700', '701', '703', '704', '706', '707', '708'],
  ),
  PT: country('351', [sos('112'), sos('115')], ['601', '607', '608', '646', '648', '760', '761', '762']),
  RO: country('40', [sos('112')], ['900', '901', '903', '906']),
  SE: country('46', [sos('112'), sos('90000')], ['900', '939', '944']),
  SG: country('65', [fire('995'), police('999'), sos('112')], ['1900']),
  US: country('1', [sos('911'), sos('112')], ['900']),
  ZA: country('27', [sos('112'), police('10111'), ambulance('10177')], ['862', '863', '864', '865', '90', '91', '92']),
};

/** What somebody may dial who is in no country that the cell knows of: ITU-T E.161.1 recommends these two. */
export const emergencyAnywhere = ['112', '911'] as const;

/** What is an emergency number anywhere, sorted: which of them is one for a caller depends on where it is. */
export const emergencyNumbers: readonly string[] = [
  ...new Set([
    ...emergencyAnywhere,
    ...Object.values(countries).flatMap(({ emergency }) => emergency.map(([number]) => number)),
  ]),
].sort();

/**
 * Codes that belong to no country and cost a multiple of a call to one: satellite networks (870, 881), personal numbers (878), international
 * networks (882, 883), disaster relief (888), international premium rate (979).
 */
const sharedCodes = ['870', '878', '881', '882', '883', '888', '979'] as const;

/** Prefixes with `+` of numbers that fraud calls: premium rate, and what belongs to no country. Sorted. */
export const highRiskPrefixes: readonly string[] = [
  ...new Set([
    ...sharedCodes.map((code) => `+${code}`),
    ...Object.values(countries).flatMap(({ callingCode, premium }) =>
      // Also with the trunk prefix left in, which carriers tend to take out. (North America has none, and in Italy
      // the 0 belongs to the number.)
      premium.flatMap((digits) => [
        `+${callingCode}${digits}`,
        ...(['1', '39'].includes(callingCode) ? [] : [`+${callingCode}0${digits}`]),
      ]),
    ),
  ]),
].sort();

/**
 * Codes of North America's numbering plan that are not the United States or Canada, with `+`: countries of their own, at international rates
 * (NANPA, list of area codes; the `leadingDigits` of libphonenumber).
 */
export const abroadInNorthAmerica: readonly string[] = [
  ...['242', '246', '264', '268', '284', '345', '441', '473', '649', '658', '664', '721', '758', '767', '784', '809'],
  ...['829', '849', '868', '869', '876'],
].map((code) => `+1${code}`);

/** Source of a POSIX expression that matches numbers with one of these prefixes, all with `+`. */
export const prefixPattern = (prefixes: readonly string[]): string =>
  `^[+](${prefixes.map((prefix) => prefix.slice(1)).join('|')})`;

/** The number by which a service is reached in a country. */
export function numberOfService({ emergency }: Country, service: EmergencyService): string {
  return (emergency.find(([, other]) => other === service) ?? emergency[0]!)[0];
}
