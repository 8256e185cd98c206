import { Option, type Command } from 'commander';
import type { Cell } from '../cell/cell.ts';
import type { Progress } from '../calls/load.ts';
import { describeProgress, usualKinds } from './call.ts';
import { formatReport, type CallReport, type RemoteCallReport } from './call-report.ts';
import { cellsOption, readCell } from './cell-files.ts';
import { CommandFailure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { decimal, wholeNumber } from './option-values.ts';
import { LiveLine, printJson } from './output.ts';
import { runningOn, targetOption, type Target } from './target.ts';

export function addProve(program: Command): Command {
  return program
    .command('prove')
    .description(
      'Proves a running cell: places calls with audio through it, judges them, and looks whether anything is wrong.',
    )
    .argument('<cell>', 'name of the cell')
    .addOption(targetOption())
    .addOption(
      new Option(
        '--secret <arn>',
        'with --target aws: ARN of the secret with the two users between whom calls are placed',
      ).env('PROOF_SECRET'),
    )
    .option('--calls <n>', 'how many', wholeNumber(1, 100_000), 20)
    .option('--rate <n>', 'calls started a second', decimal(0.1, 1000), 2)
    .option('--hold <seconds>', 'how long a call is held', decimal(0.5, 3600), 5)
    .option(...cellsOption)
    .option('--json', 'print the proof as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp prove euw1-a --target aws --secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:proof-AbCdEf\n\n' +
        'On this machine test users are made for the calls and removed after them. On AWS the users are in the secret; {cell} in\n' +
        'their URIs stands for the name of the cell:\n' +
        '  {"caller": {"uri": "sip:proof-1@{cell}.proof.example.com", "password": "..."}, "callee": {"uri": ..., "password": ...}}\n' +
        'Exit status 1 when a call failed, an alarm has gone off, or a host of this machine is not well.',
    )
    .action(prove);
}

export interface ProofOptions {
  readonly target: Target;
  readonly secret?: string;
  readonly calls: number;
  readonly rate: number;
  readonly hold: number;
}

interface Options extends ProofOptions {
  readonly cells: string;
  readonly json?: true;
}

async function prove(name: string, options: Options): Promise<void> {
  const cell = readCell(options.cells, name);
  const proof = await proofOf(cell, options);
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const { good, calls, troubles } = await proof({
        signal,
        onProgress: (done) => line.show(describeProgress(done)),
      });
      line.clear();
      if (options.json) printJson({ cell: name, good, calls, troubles });
      else console.log(formatReport(calls));
      for (const trouble of troubles) console.error(trouble);
      if (!good) process.exitCode = 1;
    } finally {
      line.clear();
    }
  }, 'ends the calls (again: ends at once)');
}

interface Watch {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/**
 * What proves a cell, once it runs.
 * @throws CommandFailure when the options do not go with the target
 */
async function proofOf(cell: Cell, { target, secret, ...load }: ProofOptions) {
  const operations = await import('../operations/prove.ts');
  const place = target === 'aws' ? await onAws(cell, secret, load) : await onThisMachine(cell, secret, load);
  const port = await runningOn(target, cell);
  return (watch: Watch) => operations.prove(port, () => place(watch));
}

type Load = Pick<ProofOptions, 'calls' | 'rate' | 'hold'>;
type Place = (watch: Watch) => Promise<CallReport | RemoteCallReport>;

async function onThisMachine(cell: Cell, secret: string | undefined, load: Load): Promise<Place> {
  if (secret !== undefined && process.env['PROOF_SECRET'] === undefined) {
    throw new CommandFailure('--secret goes with --target aws only: on this machine test users are made', 2);
  }
  const { placeTestCalls } = await import('./test-calls.ts');
  const { status } = await import('../local/index.ts');
  return (watch) => placeTestCalls(status(cell.name), { kinds: usualKinds, ...load, ...watch });
}

async function onAws({ name, spec }: Cell, secret: string | undefined, load: Load): Promise<Place> {
  const { proofUsers, regionOfSecret } = await import('../aws/operations/proof-users.ts');
  const region = secret === undefined ? undefined : regionOfSecret(secret);
  if (secret === undefined || region === undefined) {
    throw new CommandFailure(
      `--secret (or PROOF_SECRET) is ${secret ?? 'missing'}; it must be the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`,
      2,
    );
  }
  const { sbcAddress } = await import('../aws/operations/cell-port.ts');
  const { placeRemoteCalls } = await import('./remote-calls.ts');
  return async (watch) => {
    const users = await proofUsers(secret, region, name);
    const user = ({ uri, password }: (typeof users)['caller']) => ({ identity: uri, password });
    return placeRemoteCalls({
      ...{ to: await sbcAddress(spec), caller: user(users.caller), callee: user(users.callee) },
      ...{ kinds: ['registered'], transport: 'udp', ...load, ...watch },
    });
  };
}
