import { Option, type Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type { Progress } from '../../user-agent/load.ts';
import { asRoot } from '../as-root.ts';
import { formatReport } from '../call-report.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { LiveLine, printJson } from '../output.ts';
import { decimal, wholeNumber } from '../option-values.ts';
import type { RemoteKind } from '../remote-calls.ts';
import { runningCell } from '../running-cell.ts';
import type { CallKind } from '../test-calls.ts';

/** The kinds that need nothing but Debian's packages: what is called without `--kind`. */
export const usualKinds: readonly CallKind[] = ['registered', 'carrier-in', 'carrier-out'];

/** Variables of the environment: a command line is seen by everybody on the machine. */
const passwords = { caller: 'CELLSTAMP_CALLER_PASSWORD', callee: 'CELLSTAMP_CALLEE_PASSWORD' } as const;

export function addCall(program: Command): Command {
  return program
    .command('call')
    .description('Places calls with audio through a running cell and reports their quality.')
    .argument('[cell]', 'name of the cell; the only one that is up by default')
    .option('--calls <n>', 'how many', wholeNumber(1, 100_000), 10)
    .option('--rate <n>', 'calls started per second', decimal(0.1, 1000), 10)
    .option('--hold <seconds>', 'how long a call is held', decimal(0.5, 3600), 2)
    .addOption(
      new Option(
        '--kind <kinds...>',
        `kinds of calls, in turn (default: ${usualKinds.join(' ')}; with --to: registered)`,
      ).choices([...usualKinds, 'echo']),
    )
    .addOption(
      new Option('--through <what>', 'call through the front of the cell, between callers in different places').choices(
        ['front'],
      ),
    )
    .addOption(
      new Option(
        '--transport <transport>',
        'transport of users and of a calling carrier; default: the first that is enabled',
      ).choices(['udp', 'tcp', 'tls']),
    )
    .option('--to <sbc>', 'name or address of an SBC elsewhere, in place of a cell on this machine')
    .option('--caller <uri>', 'with --to: who calls, such as sip:alice@acme.example.com')
    .option('--callee <uri>', 'with --to: who is called; not needed for --kind echo')
    .option('--json', 'print the results of the calls as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp call euw1-a --calls 100 --rate 20 --kind registered carrier-out\n' +
        '  $ npx cellstamp call --to sip.example.com --caller sip:alice@acme.example.com --callee sip:bob@acme.example.com\n\n' +
        'On this machine the command creates test users and a test carrier, and removes them afterwards. With --to, both users\n' +
        `must exist; it reads their passwords from ${passwords.caller} and ${passwords.callee}.\n` +
        'Exit status 1 when a call failed or, on this machine, its record is missing.',
    )
    .action(call);
}

interface Options {
  readonly calls: number;
  readonly rate: number;
  readonly hold: number;
  readonly kind?: readonly CallKind[];
  readonly through?: 'front';
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly to?: string;
  readonly caller?: string;
  readonly callee?: string;
  readonly json?: true;
}

async function call(name: string | undefined, options: Options): Promise<void> {
  const place = await (options.to === undefined ? placeHere(name, options) : placeElsewhere(name, options, options.to));
  const line = new LiveLine();
  await interruptible(
    async (signal) => {
      try {
        const report = await place({ signal, onProgress: (progress) => line.show(describeProgress(progress)) });
        line.clear();
        if (options.json) printJson(report);
        else console.log(formatReport(report));
        if (!report.good) process.exitCode = 1;
      } finally {
        line.clear();
      }
    },
    options.to === undefined ? interruptedHere : interruptedElsewhere,
  );
}

const interruptedHere =
  'ends the calls and removes the test users (again: ends at once; what it made goes with "npx cellstamp down")';
const interruptedElsewhere = 'ends the calls (again: ends at once)';

/** Places the calls that were asked for. */
type PlaceCalls = (watch: {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}) => Promise<Parameters<typeof formatReport>[0]>;

/** Calls through a cell, or a front, on this machine. */
async function placeHere(name: string | undefined, options: Options): Promise<PlaceCalls> {
  const { calls, rate, hold, kind = usualKinds, through, transport } = options;
  if (options.caller !== undefined || options.callee !== undefined) {
    throw new CommandFailure('--caller and --callee go with --to only: on this machine test users are created', 2);
  }
  asRoot();
  const front =
    through === undefined ? undefined : (await import('../../targets/local/front/index.ts')).requireFrontOf(name);
  // Through a front, its first cell unless another is named.
  const cell = await runningCell(name ?? front?.cells[0]?.name);
  const { placeTestCalls, placeTestCallsThroughFront } = await import('../test-calls.ts');
  return (watch) => {
    const how = { kinds: kind, calls, rate, hold, ...(transport === undefined ? {} : { transport }), ...watch };
    return front ? placeTestCallsThroughFront(front, cell, how) : placeTestCalls(cell, how);
  };
}

/** Calls to an SBC that is somewhere else. */
async function placeElsewhere(name: string | undefined, options: Options, to: string): Promise<PlaceCalls> {
  const { calls, rate, hold, kind = ['registered'], through, transport = 'udp', caller, callee } = options;
  const wrong = (text: string) => new CommandFailure(text, 2);
  if (name !== undefined || through !== undefined) {
    throw wrong(
      `--to names an SBC elsewhere, ${name === undefined ? '--through a front' : `the cell ${name} one`} here`,
    );
  }
  const kinds = kind.filter((each): each is RemoteKind => each === 'registered' || each === 'echo');
  if (kinds.length < kind.length) {
    throw wrong(`--kind is ${kind.join(' ')}; with --to it may be registered and echo, as no carrier is here`);
  }
  if (caller === undefined) throw wrong('--to needs --caller, such as sip:alice@acme.example.com');
  if (callee === undefined && kinds.includes('registered')) throw wrong('--to needs --callee, or --kind echo');
  const user = (side: keyof typeof passwords, identity: string) => {
    if (!/^sip:[^@\s]+@[^@\s]+$/.test(identity))
      throw wrong(`--${side} is ${identity}; it must be like sip:alice@acme.example.com`);
    const password = process.env[passwords[side]];
    if (password === undefined) throw wrong(`the password of ${identity} is not in ${passwords[side]}`);
    return { identity, password };
  };
  const users = { caller: user('caller', caller), callee: callee === undefined ? undefined : user('callee', callee) };
  const { placeRemoteCalls } = await import('../remote-calls.ts');
  return (watch) => placeRemoteCalls({ to, ...users, kinds, transport, calls, rate, hold, ...watch });
}

export function describeProgress({ calls, up, over, failed }: Progress): string {
  return `${over} of ${counted(calls, 'call')} over, ${up} up, ${failed} failed`;
}
