/** Trunks to carriers. */
import { counted } from '../../config-file/counted.ts';
import { contains, parseRange } from '../range.ts';
import type { Path } from '../../config-file/finding.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const isAddress = (text: string) => /^\d+(\.\d+){3}$/.test(text);

const trunkNamesAreUnique: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks'],
  *check({ trunks }) {
    const names = trunks.map((trunk) => trunk.name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      yield { path: ['trunks', index, 'name'], message: `there are two trunks ${name}`, allowed: 'a name of its own' };
    }
  },
};

/** https://www.iana.org/assignments/iana-ipv4-special-registry/, without the ranges that are set aside for documents. */
export const notHosts = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(parseRange);

const carriersAreReachable: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks', 'network'],
  *check({ trunks, network }) {
    for (const [index, { address }] of trunks.entries()) {
      if (!isAddress(address)) continue;
      const path: Path = ['trunks', index, 'address'];
      const range = parseRange(address);
      if (notHosts.some((other) => contains(other, range))) {
        yield { path, message: `${address} is the address of no carrier`, allowed: 'a unicast address' };
      } else if (contains(parseRange(network), range)) {
        yield {
          path,
          message: `${address} is in the cell’s own network (${network})`,
          allowed: 'an address outside',
        };
      }
    }
  },
};

const trunkTransportIsOn: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks', 'sbc.transports'],
  *check({ trunks, sbc: { transports } }) {
    for (const [index, { name, transport }] of trunks.entries()) {
      if (transports[transport] !== 'off') continue;
      const on = (['udp', 'tcp', 'tls'] as const).filter((other) => transports[other] !== 'off');
      yield {
        path: ['trunks', index, 'transport'],
        alsoAt: [['trunks', index]],
        message: `${name} uses ${transport}, which is off on the SBC`,
        allowed: `${on.join(' or ') || 'none'}, or a port for sbc.transports.${transport}`,
      };
    }
  },
};

const tlsIsOnItsPort: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['trunks'],
  *check({ trunks }) {
    for (const [index, { name, transport, port }] of trunks.entries()) {
      if (transport !== 'tls' || port !== 5060) continue;
      yield {
        path: ['trunks', index, 'port'],
        alsoAt: [['trunks', index, 'transport']],
        message: `${name} speaks TLS on 5060, which carriers have for UDP and TCP`,
        allowed: 'port: 5061 unless the carrier says otherwise',
      };
    }
  },
};

/** Statuses that come from the callee, or that always go on. */
const fixedOutcomes = new Map([
  [401, 'always goes on to the next trunk'],
  [407, 'always goes on to the next trunk'],
  [486, 'says that the callee is busy'],
  [487, 'says that the caller gave up'],
]);

const definiteAnswersStand: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks'],
  *check({ trunks }) {
    for (const [index, { name, failOverOn }] of trunks.entries()) {
      for (const [place, status] of failOverOn.entries()) {
        const path = ['trunks', index, 'failOverOn', place];
        const outcome = fixedOutcomes.get(status);
        if (outcome !== undefined) {
          yield { path, message: `${name} names ${status}, which ${outcome}`, allowed: 'another status of 400 to 599' };
        } else if (failOverOn.indexOf(status) !== place) {
          yield { path, message: `${name} names ${status} twice`, allowed: 'each status once' };
        }
      }
    }
  },
};

const registrationsHaveAnAccount: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks'],
  *check({ trunks }) {
    for (const [index, { name, credentials, register }] of trunks.entries()) {
      if (register === undefined || credentials !== undefined) continue;
      yield {
        path: ['trunks', index, 'register'],
        message: `${name} registers and has no credentials`,
        allowed: 'credentials with the user of the account, or no register',
      };
    }
  },
};

const nationalNumbersHaveACountry: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks'],
  *check({ trunks }) {
    for (const [index, { name, numbers }] of trunks.entries()) {
      if (numbers.form !== 'national' || numbers.country !== undefined) continue;
      yield {
        path: ['trunks', index, 'numbers', 'form'],
        message: `${name} has national numbers of no country`,
        allowed: 'country, for example country: 49; or the form international',
      };
    }
  },
};

const trunkLimitsFitTheCell: Rule<CellSpec> = {
  severity: 'warning',
  reads: ['trunks', 'media.hosts', 'media.relay.calls', 'sbc.setupsPerSecond'],
  *check({ trunks, media, sbc }) {
    const calls = media.hosts * media.relay.calls;
    for (const [index, { name, limits }] of trunks.entries()) {
      if (limits.calls > calls) {
        yield {
          path: ['trunks', index, 'limits', 'calls'],
          message: `${name} may have ${counted(limits.calls, 'call')}; the cell’s media hosts carry ${calls}`,
          allowed: `at most ${calls}`,
        };
      }
      if (limits.callsPerSecond > sbc.setupsPerSecond) {
        yield {
          path: ['trunks', index, 'limits', 'callsPerSecond'],
          message: `${name} may set up ${counted(limits.callsPerSecond, 'call')} a second; the cell takes ${sbc.setupsPerSecond}`,
          allowed: `at most ${sbc.setupsPerSecond}`,
        };
      }
    }
  },
};

export const trunkRules: readonly Rule<CellSpec>[] = [
  trunkNamesAreUnique,
  carriersAreReachable,
  trunkTransportIsOn,
  tlsIsOnItsPort,
  definiteAnswersStand,
  registrationsHaveAnAccount,
  nationalNumbersHaveACountry,
  trunkLimitsFitTheCell,
];
