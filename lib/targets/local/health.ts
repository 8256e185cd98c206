/**
 * Whether what runs on a host does its work. A supervisor sees that a process is there; whether it works only it can show, by
 * answering. All services of a host are asked at the same time, but not of all hosts: a cell has dozens, and each question is a few processes,
 * which would take the processors from each other until none is answered in time. What seems faulty is asked once more with more patience: on a
 * busy machine an answer may be slow for want of a processor.
 */
import { availableParallelism } from 'node:os';
import type { Service } from '../../software/host-config.ts';
import { interfaceName } from './host-plan.ts';
import { runInside } from './namespace.ts';
import { descendants, type ProcessId, type RunningProcess } from './processes.ts';
import { readService, servicePid } from './service-notes.ts';
import { shellWord, shellWords } from '../../software/shell-quote.ts';

/** An answer that takes longer is none. Seconds, at the first and at the second look. */
const patience = { first: 1.2, second: 5 } as const;

export interface AskedHost {
  /** Name of the cell or front. */
  readonly of: string;
  readonly name: string;
  readonly init: ProcessId;
  readonly services: readonly Service[];
  /** The router of the host's network; none where the host is not part of one. */
  readonly gateway?: string;
  /** Other hosts to which it must get through: lines of a bash script that ends with status 0 when it does, by their names. */
  readonly reaches?: Readonly<Record<string, string>>;
}

export interface HostHealth {
  /** Why the host as a whole does not work. */
  readonly fault?: string;
  /** Why services of it do not work, by their names. */
  readonly services: ReadonlyMap<string, string>;
  /** Hosts to which it does not get through. */
  readonly unreached: ReadonlySet<string>;
}

/**
 * Asks everything that is up on some hosts.
 * @returns the answers in the order of the hosts
 */
export async function hostsHealth(hosts: readonly AskedHost[]): Promise<readonly HostHealth[]> {
  const first = await look(hosts, patience.first);
  const doubtful = hosts.filter((_, index) => isDoubtful(first[index]!));
  const second = await look(doubtful, patience.second);
  return hosts.map((host, index) => second[doubtful.indexOf(host)] ?? first[index]!);
}

/** Whether time may have been what it lacked. Whatever is stopped is so for certain. */
function isDoubtful({ fault, services, unreached }: HostHealth): boolean {
  const faults = [...services.values(), ...(fault === undefined ? [] : [fault])];
  return unreached.size > 0 || faults.some((text) => !text.endsWith(stopMark));
}

/** As many hosts at a time as the machine has processors. */
async function look(hosts: readonly AskedHost[], seconds: number): Promise<readonly HostHealth[]> {
  // Whoever was stopped need not be asked.
  const processes = descendants(hosts.map(({ init }) => init));
  const found: HostHealth[] = [];
  const waiting = hosts.entries();
  const askInTurn = async () => {
    for (const [index, host] of waiting) found[index] = await hostHealth(host, processes.get(host.init)!, seconds);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, askInTurn));
  return found;
}

async function hostHealth(host: AskedHost, processes: readonly RunningProcess[], seconds: number): Promise<HostHealth> {
  const { of, name, services, gateway, reaches = {} } = host;
  const up = services.filter((service) => ['ready', 'finished'].includes(readService(of, name, service.name).state));
  const frozen = new Map(
    up.flatMap((service) => {
      const fault = describeStopped(processes, servicePid(of, name, service.name));
      return fault === undefined ? [] : [[service.name, fault] as const];
    }),
  );
  const { status, stdout, stderr } = await runInside(host.init, ['/bin/bash', '-s'], {
    input: questions(
      up.filter((service) => !frozen.has(service.name)),
      gateway,
      reaches,
      seconds,
    ),
    timeout: seconds * 1000 + 300,
  });
  const faults = new Map(
    [...stdout.matchAll(/^fault (\S+ \S+) (\d+) ?(.*)$/gm)].map(([, subject, code, said]) => [
      subject!,
      describe(Number(code), said!, seconds),
    ]),
  );
  const ofServices = up.flatMap((service) => {
    const fault = frozen.get(service.name) ?? faults.get(`service ${service.name}`);
    return fault === undefined ? [] : [[service.name, fault] as const];
  });
  const fault =
    status === 137
      ? `nothing on it answers within ${seconds} s`
      : status !== 0
        ? `it can't be asked: ${stderr.trim().split('\n').at(-1)}`
        : (faults.get('host network') ??
          (processes.some((process) => process.pid === host.init.pid && process.stopped)
            ? `its supervision is ${stopMark}`
            : undefined));
  return {
    ...(fault === undefined ? {} : { fault }),
    services: new Map(ofServices),
    unreached: new Set(Object.keys(reaches).filter((other) => faults.has(`reach ${other}`))),
  };
}

const stopMark = 'stopped (SIGSTOP)';

/** What is to be said of a service whose processes were stopped. @param main its first process, as the host counts */
function describeStopped(processes: readonly RunningProcess[], main: number | undefined): string | undefined {
  const first = processes.find((process) => process.innerPid === main);
  if (first === undefined) return undefined;
  const own = [first];
  for (const process of own) own.push(...processes.filter(({ parent }) => parent === process.pid));
  const stopped = own.filter((process) => process.stopped);
  if (stopped.length === 0) return undefined;
  return `${stopped.length === own.length ? 'it is' : `${stopped.length} of its ${own.length} processes are`} ${stopMark}`;
}

/** @param code exit status of whoever asked; 137: it was killed */
function describe(code: number, said: string, seconds: number): string {
  return code === 137 ? `no answer within ${seconds} s` : said || `its check ends with status ${code}`;
}

/** Text of a bash script that asks a host everything at once and prints a line for what is not well. */
function questions(
  services: readonly Service[],
  gateway: string | undefined,
  reaches: Readonly<Record<string, string>>,
  seconds: number,
): string {
  const asked = services.flatMap(({ name, health, ready }) => {
    const command = health ?? ready;
    return command[0] === '/bin/true' ? [] : [`ask service ${name} ${shellWords(command)} &`];
  });
  const reached = Object.entries(reaches).map(([name, script]) => `ask reach ${name} bash -c ${shellWord(script)} &`);
  const network = gateway === undefined ? [] : [`ask host network bash -c ${shellWord(networkScript(gateway))} &`];
  // A time-out in here: a killed nsenter would leave the programs that it started.
  return `ask() { # KIND NAME COMMAND...
  local kind=$1 name=$2 said
  shift 2
  said=$(timeout --signal=KILL ${seconds} "$@" 2>&1 </dev/null) || echo "fault $kind $name $? \${said##*$'\\n'}"
}
# For checks that ask another host: they are to say that it does not answer before they are killed themselves.
export ANSWER_WITHIN=${(seconds - 0.3).toFixed(1)}
cd /
${[...asked, ...reached, ...network].join('\n')}
wait
exit 0
`;
}

/** The router refuses a connection to a port at which nobody listens, and so shows that it is there. */
function networkScript(gateway: string): string {
  return `read -r carrier 2>/dev/null </sys/class/net/${interfaceName}/carrier
[[ $carrier == 1 ]] || { echo 'its link is down'; exit 1; }
said=$(timeout "$ANSWER_WITHIN" bash -c 'exec 3<>/dev/tcp/${gateway}/9' 2>&1) || [[ $said == *refused* ]] || { echo 'it does not reach its router'; exit 1; }`;
}
