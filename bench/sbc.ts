/**
 * The generated SBC against a bare Kamailio (Record-Route and rtpengine only) with as many workers, on the same host and before
 * the same media host; and against itself with a hundred times the tenants. Calls come from a carrier for registered users,
 * as many at once as given, in turns, so that what else this machine does hits all alike. Needs root and Debian's packages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { deriveCell } from '../lib/fleet/derive/cell.ts';
import { paths } from '../lib/software/kamailio/sbc/paths.ts';
import { bareConfig } from './sip/bare.ts';
import { BenchCell, callee, numbersOf } from './sip/bench-cell.ts';
import { inTurns, median } from './sip/measure.ts';
import { Sipp, type Load } from './sip/sipp.ts';
import { rowLines, type BenchRow } from './row.ts';

const rounds = 9;
const callsARound = 1500;
const callsAtOnce = 60;
const few = 500;
const many = 50_000;

const carrier = '192.0.2.10';
const barePort = 5064;

interface Round extends Load {
  /** Processor time of all processes of the Kamailio, milliseconds a call. */
  readonly cpu: number;
}

export async function run(): Promise<BenchRow[]> {
  const cell = await BenchCell.up('bench-sbc', '10.90.0.0/20', carrier);
  const sipp = new Sipp(cell.outside, cell.outside, callee);
  try {
    for (const tenants of [few, many]) await cell.register(tenants);
    return [...(await againstBare(cell, sipp)), ...(await againstManyTenants(cell, sipp))];
  } finally {
    sipp.close();
    await cell.down();
  }
}

async function measure(cell: BenchCell, sipp: Sipp, config: string, port: number, tenants: number): Promise<Round> {
  const before = cell.processorTime(config);
  const to = `${cell.floatingAddress}:${port}`;
  const load = await sipp.call(`${carrier}:5060`, to, numbersOf(tenants), callsARound, callsAtOnce);
  return { ...load, cpu: (cell.processorTime(config) - before) / load.calls };
}

/** Starts the bare Kamailio on the active SBC's host. @returns its configuration file and how to end it */
async function startBare(cell: BenchCell): Promise<{ config: string; stop: () => Promise<void> }> {
  const { spec, sbc } = cell;
  const config = '/tmp/bare.cfg';
  const text = bareConfig({
    address: sbc.floatingSide,
    port: barePort,
    publicAddress: cell.floatingAddress,
    workers: spec.sbc.workers,
    media: deriveCell(spec).media[0]!.address,
    callee: `sip:${callee.address}:${callee.port}`,
  });
  await cell.on(sbc.name, ['tee', config], text);
  await cell.on(
    sbc.name,
    ['nft', '-f', '-'],
    `insert rule inet cellstamp input udp dport ${barePort} accept
add rule inet cellstamp untracked_in udp dport ${barePort} notrack
add rule inet cellstamp untracked_out udp sport ${barePort} notrack
`,
  );
  // It goes to the background, and must not keep our pipes.
  const command = `kamailio -f ${config} -m ${spec.sbc.sharedMemoryMiB} -M 16 -x tlsf -X tlsf -P /tmp/bare.pid -Y /tmp -E >/tmp/bare.log 2>&1`;
  await cell.on(sbc.name, ['bash', '-c', command]);
  await sleep(1000);
  return { config, stop: async () => void (await cell.on(sbc.name, ['bash', '-c', 'kill $(</tmp/bare.pid)'])) };
}

async function againstBare(cell: BenchCell, sipp: Sipp): Promise<BenchRow[]> {
  await cell.setTenants(few);
  const bare = await startBare(cell);
  const pairs = await inTurns(
    rounds,
    () => measure(cell, sipp, paths.config, 5060, few),
    () => measure(cell, sipp, bare.config, barePort, few),
  );
  await bare.stop();
  const own = pairs.map(([one]) => one);
  const others = pairs.map(([, other]) => other);
  const rate = (all: readonly Round[]) => median(all.map(({ callsPerSecond }) => callsPerSecond));
  const cpu = (all: readonly Round[]) => median(all.map((each) => each.cpu));
  const against = `a bare Kamailio: ${rate(others).toFixed(0)} calls/s, ${cpu(others).toFixed(2)} ms`;
  return [
    { what: `call set-ups a second, ${callsAtOnce} calls at once`, figure: rate(own), unit: 'calls/s' },
    {
      what: 'share of the bare Kamailio’s call set-ups a second',
      // Round by round: what else the machine does hits both.
      figure: median(pairs.map(([one, other]) => one.callsPerSecond / other.callsPerSecond)),
      unit: '',
      baseline: against,
      goal: { atLeast: 0.88 },
    },
    { what: 'CPU a call', figure: cpu(own), unit: 'ms', baseline: against },
    {
      what: 'CPU a call over that of the bare Kamailio',
      figure: median(pairs.map(([one, other]) => one.cpu / other.cpu)),
      unit: '',
      baseline: against,
      goal: { atMost: 2.2 },
    },
  ];
}

async function againstManyTenants(cell: BenchCell, sipp: Sipp): Promise<BenchRow[]> {
  const side = (tenants: number) => async () => {
    await cell.setTenants(tenants);
    return measure(cell, sipp, paths.config, 5060, tenants);
  };
  const pairs = await inTurns(rounds, side(few), side(many));
  const withFew = median(pairs.map(([{ cpu }]) => cpu));
  return [
    { what: `CPU a call with ${few} tenants`, figure: withFew, unit: 'ms' },
    { what: `CPU a call with ${many} tenants`, figure: median(pairs.map(([, { cpu }]) => cpu)), unit: 'ms' },
    {
      what: `CPU a call with ${many} tenants over that with ${few}`,
      figure: median(pairs.map(([one, other]) => other.cpu / one.cpu)),
      unit: '',
      baseline: `${withFew.toFixed(2)} ms with ${few}`,
      goal: { atMost: 1.05 },
    },
  ];
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(rowLines(await run()));
