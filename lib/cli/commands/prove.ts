import { Option, type Command } from 'commander';
import type { Cell } from '../../fleet/derive/cell.ts';
import type { Progress } from '../../user-agent/load.ts';
import type { Proof } from '../../operations/prove.ts';
import { describeProgress, usualKinds } from './call.ts';
import { formatReport, type CallReport, type RemoteCallReport } from '../call-report.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { decimal, wholeNumber } from '../option-values.ts';
import { LiveLine, printJson } from '../output.ts';
import { runningOn, targetOption, type Target } from '../target.ts';

export function addProve(program: Command): Command {
  return program
    .command('prove')
    .description(
      'Proves a running cell: places calls with audio through it, and checks them and the cell’s own health.',
    )
    .argument('<cell>', 'name of the cell')
    .addOption(targetOption())
    .addOption(
      new Option(
        '--secret <arn>',
        'with --target aws: ARN of the secret with the two users between whom calls are placed',
      ).env('PROOF_SECRET'),
    )
    .option('--calls <n>', 'how many', wholeNumber(1, 100_000), proofLoad.calls)
    .option('--rate <n>', 'calls started per second', decimal(0.1, 1000), proofLoad.rate)
    .option('--hold <seconds>', 'how long a call is held', decimal(0.5, 3600), proofLoad.hold)
    .option(...cellsOption)
    .option('--json', 'print the proof as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp prove euw1-a --target aws --secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:proof-AbCdEf\n\n' +
        'On this machine the command creates test users for the calls and removes them afterwards. On AWS the secret holds the users;\n' +
        '{cell} in their URIs stands for the name of the cell:\n' +
        '  {"caller": {"uri": "sip:proof-1@{cell}.proof.example.com", "password": "..."}, "callee": {"uri": ..., "password": ...}}\n' +
        'Exit status 1 when a call failed, an alarm has gone off, or a host on this machine is not healthy.',
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

/** What proves a cell when nothing else is asked for. */
export const proofLoad = { calls: 20, rate: 2, hold: 5 };

async function prove(name: string, options: Options): Promise<void> {
  const cell = readCell(options.cells, name);
  await interruptible(async (signal) => {
    const proof = await proved(cell, options, signal);
    if (options.json) printJson({ cell: name, ...proof });
    else tellProof(proof);
    if (!proof.good) process.exitCode = 1;
  }, 'ends the calls (again: ends at once)');
}

type CellProof = Proof<CallReport | RemoteCallReport>;

/** For a person. */
export function tellProof({ calls, troubles }: CellProof): void {
  console.log(formatReport(calls));
  for (const trouble of troubles) console.error(trouble);
}

/** @throws CommandFailure when the options do not go with the target */
export async function requireProofOptions({ target, secret }: Pick<ProofOptions, 'target' | 'secret'>): Promise<void> {
  if (target === 'local') {
    if (secret === undefined || process.env['PROOF_SECRET'] === secret) return;
    throw new CommandFailure('--secret goes with --target aws only: on this machine test users are created', 2);
  }
  const { regionOfSecret } = await import('../../targets/aws/operations/proof-users.ts');
  if (secret !== undefined && regionOfSecret(secret) !== undefined) return;
  throw new CommandFailure(
    `--secret (or PROOF_SECRET) is ${secret || 'missing'}; it must be the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`,
    2,
  );
}

/** @throws UserError when the options do not go with the target, the cell is not reached, or a user can't register */
export async function proved(cell: Cell, options: ProofOptions, signal: AbortSignal): Promise<CellProof> {
  const { target, secret, ...load } = options;
  await requireProofOptions(options);
  const { prove: operation } = await import('../../operations/prove.ts');
  const place = target === 'aws' ? await onAws(cell, secret!, load) : await onThisMachine(cell, load);
  const port = await runningOn(target, cell);
  const line = new LiveLine();
  try {
    return await operation(port, () => place({ signal, onProgress: (done) => line.show(describeProgress(done)) }));
  } finally {
    line.clear();
  }
}

interface Watch {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

type Load = Pick<ProofOptions, 'calls' | 'rate' | 'hold'>;
type PlaceCalls = (watch: Watch) => Promise<CallReport | RemoteCallReport>;

async function onThisMachine({ name }: Cell, load: Load): Promise<PlaceCalls> {
  const { placeTestCalls } = await import('../test-calls.ts');
  const { status } = await import('../../targets/local/index.ts');
  return (watch) => placeTestCalls(status(name), { kinds: usualKinds, ...load, ...watch });
}

async function onAws({ name, spec }: Cell, secret: string, load: Load): Promise<PlaceCalls> {
  const { proofUsers } = await import('../../targets/aws/operations/proof-users.ts');
  const { sbcAddress } = await import('../../targets/aws/operations/cell-port.ts');
  const { placeRemoteCalls } = await import('../remote-calls.ts');
  return async (watch) => {
    const users = await proofUsers(secret, name);
    const user = ({ uri, password }: (typeof users)['caller']) => ({ identity: uri, password });
    return placeRemoteCalls({
      ...{ to: await sbcAddress(spec), caller: user(users.caller), callee: user(users.callee) },
      ...{ kinds: ['registered'], transport: 'udp', ...load, ...watch },
    });
  };
}
