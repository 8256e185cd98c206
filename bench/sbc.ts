/**
 * The generated SBC against a bare Kamailio (Record-Route and rtpengine only) with as many workers, on the same host and before
 * the same media host; and against itself with a hundred times the tenants. Calls come from a carrier for registered users,
 * as many at once as given, in turns, so that what else this machine does hits all alike. Needs root and Debian's packages.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveCell } from '../lib/cell/cell.ts';
import { down, exec, status, up } from '../lib/local/index.ts';
import { requireState } from '../lib/local/state.ts';
import { paths } from '../lib/software/kamailio/paths.ts';
import { parseCell } from '../lib/spec/cell.ts';
import { bareConfig } from './sbc/bare.ts';
import { Sipp, type Load } from './sbc/load.ts';
import { rowLines, type BenchRow } from './row.ts';

const rounds = 7;
const callsARound = 2000;
const callsAtOnce = 60;
const few = 500;
const many = 50_000;
/** Users that are called; the same number however many tenants there are. */
const users = 5000;

const carrier = '192.0.2.10:5060';
const callee = { address: '198.51.100.11', port: 5070 };
const barePort = 5064;
const limits = { calls: 100_000, callsPerSecond: 10_000, burst: 10_000 };
const spec = parseCell({
  name: 'bench-sbc',
  region: 'eu-west-1',
  size: 'test',
  network: '10.90.0.0/20',
  sbc: { setupsPerSecond: 5000, sharedMemoryMiB: 512 },
  media: { hosts: 1, kernelForwarding: 'preferred', relay: { calls: 3000 } },
  trunks: [{ name: 'carrier', address: '192.0.2.10', limits }],
});
const cell = deriveCell(spec);

interface Round extends Load {
  /** CPU of all processes of the Kamailio, milliseconds a call. */
  readonly cpu: number;
}

const median = (values: readonly number[]) =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;

async function on(host: string, argv: readonly string[], input = ''): Promise<string> {
  const outcome = await exec(spec.name, host, argv, { input });
  if (outcome.status !== 0) throw new Error(`${host}: ${argv.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
  return outcome.stdout;
}

/** CPU seconds so far of the processes on a host that have a configuration file on their command line. */
function cpuOf(host: string, config: string): number {
  const network = readlinkSync(`/proc/${requireState(spec.name).namespaces[host]!.init.pid}/ns/net`);
  let nanoseconds = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (!words.includes(config) || readlinkSync(`/proc/${pid}/ns/net`) !== network) continue;
      nanoseconds += Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It ended meanwhile.
    }
  }
  return nanoseconds / 1e9;
}

async function measure(
  sipp: Sipp,
  host: string,
  config: string,
  to: string,
  numbers: readonly string[],
): Promise<Round> {
  const before = cpuOf(host, config);
  const load = await sipp.call(carrier, to, numbers, callsARound, callsAtOnce);
  return { ...load, cpu: ((cpuOf(host, config) - before) * 1000) / load.calls };
}

const numberOf = (index: number) => `+49${1_000_000_000 + index}`;
/** The numbers that are called, one for each user. */
const numbersOf = (tenants: number) =>
  Array.from({ length: users }, (_, user) => numberOf(tenants >= users ? user * (tenants / users) : user));

/** Fills the database with so many tenants, with a number for each, and `users` numbers at least; the SBC reads it anew. */
async function setTenants(host: string, tenants: number): Promise<void> {
  const numbers = Math.max(tenants, users);
  const sql = `BEGIN;
TRUNCATE cellstamp.tenants CASCADE;
INSERT INTO cellstamp.tenants (name, domain, tier, calls, calls_per_second, burst)
  SELECT 'bench-' || i, 'bench-' || i || '.example.com', 'standard', 100000, 10000, 10000 FROM generate_series(0, ${tenants - 1}) i;
INSERT INTO cellstamp.dids SELECT '+49' || 1000000000 + i, 'bench-' || i % ${tenants}, 'u' || i FROM generate_series(0, ${numbers - 1}) i;
COMMIT;
VACUUM ANALYZE;
CHECKPOINT;
`;
  const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
  await on(
    'database-1',
    [...asPostgres, 'psql', '-q', '-h', '/run/postgresql', '-v', 'ON_ERROR_STOP=1', 'cellstamp'],
    sql,
  );
  for (const table of ['tenants', 'dids', 'callers', 'sources']) {
    await on(host, ['kamcmd', '-s', `unix:${paths.control}`, 'htable.reload', table]);
  }
  // The database and its replica have work left, which is none of the calls'.
  await sleep(2000);
}

/** Registers the users that are called, at the callee. */
async function addLocations(host: string, tenants: number): Promise<void> {
  const lines = numbersOf(tenants).map((number) => {
    const index = Number(number.slice('+49'.length)) - 1_000_000_000;
    const aor = `u${index}@bench-${index % tenants}.example.com`;
    return `ul.add location ${aor} sip:u${index}@${callee.address}:${callee.port} 7200 1.0 . 0 0 0`;
  });
  await on(host, ['kamcmd', '-s', `unix:${paths.control}`], `${lines.join('\n')}\n`);
}

/** Starts the bare Kamailio on the active SBC's host. @returns its configuration file and how to end it */
async function startBare(host: string, publicAddress: string): Promise<{ config: string; stop: () => Promise<void> }> {
  const config = '/tmp/bare.cfg';
  const sbc = cell.sbcs.find(({ name }) => name === host)!;
  const text = bareConfig({
    address: sbc.floatingSide,
    port: barePort,
    publicAddress,
    workers: spec.sbc.workers,
    media: `${cell.media[0]!.address}`,
    callee: `sip:${callee.address}:${callee.port}`,
  });
  await on(host, ['tee', config], text);
  await on(
    host,
    ['nft', '-f', '-'],
    `insert rule inet cellstamp input udp dport ${barePort} accept
add rule inet cellstamp untracked_in udp dport ${barePort} notrack
add rule inet cellstamp untracked_out udp sport ${barePort} notrack
`,
  );
  // It goes to the background, and must not keep our pipes.
  const command = `kamailio -f ${config} -m ${spec.sbc.sharedMemoryMiB} -M 16 -P /tmp/bare.pid -Y /tmp -E >/tmp/bare.log 2>&1`;
  await on(host, ['bash', '-c', command]);
  await sleep(1000);
  return { config, stop: async () => void (await on(host, ['bash', '-c', 'kill $(</tmp/bare.pid)'])) };
}

export async function run(): Promise<BenchRow[]> {
  await down(spec.name);
  const { floatingAddress } = await up(spec, { dieWithParent: true });
  const host = status(spec.name).hosts.find(({ active }) => active)!.name;
  const sipp = new Sipp(spec.name, callee.address, callee.port);
  try {
    for (const tenants of [few, many]) await addLocations(host, tenants);
    return [
      ...(await againstBare(sipp, host, floatingAddress)),
      ...(await againstManyTenants(sipp, host, floatingAddress)),
    ];
  } finally {
    sipp.close();
    await down(spec.name);
  }
}

async function againstBare(sipp: Sipp, host: string, floatingAddress: string): Promise<BenchRow[]> {
  await setTenants(host, few);
  const bare = await startBare(host, floatingAddress);
  const own: Round[] = [];
  const others: Round[] = [];
  for (let round = 0; round <= rounds; round++) {
    own.push(await measure(sipp, host, paths.config, `${floatingAddress}:5060`, numbersOf(few)));
    others.push(await measure(sipp, host, bare.config, `${floatingAddress}:${barePort}`, numbersOf(few)));
    console.error(`round ${round}: ${JSON.stringify([own.at(-1), others.at(-1)])}`);
  }
  await bare.stop();
  const rate = (all: readonly Round[]) => median(all.slice(1).map(({ callsPerSecond }) => callsPerSecond));
  const cpu = (all: readonly Round[]) => median(all.slice(1).map((each) => each.cpu));
  const against = `a bare Kamailio: ${rate(others).toFixed(0)} calls/s, ${cpu(others).toFixed(2)} ms`;
  return [
    { what: `call set-ups a second, ${callsAtOnce} calls at once`, figure: rate(own), unit: 'calls/s' },
    {
      what: 'share of the bare Kamailio’s call set-ups a second',
      // Round by round: what else the machine does hits both.
      figure: median(own.slice(1).map((each, index) => each.callsPerSecond / others[index + 1]!.callsPerSecond)),
      unit: '',
      baseline: against,
      goal: { atLeast: 0.8 },
    },
    { what: 'CPU a call', figure: cpu(own), unit: 'ms', baseline: against },
  ];
}

async function againstManyTenants(sipp: Sipp, host: string, floatingAddress: string): Promise<BenchRow[]> {
  const cpu: Record<number, number[]> = { [few]: [], [many]: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const tenants of round % 2 === 0 ? [few, many] : [many, few]) {
      await setTenants(host, tenants);
      const measured = await measure(sipp, host, paths.config, `${floatingAddress}:5060`, numbersOf(tenants));
      if (round > 0) cpu[tenants]!.push(measured.cpu);
      console.error(`${tenants} tenants: ${JSON.stringify(measured)}`);
    }
  }
  const ratios = cpu[few]!.map((one, index) => cpu[many]![index]! / one);
  return [
    { what: `CPU a call with ${few} tenants`, figure: median(cpu[few]!), unit: 'ms' },
    { what: `CPU a call with ${many} tenants`, figure: median(cpu[many]!), unit: 'ms' },
    {
      what: `CPU a call with ${many} tenants over that with ${few}`,
      figure: median(ratios),
      unit: '',
      baseline: `${median(cpu[few]!).toFixed(2)} ms with ${few}`,
      goal: { atMost: 1.05 },
    },
  ];
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(await run()));
