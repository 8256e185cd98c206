/** Emergency calls: a cell's routes, and where users are. */
import { suggestion } from '../../config-file/allowed.ts';
import type { Path } from '../../config-file/finding.ts';
import type { Rule, Violation } from '../../config-file/rule.ts';
import { countries, emergencyNumbers } from '../countries.ts';
import { civicElements } from '../schema/emergency.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const known = Object.keys(countries);

const unknownCountry = (country: string, path: Path): Violation => ({
  path,
  message: `${country} is a country whose emergency numbers nobody here knows${suggestion(country, known)}`,
  allowed: known.join(', '),
});

const countriesAreKnown: Rule<CellSpec> = {
  severity: 'error',
  reads: ['emergency', 'tenants'],
  *check({ emergency, tenants }) {
    for (const country of Object.keys(emergency)) {
      if (!known.includes(country)) yield unknownCountry(country, ['emergency', country]);
    }
    for (const [index, { country, sites }] of tenants.entries()) {
      if (country !== undefined && !known.includes(country)) {
        yield unknownCountry(country, ['tenants', index, 'country']);
      }
      for (const [site, { country: there }] of Object.entries(sites)) {
        if (there === undefined || known.includes(there)) continue;
        yield unknownCountry(there, ['tenants', index, 'sites', site, 'country']);
      }
    }
  },
};

const emergencyTrunksExist: Rule<CellSpec> = {
  severity: 'error',
  reads: ['emergency', 'trunks'],
  *check({ emergency, trunks }) {
    const names = trunks.map(({ name }) => name);
    for (const [country, { trunks: chosen }] of Object.entries(emergency)) {
      for (const [place, trunk] of chosen.entries()) {
        const path = ['emergency', country, 'trunks', place];
        if (!names.includes(trunk)) {
          yield {
            path,
            message: `emergency calls of ${country} go to the trunk ${trunk}, which is not there${suggestion(trunk, names)}`,
            allowed: names.length === 0 ? 'a trunk under trunks; there is none yet' : names.join(', '),
          };
        } else if (chosen.indexOf(trunk) !== place) {
          yield { path, message: `emergency calls of ${country} go to ${trunk} twice`, allowed: 'each trunk once' };
        }
      }
    }
  },
};

/** Each day the probe calls what stands there, and a carrier may know the emergency numbers of other countries than the route's. */
const testsCallNobody: Rule<CellSpec> = {
  severity: 'error',
  reads: ['emergency'],
  *check({ emergency }) {
    for (const [country, { form, test }] of Object.entries(emergency)) {
      const path = ['emergency', country, 'test'];
      if (test === undefined) continue;
      if (test.startsWith('urn:')) {
        if (form === 'urn') continue;
        yield {
          path,
          message: `the carriers of ${country} are called with numbers, and its test ${test} is a service`,
          allowed: 'the carrier’s own test number, or form: urn',
        };
      } else if (emergencyNumbers.includes(test.replace(/[*#+]/g, ''))) {
        yield {
          path,
          message: `the probe would call ${test}, an emergency number, every day`,
          allowed: 'the carrier’s own test number',
        };
      }
    }
  },
};

const locationsSayOnePlace: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants'],
  *check({ tenants }) {
    for (const [index, tenant] of tenants.entries()) {
      for (const [site, { location }] of Object.entries(tenant.sites)) {
        if (location === undefined) continue;
        const path = ['tenants', index, 'sites', site, 'location'];
        const { civic, point, reference } = location;
        const byValue = civic !== undefined || point !== undefined;
        if (byValue === (reference !== undefined)) {
          yield {
            path,
            message: `${site} of ${tenant.name} says its location ${byValue ? 'by value and by reference' : 'in no way'}`,
            allowed: 'civic or point or both, or reference alone',
          };
        }
        for (const name of Object.keys(civic ?? {})) {
          if (Object.hasOwn(civicElements, name)) continue;
          yield {
            path: [...path, 'civic', name],
            message: `${name} is not an element of a civic address${suggestion(name, Object.keys(civicElements))}`,
            allowed: Object.keys(civicElements).join(', '),
          };
        }
        const [latitude, longitude] = (point ?? '0 0').split(' ').map(Number) as [number, number];
        if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) {
          yield {
            path: [...path, 'point'],
            message: `${point} is not a place on Earth`,
            allowed: 'a latitude of -90 to 90 and a longitude of -180 to 180',
          };
        }
      }
    }
  },
};

const usersAreInOnePlace: Rule<CellSpec> = {
  severity: 'error',
  reads: ['tenants'],
  *check({ tenants }) {
    for (const [index, { name, sites }] of tenants.entries()) {
      const found = new Map<string, string>();
      for (const [site, { users }] of Object.entries(sites)) {
        for (const [place, user] of users.entries()) {
          const other = found.get(user);
          if (other !== undefined) {
            yield {
              path: ['tenants', index, 'sites', site, 'users', place],
              message: `${user} of ${name} is at ${other === site ? `${site} twice` : `${other} and at ${site}`}`,
              allowed: 'each user once, at one site',
            };
          }
          found.set(user, site);
        }
      }
    }
  },
};

/**
 * Users who would not reach the emergency services of their country: nobody says where they are, or the cell has no route there. `check` warns,
 * because users are data and may be elsewhere by the time they come to the cell; `provision` refuses them.
 */
export function* unreachableUsers({
  emergency,
  tenants,
}: Pick<CellSpec, 'emergency' | 'tenants'>): Generator<Violation> {
  const routes = Object.keys(emergency);
  if (routes.length === 0) return;
  for (const [index, { name, country, sites }] of tenants.entries()) {
    const at = ['tenants', index];
    if (country === undefined) {
      yield {
        path: [...at, 'country'],
        alsoAt: [at],
        message: `${name} has no country, so that nobody knows which emergency services its users call`,
        allowed: routes.join(', '),
      };
    } else if (!routes.includes(country)) {
      yield {
        path: [...at, 'country'],
        message: `${name} is in ${country}, to whose emergency services the cell has no route`,
        allowed: `${routes.join(', ')}, or a route under emergency`,
      };
    }
    for (const [site, { country: there }] of Object.entries(sites)) {
      if (there === undefined || routes.includes(there)) continue;
      yield {
        path: [...at, 'sites', site, 'country'],
        message: `${site} of ${name} is in ${there}, to whose emergency services the cell has no route`,
        allowed: `${routes.join(', ')}, or a route under emergency`,
      };
    }
  }
}

const usersReachEmergencyServices: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['emergency', 'tenants'],
  check: unreachableUsers,
};

const emergencyServicesCanCallBack: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['emergency', 'tenants'],
  *check({ emergency, tenants }) {
    if (Object.keys(emergency).length === 0) return;
    for (const [index, { name, dids, sites }] of tenants.entries()) {
      if (Object.keys(dids).length > 0) continue;
      const named = Object.values(sites);
      if (named.length > 0 && named.every(({ callback }) => callback !== undefined)) continue;
      yield {
        path: ['tenants', index, 'dids'],
        alsoAt: [['tenants', index]],
        message: `${name} has no number under which emergency services could call back`,
        allowed: 'a number under dids, or a callback for every site',
      };
    }
  },
};

const routesAreTested: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['emergency', 'probe'],
  *check({ emergency, probe }) {
    for (const [country, { form, test }] of Object.entries(emergency)) {
      const path = ['emergency', country];
      if (probe.intervalSeconds === 'off') {
        yield {
          path,
          message: `nobody tests the route to the emergency services of ${country}: the probe is off`,
          allowed: 'a probe, with probe.intervalSeconds',
        };
      } else if (form === 'number' && test === undefined) {
        yield {
          path,
          message: `nobody tests the route to the emergency services of ${country}: it has no test number`,
          allowed: 'test, a number that the carrier has given for it',
        };
      }
    }
  },
};

export const emergencyRules: readonly Rule<CellSpec>[] = [
  countriesAreKnown,
  emergencyTrunksExist,
  testsCallNobody,
  locationsSayOnePlace,
  usersAreInOnePlace,
  usersReachEmergencyServices,
  emergencyServicesCanCallBack,
  routesAreTested,
];
