/**
 * What a person writes in `cells/NAME.yaml`. `name`, `region` and the section of a target are enough; all else has a default.
 *
 * What a cell is stands at the top. What only one target understands stands in the target's section (`targets`). The zod schema checks one value at a time; rules between values are in `rules.ts`, rules between files in `fleet.ts`.
 */
import { z } from 'zod';
import { marked } from './brand.ts';
import type { CellInput, CellSpec } from './cell-types.ts';
import {
  connectionsPerSource,
  domainName,
  e164,
  ipv4Address,
  ipv4Network,
  jurisdiction,
  label,
  port,
  portRange,
  region,
  sipTransports,
  text,
} from '../../config-file/fields.ts';
import { cellRules } from '../rules/rules.ts';
import { oldCell, type OldCellInput } from './old-form.ts';
import { defaultsBySize, sizeNames, sizes } from './sizes.ts';
import { parseSpec } from './spec-error.ts';
import type { SpecFile } from '../../config-file/spec-file.ts';
import { awsCell, completeAwsCell } from './targets/aws.ts';
import {
  completeKubernetesCell,
  kubernetesCell,
  kubernetesRelayPorts,
  kubernetesStandIns,
} from './targets/kubernetes.ts';
import { local } from './targets/local.ts';
import { writtenForm } from '../../config-file/written-form.ts';

const limits = (calls: number, callsPerSecond: number, burst: number) =>
  z.strictObject({
    calls: z.int().min(0).max(100000).default(calls).describe('Concurrent calls.'),
    callsPerSecond: z
      .number()
      .min(0.1)
      .max(10000)
      .default(callsPerSecond)
      .describe('Call set-ups per second, long-term rate of the token bucket.'),
    burst: z
      .int()
      .min(1)
      .max(10000)
      .default(burst)
      .describe('Call set-ups that may come at once: the depth of the token bucket.'),
  });

export const codecNames = ['PCMU', 'PCMA', 'G722', 'opus', 'G729'] as const;

/** What a digest, a REGISTER and a table of the SBC take as it is: no quotes, no bars, no control characters. */
const accountName = text(
  /^[A-Za-z0-9+][A-Za-z0-9+._-]{0,62}$/,
  'must be a user name: 1 to 63 letters, digits, plus signs, dots, underscores and hyphens',
);

const credentials = z.strictObject({
  user: accountName.describe('User name at the carrier.'),
  realm: text(/^[A-Za-z0-9][A-Za-z0-9 ._@:-]{0,127}$/, 'must be a realm, for example sip.carrier.example')
    .optional()
    .describe('Realm whose challenges are answered. Default: whichever the carrier names.'),
  passwordVariable: text(
    /^[A-Z][A-Z0-9_]{0,63}$/,
    'must be the name of an environment variable in capital letters, for example CARRIER_A_PASSWORD',
  ).describe(
    'Environment variable from which `provision` and `up` take the password, 1 to 63 printable characters. Unset, the cell keeps the password that it has.',
  ),
});

const registration = z.strictObject({
  domain: z
    .union([ipv4Address, domainName])
    .optional()
    .describe('Domain of the registration, at the carrier’s registrar. Default: the address of the trunk.'),
  expiresSeconds: z
    .int()
    .min(60)
    .max(86400)
    .default(300)
    .describe('Seconds that a registration is asked for; it is renewed after half of what the carrier grants.'),
});

const numberForm = z.strictObject({
  form: z
    .enum(['e164', 'digits', 'international', 'national'])
    .default('e164')
    .describe(
      'How numbers are written to this carrier: +4930123456, 4930123456, 004930123456, or national (030123456) for those of `country` and international for others. From it any of these forms is understood.',
    ),
  country: text(/^[1-9]\d{0,2}$/, 'must be the code of a country, for example 49')
    .optional()
    .describe('Country code of national numbers. Default: there are none.'),
  trunkPrefix: text(/^\d{0,2}$/, 'must be 0 to 2 digits')
    .default('0')
    .describe('What stands before a national number: 0 in most countries, nothing in some.'),
  prefix: text(/^[\d#*]{0,15}$/, 'must be at most 15 digits, hashes and asterisks')
    .default('')
    .describe(
      'What this carrier wants before each number that it is asked to call, for example a code that chooses a route.',
    ),
  strip: text(/^[\d#*]{0,15}$/, 'must be at most 15 digits, hashes and asterisks')
    .default('')
    .describe('What this carrier puts before the numbers that it calls, to be removed.'),
});

const trunk = z.strictObject({
  name: label(32, 'carrier-a').describe('Name of the trunk, unique in the cell.'),
  address: z.union([ipv4Address, domainName]).describe('Signalling address or domain name of the carrier.'),
  port: port.default(5060).describe('Signalling port of the carrier.'),
  transport: z.enum(['udp', 'tcp', 'tls']).default('udp').describe('Transport towards the carrier.'),
  sources: z
    .array(ipv4Network)
    .default([])
    .describe('Further source ranges from which this carrier sends calls, beside its address.'),
  limits: limits(200, 20, 40).prefault({}).describe('Limits of all calls over this trunk, both directions together.'),
  failOverOn: z
    .array(z.int().min(400).max(599))
    .default([403, 404, 408, 500, 502, 503, 504])
    .describe(
      'SIP statuses of this carrier after which a call goes on to the tenant’s next trunk. 3xx, silence, and 401 and 407 that `credentials` do not answer, always do; what says that the callee is busy or does not want the call (486, 487, 6xx, or any status with such a Q.850 Reason) never does.',
    ),
  credentials: credentials
    .optional()
    .describe('How the SBC answers this carrier’s digest challenges (401, 407). Default: it has no account there.'),
  probeSeconds: z
    .int()
    .min(5)
    .max(300)
    .optional()
    .describe(
      'Seconds between two OPTIONS to each address of this carrier. While an address gives no answer, or 503, a call tries every other one first. Default: only calls show that it is silent.',
    ),
  numbers: numberForm.prefault({}).describe('How this carrier writes numbers.'),
  identity: z
    .enum(['p-asserted-identity', 'remote-party-id', 'from'])
    .default('p-asserted-identity')
    .describe('The header that tells this carrier who calls, beside From; `from`: none beside it.'),
  diversion: z
    .enum(['both', 'diversion', 'history-info', 'none'])
    .default('both')
    .describe(
      'The headers that tell this carrier who has forwarded a call: Diversion (RFC 5806), History-Info (RFC 7044).',
    ),
  register: registration
    .optional()
    .describe(
      'The active SBC registers with this carrier, with the floating address as its Contact; {} takes the defaults. It needs credentials. Default: it does not register.',
    ),
});

/** Names of users: the part before `@` of their addresses. */
export const userNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const userName = text(userNamePattern, 'must be the name of a user');
const forwardTo = text(
  /^(\+[1-9]\d{6,14}|[A-Za-z0-9*][A-Za-z0-9._*-]{0,62})$/,
  'must be an E.164 number, a user of the tenant, a feature code or voicemail',
);
const forward = z.strictObject({
  always: forwardTo.optional().describe('Where every call goes; the phone does not ring. Default: it rings.'),
  busy: forwardTo.optional().describe('Where a call goes that the phone refuses (486, 600, 603). Default: nowhere.'),
  noAnswer: forwardTo
    .optional()
    .describe('Where a call goes that is not answered within noAnswerSeconds. Default: nowhere.'),
  noAnswerSeconds: z.int().min(5).max(120).default(20).describe('Seconds for which the phone rings.'),
  notRegistered: forwardTo
    .optional()
    .describe('Where a call goes while no phone of the user is registered. Default: nowhere.'),
});

export const tenantSchema = z.strictObject({
  name: label(48, 'acme').describe('Name of the tenant, unique in the fleet.'),
  domain: domainName.describe('SIP domain of the tenant, unique in the fleet.'),
  tier: z.string().default('standard').describe('Media pool that serves the tenant: a key of media.pools.'),
  dids: z
    .record(
      e164,
      text(/^([A-Za-z0-9*][A-Za-z0-9._*-]{0,62}|@exchange)$/, 'must be a user name, a feature code or @exchange'),
    )
    .default({})
    .describe(
      'Direct-dial number to where it rings: a user name of the tenant, a feature code such as *43 (echo test), or `@exchange`, the tenant’s own PBX, which gets the number as it was called.',
    ),
  exchange: z
    .strictObject({
      address: ipv4Address.describe('Signalling address of the PBX, in one of the sources.'),
      port: port.default(5060).describe('Signalling port of the PBX.'),
      transport: z.enum(['udp', 'tcp']).default('udp').describe('Transport towards the PBX.'),
    })
    .optional()
    .describe('The tenant’s own PBX, known by its address, to which the numbers with `@exchange` go. Default: none.'),
  forwards: z
    .record(userName, forward)
    .default({})
    .describe(
      'User of the tenant to where its calls go, by what becomes of them: a number, a user, a feature code, or voicemail (the user’s own box).',
    ),
  sources: z
    .array(ipv4Network)
    .default([])
    .describe('Source ranges of the tenant’s own PBX, which may call without registration.'),
  limits: limits(50, 5, 10)
    .extend({
      guaranteedCalls: z
        .int()
        .min(0)
        .max(100000)
        .default(0)
        .describe(
          'Concurrent calls that are always admitted, at most `calls`. Once a tenant of a cell has some, calls above guarantees share what the cell relays with one media host lost, less all guarantees.',
        ),
      longestMinutes: z
        .int()
        .min(1)
        .max(1440)
        .optional()
        .describe('Minutes after which an answered call of this tenant ends. Default: calls.longestMinutes.'),
      oneSidedSeconds: z
        .union([z.literal(0), z.int().min(30).max(86400)])
        .optional()
        .describe('calls.oneSidedSeconds for calls of this tenant; 0: never. Default: that of the cell.'),
    })
    .prefault({})
    .describe('Limits of all calls of this tenant.'),
  codecs: z
    .array(z.enum(codecNames))
    .default([])
    .describe('Codecs that the tenant’s calls may use, in this order; empty: what the two ends agree on.'),
  trunks: z
    .array(z.string())
    .default([])
    .describe('Trunks for calls to the outside, in order of preference; empty: all trunks of the cell.'),
  enterprise: label(48, 'acme-group')
    .optional()
    .describe('Group that the tenant belongs to; its tenants never share a cell. Default: it stands alone.'),
  regions: z
    .array(region)
    .min(1)
    .optional()
    .describe('Regions that the tenant may be moved to. Default: the region of its cell.'),
  jurisdiction: jurisdiction
    .optional()
    .describe('Where its cell must be by law, as the planner knows of cells, for example EU. Default: anywhere.'),
});

const transports = sipTransports
  .prefault({})
  .describe('SIP transports of the SBC on its public side; at least one is on.');

export const cellSchema = z
  .strictObject({
    name: label(20, 'euw1-a').describe(
      'Name of the cell: the stem of its file, and a part of every name made from it.',
    ),
    region: region.describe('Region that the cell is in. On AWS one of its regions.'),
    state: z
      .enum(['planned', 'active', 'cordoned', 'draining', 'retired'])
      .default('active')
      .describe(
        'planned: not built yet; active: takes tenants; cordoned: takes no new tenants; draining: its tenants are moving away; retired: to be taken down.',
      ),
    size: z.enum(sizeNames).default('standard').describe('Named size; chooses the defaults of the numbers below.'),
    maxTenants: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(`Tenants at most. Default by size: ${defaultsBySize('tenants')}.`),
    network: ipv4Network
      .default('10.16.0.0/20')
      .describe('Private range of the cell, /16 to /22, disjoint from every other cell.'),
    sbc: z
      .strictObject({
        transports,
        setupsPerSecond: z
          .int()
          .min(1)
          .max(5000)
          .optional()
          .describe(
            `Call set-ups per second for the whole cell. Default by size: ${defaultsBySize('setupsPerSecond')}.`,
          ),
        sharedMemoryMiB: z
          .int()
          .min(64)
          .max(65536)
          .optional()
          .describe(`Shared memory of Kamailio in MiB. Default by size: ${defaultsBySize('sbcSharedMemoryMiB')}.`),
        workers: z
          .int()
          .min(1)
          .max(64)
          .default(4)
          .describe('Kamailio worker processes per listening UDP socket, and for TCP.'),
        connections: z
          .strictObject({
            total: z
              .int()
              .min(100)
              .max(100000)
              .optional()
              .describe(
                `Number of connections over TLS, or over TCP, that are taken at once, each with 71,000 bytes of sharedMemoryMiB. Default by size: ${defaultsBySize('sbcConnections')}.`,
              ),
            perSource: connectionsPerSource,
          })
          .prefault({})
          .describe('Connections of phones, exchanges and carriers over TCP and TLS.'),
        carrierAuthorities: z
          .array(
            text(
              /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n*$/,
              'must be a certificate in PEM',
            ),
          )
          .default([])
          .describe(
            'Certificates of authorities that may sign a carrier’s certificate, beside the public ones: those of private interconnects. A carrier over TLS must also show the name or the address of its trunk.',
          ),
        flood: z
          .strictObject({
            requestsPerSecond: z
              .int()
              .min(5)
              .max(10000)
              .default(50)
              .describe(
                'Requests per second from one source, above which it is banned; 20 times as many where somebody has logged in from it. Over TCP and TLS counted over 4 s, with one request more for each connection of connections.perSource, so that an office may register at once. Carriers and tenants’ exchanges are exempt.',
              ),
            banSeconds: z
              .int()
              .min(10)
              .max(86400)
              .default(300)
              .describe('How long a flooding source stays banned, in seconds.'),
          })
          .prefault({})
          .describe('Protection against floods, by source address.'),
      })
      .prefault({})
      .describe('The two session border controllers (Kamailio), one active, one standby.'),
    media: z
      .strictObject({
        hosts: z.int().min(1).max(32).default(4).describe('Media hosts.'),
        kernelForwarding: z
          .enum(['required', 'preferred', 'off'])
          .default('required')
          .describe('Forwarding of RTP in the kernel. required: without the kernel module the relay does not start.'),
        rtcpMux: z
          .boolean()
          .default(false)
          .describe('Offer RTP and RTCP on one port (2 ports a relayed call instead of 4).'),
        relay: z
          .strictObject({
            calls: z
              .int()
              .min(1)
              .max(20000)
              .optional()
              .describe(`Concurrent relayed calls a host. Default by size: ${defaultsBySize('relayCalls')}.`),
            ports: portRange
              .optional()
              .describe(
                'UDP ports of rtpengine on every media host, FROM-TO: 4 a relayed call, 2 with rtcpMux. Default: 30000-44999; 20000-29999 of a cell on Kubernetes, where Services have ports from 30000 on.',
              ),
          })
          .prefault({})
          .describe('Relaying of calls between two ends (rtpengine).'),
        freeswitch: z
          .strictObject({
            sessions: z
              .int()
              .min(1)
              .max(5000)
              .optional()
              .describe(
                `Concurrent FreeSWITCH sessions (call legs) a host. Default by size: ${defaultsBySize('freeswitchSessions')}.`,
              ),
            sessionsPerSecond: z
              .int()
              .min(1)
              .max(1000)
              .optional()
              .describe(
                `New FreeSWITCH sessions per second a host. Default by size: ${defaultsBySize('freeswitchSessionsPerSecond')}.`,
              ),
            ports: portRange
              .prefault('16384-19998')
              .describe('UDP ports of FreeSWITCH’s RTP on every media host, FROM-TO: 2 a session.'),
            install: z
              .enum(['signalwire', 'image'])
              .default('signalwire')
              .describe(
                'signalwire: packages from SignalWire with a token held in a secret; image: the machine image already has it.',
              ),
            voicemailDirectory: z
              .string()
              .regex(/^(\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/, 'must be an absolute path, for example /mnt/voicemail')
              .default('/var/lib/freeswitch/voicemail')
              .describe('Folder of the voicemail messages on every media host; by default on the local disk.'),
            configurationService: z
              .url({ protocol: /^https?$/ })
              .optional()
              .describe('HTTP service that FreeSWITCH asks once a call for its feature’s settings; none by default.'),
          })
          .prefault({})
          .describe('Features that need audio processed (FreeSWITCH): announcements, voicemail, conferences.'),
        pools: z
          .record(label(32, 'high-volume'), z.array(z.int().min(1).max(32)).min(1))
          .optional()
          .describe(
            'Tier to the numbers of the media hosts that serve it. Default: standard on all hosts, high-volume on the upper half.',
          ),
      })
      .prefault({})
      .describe('The media hosts (rtpengine and FreeSWITCH).'),
    calls: z
      .strictObject({
        silentSeconds: z
          .int()
          .min(10)
          .max(3600)
          .default(60)
          .describe('Seconds without a packet from either side after which a call that is not on hold ends.'),
        oneSidedSeconds: z
          .union([z.literal(0), z.int().min(30).max(86400)])
          .default(300)
          .describe(
            'Seconds without a packet from one side, after which a call ends whose sides both send and receive, and where that side has sent before, sends no RTCP and suppresses no silence. 0: never.',
          ),
        longestMinutes: z
          .int()
          .min(1)
          .max(1440)
          .default(240)
          .describe('Minutes after which an answered call ends, whatever happens in it.'),
        timerSpeedup: z
          .int()
          .min(1)
          .max(60)
          .default(1)
          .describe('How many times faster the timers that watch calls run. More than 1 in cells of size test only.'),
      })
      .prefault({})
      .describe('When the cell itself ends a call, by a BYE to both sides.'),
    probe: z
      .strictObject({
        intervalSeconds: z
          .union([z.literal('off'), z.int().min(5).max(30)])
          .default(20)
          .describe(
            'Seconds between two calls that each SBC places through each media host to see whether they have audio; off: none.',
          ),
      })
      .prefault({})
      .describe('The cell’s own probe, which places calls.'),
    database: z
      .strictObject({ readers: z.int().min(1).max(15).default(1).describe('Readers beside the writer.') })
      .prefault({})
      .describe('PostgreSQL cluster.'),
    redis: z
      .strictObject({ replicas: z.int().min(1).max(5).default(1).describe('Replicas beside the primary.') })
      .prefault({})
      .describe('Redis, which takes the call records.'),
    retention: z
      .strictObject({
        recordDays: z.int().min(1).max(3650).default(90).describe('Days that call records are kept.'),
      })
      .prefault({})
      .describe('How long call records are kept.'),
    aws: awsCell
      .optional()
      .describe('What only AWS understands; {} takes its defaults. Default: the cell is not on AWS.'),
    kubernetes: kubernetesCell
      .optional()
      .describe('What only Kubernetes understands. Default: the cell is not on Kubernetes.'),
    local: local
      .optional()
      .describe(
        'This machine, which needs no settings: {} alone keeps a cell off every cloud. Default: nothing is said.',
      ),
    routing: z
      .strictObject({
        prices: text(
          /^[A-Za-z0-9_][A-Za-z0-9._/-]{0,200}$/,
          'must be the path of a file from the folder of the cell’s file, for example prices/euw1-a.csv',
        ).describe(
          'File of prices that `provision` reads, from the folder of the cell’s file: lines `prefix,trunk,price`, for example +4989,carrier-a,0.012. A call leaves by the cheapest of its tenant’s trunks, by the longest prefix of the number; a number with no prefix there by the trunks in their order.',
        ),
      })
      .optional()
      .describe('How calls to the outside find their trunk. Default: by the order of the trunks.'),
    trunks: z.array(trunk).max(100).default([]).describe('Carriers.'),
    tenants: z
      .array(tenantSchema)
      .default([])
      .describe('Tenants that the cell starts with. Tenants are data: changing them changes no infrastructure.'),
  })
  .meta({ title: 'Cellstamp cell', description: 'One cell of a VoIP fleet.' });

export type { CellInput, CellSpec };
type ParsedCell = z.output<typeof cellSchema>;

export type Trunk = CellSpec['trunks'][number];
export type Tenant = CellSpec['tenants'][number];
export type Limits = Tenant['limits'];

const usualRelayPorts = { from: 30000, to: 44999 } as const;

/** Fills in the defaults that follow from the size, the target and the number of media hosts. */
export function completeCell(cell: ParsedCell): CellSpec {
  const size = sizes[cell.size];
  const hosts = Array.from({ length: cell.media.hosts }, (_, index) => index + 1);
  return marked('cell', {
    ...cell,
    maxTenants: cell.maxTenants ?? size.tenants,
    sbc: {
      ...cell.sbc,
      setupsPerSecond: cell.sbc.setupsPerSecond ?? size.setupsPerSecond,
      sharedMemoryMiB: cell.sbc.sharedMemoryMiB ?? size.sbcSharedMemoryMiB,
      connections: { ...cell.sbc.connections, total: cell.sbc.connections.total ?? size.sbcConnections },
    },
    media: {
      ...cell.media,
      relay: {
        ...cell.media.relay,
        calls: cell.media.relay.calls ?? size.relayCalls,
        ports: cell.media.relay.ports ?? (cell.kubernetes ? kubernetesRelayPorts : usualRelayPorts),
      },
      freeswitch: {
        ...cell.media.freeswitch,
        sessions: cell.media.freeswitch.sessions ?? size.freeswitchSessions,
        sessionsPerSecond: cell.media.freeswitch.sessionsPerSecond ?? size.freeswitchSessionsPerSecond,
      },
      pools: cell.media.pools ?? { standard: hosts, 'high-volume': hosts.slice(Math.floor(hosts.length / 2)) },
    },
    aws: cell.aws && completeAwsCell(cell.aws, cell),
    kubernetes: cell.kubernetes && completeKubernetesCell(cell.kubernetes, cell.calls.longestMinutes),
  });
}

/** How a cell is checked, in a file or in code. */
export const cellFile: SpecFile<ParsedCell, CellSpec> = {
  schema: cellSchema,
  jsonSchema: writtenForm(cellSchema),
  complete: completeCell,
  rules: cellRules,
  standIns: { name: 'unnamed', region: 'eu-west-1', kubernetes: kubernetesStandIns },
  follows: {
    size: ['maxTenants', 'sbc', 'media', 'aws'],
    kubernetes: ['media'],
    'calls.longestMinutes': ['kubernetes.drainMinutes'],
  },
  oldForm: oldCell,
};

/**
 * A complete spec from an object as a person would write it. Of cells in files `loadFleet` also tells file and line.
 * @throws SpecError with all findings when a value is not allowed; rules between values are checked by what builds it
 * @example parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }).media.hosts // 4
 */
export function parseCell(input: CellInput | OldCellInput): CellSpec {
  return parseSpec('cell', input, cellFile);
}
