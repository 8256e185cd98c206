/** The command line of `cellstamp`. Every command is in a file of its own and loads what it needs when it runs. */
import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { WentOnAsRoot, asRoot } from './as-root.ts';
import { addCall } from './commands/call.ts';
import { addCalls } from './commands/calls.ts';
import { addCapacity } from './commands/capacity.ts';
import { addCheck } from './commands/check.ts';
import { addDeployed } from './commands/rollout-record.ts';
import { addDown } from './commands/down.ts';
import { addDrain, addUndrain } from './commands/drain.ts';
import { addEdgeKeys } from './commands/edge-keys.ts';
import { describeFailure, exitsWith, lines, usageStatus } from './failure.ts';
import { addFlap, addLocal } from './commands/local-reroute.ts';
import { addImage } from './commands/image.ts';
import { addLogs } from './commands/logs.ts';
import { addManifests } from './commands/manifests.ts';
import { addMeasure } from './commands/measure.ts';
import { addPlan } from './commands/plan.ts';
import { addCustomers, addProvision } from './commands/provision.ts';
import { addPrometheusConfig, addScrape } from './commands/prometheus-config.ts';
import { addPromote } from './commands/promote.ts';
import { addProve } from './commands/prove.ts';
import { addRoll } from './commands/roll.ts';
import { addRollout } from './commands/rollout.ts';
import { addScale } from './commands/scale.ts';
import { addSimulate } from './commands/simulate.ts';
import { addStamp } from './commands/stamp.ts';
import { addStatus } from './commands/status.ts';
import { addTenant } from './commands/tenant.ts';
import { addTry } from './commands/try.ts';
import { addUnlock } from './commands/unlock.ts';
import { addUp } from './commands/up.ts';

/** Commands as `--help` lists them. */
const groups: readonly (readonly [title: string, commands: readonly ((program: Command) => Command)[]])[] = [
  [
    'A cell or a front on this machine',
    [addTry, addUp, addStatus, addCall, addCalls, addLogs, addLocal, addFlap, addDown],
  ],
  ['The fleet’s files', [addCheck, addStamp, addManifests, addImage, addCapacity, addPrometheusConfig, addScrape]],
  [
    'What is done to a running cell',
    [
      addProvision,
      addCustomers,
      addTenant,
      addScale,
      addDrain,
      addUndrain,
      addRoll,
      addProve,
      addPromote,
      addRollout,
      addDeployed,
      addUnlock,
      addEdgeKeys,
    ],
  ],
  ['The planner', [addPlan, addSimulate, addMeasure]],
];

/** They make and enter namespaces, which only root may. */
const onThisMachine = new Set([
  addTry,
  addUp,
  addStatus,
  addCalls,
  addLogs,
  addLocal,
  addFlap,
  addDown,
  addDrain,
  addUndrain,
]);

function cellstamp(): Command {
  const program = new Command('npx cellstamp')
    .description('Cells of VoIP: one definition, on this machine and as Terraform.')
    .option('--debug', 'show where an error comes from')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command...]', 'show the help of a command')
    .version(version(), '-V, --version', 'show the version')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(lines(text)) })
    .exitOverride(exitsWith(usageStatus))
    .hook('preAction', (_program, command) => refuseEmptyWords(command))
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp try\n\nExit status: 0 good, 1 failed, 2 bad input (a file, an option); of plan see `npx cellstamp plan --help`.',
    );
  for (const [title, commands] of groups) {
    program.commandsGroup(`${title}:`);
    for (const add of commands) {
      const command = add(program);
      if (onThisMachine.has(add)) command.hook('preAction', asRoot);
    }
  }
  return program;
}

/** An empty word is a variable of a shell that is not set (`down "$CELL"`): nobody means it, and it would be a hole in a message. */
function refuseEmptyWords(command: Command): void {
  const isEmpty = (value: unknown) => [value].flat().includes('');
  const argument = command.registeredArguments.find((_, at) => isEmpty(command.processedArgs[at]));
  if (argument !== undefined) {
    command.error(`error: argument '${argument.name()}' is empty; allowed: ${argument.description}`);
  }
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const given = at;
    const option = given.options.find(
      (one) =>
        given.getOptionValueSource(one.attributeName()) === 'cli' && isEmpty(given.getOptionValue(one.attributeName())),
    );
    if (option !== undefined) command.error(`error: option '${option.flags}' is empty; allowed: ${option.description}`);
  }
}

/** From the package: it lies two folders up, compiled three. */
function version(): string {
  const file = ['../../package.json', '../../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find((path) => existsSync(path))!;
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

/** Runs a command line, without the program's name, and returns the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = cellstamp();
  // Commander's own help knows no commands of commands: `help tenant move`.
  const words = argv[0] === 'help' && argv.length > 2 ? [...argv.slice(1), '--help'] : [...argv];
  try {
    process.exitCode = 0;
    await program.parseAsync(words, { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    // Commander has printed its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof WentOnAsRoot) return error.status;
    const { text, status } = describeFailure(error, program.opts()['debug'] === true);
    process.stderr.write(`${text}\n`);
    return status;
  }
}
