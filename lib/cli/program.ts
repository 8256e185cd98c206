/** The command line of `cellstamp`. Every command is in a file of its own, which is loaded when it is asked for. */
import { Command, CommanderError } from 'commander';
import { WentOnAsRoot, asRoot } from './as-root.ts';
import { describeFailure, exitsWith, lines, usageStatus } from './failure.ts';
import { refuseRepeats } from './option-values.ts';
import { packageFile } from './package-root.ts';

/** Adds a command to the program, from a file that is loaded when the command is asked for. */
type Load = () => Promise<(program: Command) => Command>;

/** Commands by name, as `--help` lists them. */
const groups: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'A local cell or front': {
    try: async () => (await import('./commands/try.ts')).addTry,
    up: async () => (await import('./commands/up.ts')).addUp,
    status: async () => (await import('./commands/status.ts')).addStatus,
    call: async () => (await import('./commands/call.ts')).addCall,
    calls: async () => (await import('./commands/calls.ts')).addCalls,
    logs: async () => (await import('./commands/logs.ts')).addLogs,
    local: async () => (await import('./commands/local-reroute.ts')).addLocal,
    flap: async () => (await import('./commands/local-reroute.ts')).addFlap,
    down: async () => (await import('./commands/down.ts')).addDown,
  },
  'Files of the fleet': {
    init: async () => (await import('./commands/init.ts')).addInit,
    check: async () => (await import('./commands/check.ts')).addCheck,
    stamp: async () => (await import('./commands/stamp.ts')).addStamp,
    manifests: async () => (await import('./commands/manifests.ts')).addManifests,
    image: async () => (await import('./commands/image.ts')).addImage,
    capacity: async () => (await import('./commands/capacity.ts')).addCapacity,
    availability: async () => (await import('./commands/availability.ts')).addAvailability,
    cost: async () => (await import('./commands/cost.ts')).addCost,
    'prometheus-config': async () => (await import('./commands/prometheus-config.ts')).addPrometheusConfig,
    'alertmanager-config': async () => (await import('./commands/alertmanager-config.ts')).addAlertmanagerConfig,
    'grafana-dashboards': async () => (await import('./commands/grafana-dashboards.ts')).addGrafanaDashboards,
    scrape: async () => (await import('./commands/prometheus-config.ts')).addScrape,
  },
  'Operations on a running cell': {
    provision: async () => (await import('./commands/provision.ts')).addProvision,
    customers: async () => (await import('./commands/provision.ts')).addCustomers,
    tenant: async () => (await import('./commands/tenant.ts')).addTenant,
    user: async () => (await import('./commands/user.ts')).addUser,
    evacuate: async () => (await import('./commands/evacuate.ts')).addEvacuate,
    scale: async () => (await import('./commands/scale.ts')).addScale,
    drain: async () => (await import('./commands/drain.ts')).addDrain,
    undrain: async () => (await import('./commands/drain.ts')).addUndrain,
    roll: async () => (await import('./commands/roll.ts')).addRoll,
    prove: async () => (await import('./commands/prove.ts')).addProve,
    records: async () => (await import('./commands/records.ts')).addRecords,
    promote: async () => (await import('./commands/promote.ts')).addPromote,
    rollout: async () => (await import('./commands/rollout.ts')).addRollout,
    deployed: async () => (await import('./commands/rollout-record.ts')).addDeployed,
    unlock: async () => (await import('./commands/unlock.ts')).addUnlock,
    'edge-keys': async () => (await import('./commands/edge-keys.ts')).addEdgeKeys,
  },
  'The planner': {
    plan: async () => (await import('./commands/plan.ts')).addPlan,
    simulate: async () => (await import('./commands/simulate.ts')).addSimulate,
    measure: async () => (await import('./commands/measure.ts')).addMeasure,
  },
};

/** They make and enter namespaces, which only root may. */
const onThisMachine: readonly string[] = [
  ...['try', 'up', 'status', 'calls', 'logs', 'local', 'flap', 'down', 'drain', 'undrain'],
];

/** @param asked the name of a command, which is then the only one; all where it is none: for their help, or to suggest one */
export async function cellstamp(asked?: string): Promise<Command> {
  const program = new Command('npx cellstamp')
    .description('Infrastructure as code for cell-based VoIP: local, AWS (Terraform) and Kubernetes.')
    .option('--debug', 'print the stack trace of an error')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command...]', 'show the help of a command')
    .version(packageFile().version, '-V, --version', 'show the version')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => process.stdout.write(fitted(text)),
      outputError: (text, write) => write(lines(text)),
    })
    .exitOverride(exitsWith(usageStatus))
    .hook('preAction', (_program, command) => refuseEmptyWords(command))
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp try\n\nExit status: 0 good, 1 failed, 2 bad input (a file, an option); of plan see `npx cellstamp plan --help`.',
    );
  const isKnown = Object.values(groups).some((commands) => Object.hasOwn(commands, asked ?? ''));
  for (const [title, commands] of Object.entries(groups)) {
    program.commandsGroup(`${title}:`);
    for (const [name, load] of Object.entries(commands)) {
      if (isKnown && name !== asked) continue;
      const command = (await load())(program);
      if (onThisMachine.includes(name)) command.hook('preAction', asRoot);
    }
  }
  refuseRepeats(program);
  return program;
}

const COLUMNS = 80;

/** Help for a terminal of the usual width. Indented lines stay as they are: they are wrapped, or examples to copy. */
function fitted(help: string): string {
  return help.replace(/^\S.*(?:\n\S.*)*/gm, (paragraph) => {
    const wrapped: string[] = [];
    for (const word of paragraph.split(/\s+/)) {
      const longer = `${wrapped.at(-1) ?? ''} ${word}`;
      if (wrapped.length > 0 && longer.length <= COLUMNS) wrapped[wrapped.length - 1] = longer;
      else wrapped.push(word);
    }
    return wrapped.join('\n');
  });
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

/** Without --help where the words name a command that is not there: commander would print the help of what is above it. */
function withoutHelpOfNothing(program: Command, words: readonly string[]): string[] {
  let at = program;
  for (const word of words.filter((each) => !each.startsWith('-'))) {
    if (at.commands.length === 0 || at.registeredArguments.length > 0) break;
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next === undefined) return words.filter((each) => each !== '--help' && each !== '-h');
    at = next;
  }
  return [...words];
}

/** Runs a command line, without the program's name, and returns the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const [first, second] = argv.filter((word) => !word.startsWith('-'));
  const program = await cellstamp(first === 'help' ? second : first);
  // Commander's own help knows no commands of commands: `help tenant move`.
  const words = argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;
  try {
    process.exitCode = 0;
    await program.parseAsync(withoutHelpOfNothing(program, words), { from: 'user' });
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
