/** One namespace as a process: starting it, linking it to the others, running programs in it. */
import { createHash } from 'node:crypto';
import { spawn, type ChildProcess, type ChildProcessByStdio, type SpawnOptions } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { LocalFailure } from './failure.ts';
import type { NamespacePlan } from './host-plan.ts';
import { hostScript } from './host-script.ts';
import { processId, type ProcessId } from './processes.ts';
import { bareEnvironment, environment, run, type Outcome, type RunOptions } from './run.ts';
import { hostFolder, makeFolder } from './state.ts';

/** A namespace whose process 1 waits for the word to continue. */
export interface StartedNamespace {
  readonly init: ProcessId;
  /** Lets the namespace go on to its next step: first the network, then the services. */
  proceed(): void;
  /** This process has nothing more to say; the namespace lives on. */
  release(): void;
}

/**
 * Starts process 1 of a namespace. It waits for two calls of `proceed`; until the last, it ends when this process does.
 * @param dieWithParent Whether it ends with this process after that too, even when this process is killed.
 */
export async function startNamespace(
  cell: string,
  plan: NamespacePlan,
  dieWithParent: boolean,
): Promise<StartedNamespace> {
  const folder = hostFolder(cell, plan.name);
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['files', 'log', 'private', 'services']) makeFolder(join(folder, part));
  // The services of the host write there as their own users.
  chmodSync(join(folder, 'log'), 0o755);
  chmodSync(join(folder, 'services'), 0o755);
  plan.config.files.forEach((file, index) =>
    writeFileSync(join(folder, 'files', String(index)), file.text, { mode: 0o600 }),
  );
  writeFileSync(join(folder, 'init'), hostScript(plan, folder), { mode: 0o700 });

  const log = openSync(join(folder, 'log', 'init.log'), 'a', 0o600);
  const unshare = ['unshare', '--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child'];
  const [program, ...args] = [
    ...(dieWithParent ? ['setpriv', '--pdeathsig', 'KILL'] : []),
    ...unshare,
    '--',
    '/bin/bash',
    join(folder, 'init'),
  ];
  const child = spawn(program!, args, {
    cwd: '/',
    env: bareEnvironment,
    detached: true,
    stdio: ['pipe', 'pipe', log],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(log);
  child.stdin.on('error', () => {});
  const init = await firstProcess(child);
  if (!init) throw new LocalFailure(`host ${plan.name} does not start: ${tail(cell, plan.name, 'init')}`);
  return {
    init,
    proceed: () => void child.stdin.write('go\n'),
    release: () => {
      child.stdin.end();
      child.stdout.destroy();
      child.unref();
    },
  };
}

/** The number that process 1 says on its standard output. */
function firstProcess(child: ChildProcessByStdio<Writable, Readable, null>): Promise<ProcessId | undefined> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('exit', () => resolve(undefined));
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(processId(Number(line))));
  });
}

/** Runs a program in the namespaces of a host, as root, to its end. */
export function runInside(init: ProcessId, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run(
    ['nsenter', '--target', String(init.pid), '--net', '--mount', '--pid', '--uts', '--ipc', '--', ...argv],
    options,
  );
}

/** Runs a program of this machine in the network of a namespace, to its end. */
export function runInNetwork(init: ProcessId, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run(['nsenter', '--target', String(init.pid), '--net', '--', ...argv], options);
}

/** Starts a program of this machine in the network of a namespace. It ends with this process, even when that is killed. */
export function spawnInNetwork(init: ProcessId, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', '--target', String(init.pid), '--net', '--', ...argv], {
    env: environment,
    ...options,
  });
}

/** The links between the hosts and the switch; hosts that were there before keep theirs. */
export async function link(
  fabric: ProcessId,
  outside: ProcessId | undefined,
  hosts: ReadonlyMap<string, ProcessId>,
): Promise<void> {
  const lines = [
    ...(outside
      ? [
          // Else it takes the lowest address of its links, and another one when that host dies: nobody reaches the router then.
          `link add name cell address ${hardwareAddress('cell')} type bridge`,
          `link add name internet type veth peer name eth0 netns ${outside.pid}`,
        ]
      : []),
    ...[...hosts].flatMap(([name, init]) => [
      `link add name ${name} type veth peer name eth0 address ${hardwareAddress(name)} netns ${init.pid}`,
      `link set dev ${name} master cell up`,
    ]),
  ];
  // What is left of a host that died goes first; the kernel takes a while to notice.
  for (const name of hosts.keys()) if (!outside) await runInNetwork(fabric, ['ip', 'link', 'delete', name]);
  const made = await runInNetwork(fabric, ['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  if (made.status !== 0) throw new LocalFailure(`no network for the cell: ${made.stderr.trim()}`);
}

/**
 * A recreated host keeps the address that its neighbours know. With another one they would send to nobody until the old entry
 * expires, after half a minute or more.
 */
function hardwareAddress(host: string): string {
  const bytes = createHash('sha256').update(host).digest('hex').match(/../g)!.slice(0, 5);
  // Administered here, and of one host.
  return ['02', ...bytes].join(':');
}

/** The last lines of a log, for an error. */
export function tail(cell: string, host: string, service: string, lines = 8): string {
  try {
    const text = readFileSync(join(hostFolder(cell, host), 'log', `${service}.log`), 'utf8').trim();
    return text.split('\n').slice(-lines).join('\n') || 'its log is empty';
  } catch {
    return 'it has no log';
  }
}
