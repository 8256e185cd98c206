import { setMaxListeners } from 'node:events';
import { Agent } from './agent.ts';
import type { AgentsEvent, OpenedAgent } from './agents-event.ts';
import type { CallScript } from './call-script.ts';
import { placeCall } from './call.ts';
import type { CallResult } from './call-result.ts';
import { type Progress, placeCalls } from './load.ts';
import { MediaPorts } from './audio/media-ports.ts';
import { RtpClock } from './audio/rtp-clock.ts';
import type { Command } from './scenario.ts';
import { locateServers } from './sip/locate-servers.ts';
import { formatHostPort, parseUri } from './sip/uri.ts';
import { type Side, plainCall } from './steps.ts';
import { summarise } from './summary.ts';

type Open = Extract<Command, { do: 'open' }>;
type Run = Extract<Command, { do: 'run' }>;
type CallKind = Run['kinds'][number];

/** Milliseconds between two progress events of a run. */
const PROGRESS_INTERVAL = 200;

/** A command that names what is not there, or comes at the wrong time. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The agents of one process, and the runs that are going on. */
export class AgentHost {
  readonly #tell: (event: AgentsEvent) => void;
  readonly #clock = new RtpClock();
  readonly #agents = new Map<string, Agent>();
  readonly #users = new Set<string>();
  readonly #runs = new Map<string, Promise<void>>();
  readonly #pauses = new Map<string, { readonly passed: Promise<void>; readonly pass: () => void }>();
  readonly #stop = new AbortController();

  constructor(tell: (event: AgentsEvent) => void) {
    this.#tell = tell;
    setMaxListeners(0, this.#stop.signal); // every call listens to it
  }

  /**
   * Does a command. Of `run` the promise settles when the run is over.
   *
   * @throws CommandError when it names an unknown agent, or the agents are open already
   * @throws Error of the system when an address can't be bound
   */
  async do(command: Command): Promise<void> {
    switch (command.do) {
      case 'open':
        return this.#open(command);
      case 'run':
        return this.#run(command);
      case 'resume':
        return this.#pauseOf(command.run, command.pause).pass();
      case 'register':
        await this.#agent(command.agent).registration.register();
        return;
      case 'unregister':
        await this.#agent(command.agent).registration.unregister();
        return;
      case 'pending':
        return this.#tell({ event: 'pending', agents: Object.fromEntries(this.#pendingByAgent()) });
      case 'close':
        return this.#close();
    }
  }

  async #open(command: Open): Promise<void> {
    if (this.#agents.size > 0) throw new CommandError('the agents are open already');
    const ports = new Map<string, MediaPorts>();
    for (const spec of command.agents) {
      if (this.#agents.has(spec.name)) throw new CommandError(`two agents are called "${spec.name}"`);
      const { address } = spec.local;
      const media = ports.get(address) ?? new MediaPorts(address, command.mediaPorts.from, command.mediaPorts.to);
      ports.set(address, media);
      this.#agents.set(spec.name, await this.#openAgent(spec, media, command));
      if (spec.role === 'user') this.#users.add(spec.name);
    }
    const opened = await Promise.all([...this.#agents.values()].map((agent) => this.#register(agent)));
    this.#tell({ event: 'opened', agents: opened });
  }

  async #openAgent(spec: Open['agents'][number], ports: MediaPorts, { tls, trace }: Open): Promise<Agent> {
    const { name, identity, protocol, local } = spec;
    const [server, ...alternatives] =
      'nameServer' in spec.server
        ? await locateServers(parseUri(identity).host, protocol, spec.server.nameServer, local.address)
        : [spec.server];
    return Agent.open({
      ...spec,
      server,
      alternatives,
      ports,
      tls,
      clock: this.#clock,
      expires: spec.role === 'user' ? spec.expiresSeconds : 0,
      credentials:
        spec.role === 'user'
          ? { username: spec.username ?? /^sips?:([^@]*)@/i.exec(identity)?.[1] ?? name, password: spec.password }
          : undefined,
      demands: spec.role === 'carrier' ? spec.demands : undefined,
      onRegistration: ({ status, reason }) => this.#tell({ event: 'registration', agent: name, status, reason }),
      onTrace: trace
        ? (direction, text, { address, port }) =>
            this.#tell({
              event: 'sip',
              when: Date.now(),
              agent: name,
              direction,
              remote: formatHostPort(address, port),
              text,
            })
        : undefined,
    });
  }

  async #register(agent: Agent): Promise<OpenedAgent> {
    const { name, userAgent } = agent;
    const local = formatHostPort(userAgent.local.address, userAgent.local.port);
    if (!this.#users.has(name)) return { name, local, uri: userAgent.uri, registration: null };
    const { status, reason } = await agent.registration.register();
    return { name, local, uri: userAgent.uri, registration: { status, reason } };
  }

  async #run(command: Run): Promise<void> {
    if (this.#runs.has(command.run)) throw new CommandError(`a run "${command.run}" is going on already`);
    // Wrong names are reported before the first call.
    for (const { caller, callee } of command.kinds) for (const name of [caller, callee]) if (name) this.#agent(name);
    const run = this.#placeCalls(command);
    this.#runs.set(command.run, run);
    try {
      await run;
    } finally {
      this.#runs.delete(command.run);
      for (const key of this.#pauses.keys()) if (key.startsWith(`${command.run} `)) this.#pauses.delete(key);
    }
  }

  async #placeCalls(command: Run): Promise<void> {
    const { run, calls, ratePerSecond } = command;
    const progress = paced(PROGRESS_INTERVAL, (latest: Progress) => this.#tell({ event: 'progress', run, ...latest }));
    const results = await placeCalls({
      calls,
      ratePerSecond,
      signal: this.#stop.signal,
      place: (index) => this.#place(command, index),
      onResult: (result) => this.#tell({ event: 'call', run, result }),
      onProgress: progress.note,
    }).finally(progress.flush);
    this.#tell({ event: 'finished', run, summary: summarise(results), clock: this.#clock.lateness });
  }

  #place(command: Run, index: number): Promise<CallResult> {
    const kind = command.kinds[index % command.kinds.length] as CallKind;
    const callee = kind.callee === null ? undefined : this.#agent(kind.callee);
    const script: CallScript = {
      index,
      kind: kind.name,
      caller: this.#agent(kind.caller),
      callee,
      dial: kind.dial.replaceAll('{index}', String(index)),
      from: kind.from,
      steps: kind.steps ?? plainCall(command.ringSeconds, command.talkSeconds, whoHangsUp(command, kind, index)),
      expectStatus: kind.expectStatus,
      callerHears: kind.callerHears ?? (callee === undefined ? 'packets' : 'callee'),
      audio: command.audio,
      maximumLoss: command.maximumLoss,
      patienceSeconds: command.patienceSeconds,
      onPause: (pause) => {
        this.#tell({ event: 'paused', run: command.run, call: index, pause });
        return this.#pauseOf(command.run, pause).passed;
      },
      signal: this.#stop.signal,
    };
    return placeCall(script);
  }

  #pauseOf(run: string, name: string): { readonly passed: Promise<void>; readonly pass: () => void } {
    const key = `${run} ${name}`;
    let pause = this.#pauses.get(key);
    if (pause === undefined) {
      let pass: () => void = () => undefined;
      const passed = new Promise<void>((resolve) => (pass = resolve));
      pause = { passed, pass };
      this.#pauses.set(key, pause);
      if (this.#stop.signal.aborted) pass();
    }
    return pause;
  }

  #agent(name: string): Agent {
    const agent = this.#agents.get(name);
    if (agent !== undefined) return agent;
    throw new CommandError(`no agent is called "${name}"; there are ${[...this.#agents.keys()].join(', ') || 'none'}`);
  }

  *#pendingByAgent() {
    for (const [name, agent] of this.#agents) yield [name, agent.userAgent.pending] as const;
  }

  /** Hangs up, takes registrations back and closes. */
  async #close(): Promise<void> {
    this.#stop.abort();
    for (const { pass } of this.#pauses.values()) pass();
    await Promise.allSettled(this.#runs.values());
    const agents = [...this.#agents.values()];
    await Promise.all(
      agents.filter(({ registration }) => registration.kept).map((agent) => agent.registration.unregister()),
    );
    await Promise.all(agents.map((agent) => agent.close()));
    this.#agents.clear();
    this.#users.clear();
  }
}

/** Hands on the latest value, but not more often than the interval says, milliseconds. */
function paced<T>(interval: number, tell: (latest: T) => void): { note: (value: T) => void; flush: () => void } {
  let latest: T | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (latest !== undefined) tell(latest);
    latest = undefined;
  };
  const note = (value: T) => {
    latest = value;
    timer ??= setTimeout(flush, interval);
  };
  return { note, flush };
}

function whoHangsUp(command: Run, kind: CallKind, index: number): Side {
  if (kind.callee === null || command.hangUp === 'caller') return 'caller';
  // By the round, not by the call: with two kinds in turn each kind is hung up from both sides.
  return command.hangUp === 'callee' || Math.floor(index / command.kinds.length) % 2 === 1 ? 'callee' : 'caller';
}
