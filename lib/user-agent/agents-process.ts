import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AgentsEvent, FinishedRun, OpenedAgent } from './agents-event.ts';
import type { CallResult } from './call-result.ts';
import type { Progress } from './load.ts';
import type { OpenCommand, RunCommand, commandSchema } from './scenario.ts';
import type { z } from 'zod';
import type { Pending } from './endpoint/user-agent.ts';

export interface AgentsProcessOptions {
  /** Command that the program is run by, to put it elsewhere: `['nsenter', '--net=/run/netns/caller']`. Default none. */
  readonly prefix?: readonly string[];
  /** Sees every event. */
  readonly onEvent?: (event: AgentsEvent) => void;
}

export interface RunHandlers {
  readonly onProgress?: (progress: Progress) => void;
  readonly onCall?: (result: CallResult) => void;
  /** A call is at a `pause` step. It goes on after {@link AgentsProcess.resume}. */
  readonly onPaused?: (pause: string, call: number) => void;
}

/** The result of a run. */
export interface RunResult extends FinishedRun {
  /** In the order in which the calls ended. */
  readonly results: readonly CallResult[];
}

export interface StartedRun {
  readonly finished: Promise<RunResult>;
  /** Lets every call of the run go on from that pause; those that come to it later do not stop. */
  readonly resume: (pause: string) => void;
}

/**
 * Agents in a process of their own, in a network namespace if its prefix says so.
 *
 * @example
 * const agents = AgentsProcess.start({ prefix: ['nsenter', '--net=/run/netns/outside'] });
 * await agents.open({ agents: [alice, bob] });
 * const { summary } = await agents.run({ kinds: [{ name: 'call', caller: 'alice', callee: 'bob', dial }], calls: 50 });
 * await agents.close();
 */
export class AgentsProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #listeners = new Set<(event: AgentsEvent) => void>();
  readonly #exited: Promise<string>;
  #runs = 0;

  private constructor(child: ChildProcessWithoutNullStreams, onEvent: ((event: AgentsEvent) => void) | undefined) {
    this.#child = child;
    if (onEvent !== undefined) this.#listeners.add(onEvent);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdin.on('error', () => undefined); // the process is gone, which #exited tells
    this.#exited = new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(`ended with ${signal ?? code}${errors && `: ${errors.trim()}`}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = eventOf(line);
      if (event !== undefined) for (const listener of [...this.#listeners]) listener(event);
    });
  }

  static start({ prefix = [], onEvent }: AgentsProcessOptions = {}): AgentsProcess {
    const [command = '', ...args] = [...prefix, process.execPath, ...programArguments()];
    return new AgentsProcess(spawn(command, args, { stdio: 'pipe' }), onEvent);
  }

  /** Opens the agents and registers the users; how that went is in the result. @throws Error when an address is taken */
  open(command: OpenCommand): Promise<readonly OpenedAgent[]> {
    return this.#ask({ do: 'open', ...command }, (event) => (event.event === 'opened' ? event.agents : undefined));
  }

  /** Places calls and waits until all are over. @throws Error when a kind names an agent that is not there */
  run(command: RunCommand, handlers: RunHandlers = {}): Promise<RunResult> {
    return this.startRun(command, handlers).finished;
  }

  /** Places calls; several runs may go on at once. */
  startRun(command: RunCommand, handlers: RunHandlers = {}): StartedRun {
    const run = `run-${++this.#runs}`;
    const results: CallResult[] = [];
    const finished = this.#ask({ do: 'run', run, ...command }, (event): RunResult | undefined => {
      if (!('run' in event) || event.run !== run) return undefined;
      if (event.event === 'call') {
        results.push(event.result);
        handlers.onCall?.(event.result);
      } else if (event.event === 'progress') handlers.onProgress?.(event);
      else if (event.event === 'paused') handlers.onPaused?.(event.pause, event.call);
      else if (event.event === 'finished') return { ...event, results };
      return undefined;
    });
    return { finished, resume: (pause) => this.#write({ do: 'resume', run, pause }) };
  }

  /** Refreshes a user's registration now. @returns the answer's status */
  register(agent: string): Promise<number> {
    return this.#ask({ do: 'register', agent }, statusOf(agent));
  }

  unregister(agent: string): Promise<number> {
    return this.#ask({ do: 'unregister', agent }, statusOf(agent));
  }

  /** What each agent still holds. */
  pending(): Promise<Readonly<Record<string, Pending>>> {
    return this.#ask({ do: 'pending' }, (event) => (event.event === 'pending' ? event.agents : undefined));
  }

  /** Hangs up, takes registrations back and ends the process: after `patienceSeconds` by force. */
  async close(patienceSeconds = 5): Promise<void> {
    this.#write({ do: 'close' });
    this.#child.stdin.end();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), patienceSeconds * 1000);
    await this.#exited;
    clearTimeout(force);
  }

  /** Waits for the event that answers a command. Errors of runs name their run, others belong to the command just given. */
  #ask<T>(command: z.input<typeof commandSchema>, pick: (event: AgentsEvent) => T | undefined): Promise<T> {
    const run = command.do === 'run' ? command.run : undefined;
    return new Promise<T>((resolve, reject) => {
      const listener = (event: AgentsEvent) => {
        const answer = pick(event);
        const failed = event.event === 'error' && event.run === run;
        if (answer === undefined && !failed) return;
        this.#listeners.delete(listener);
        if (answer !== undefined) resolve(answer);
        else if (failed) reject(new Error(event.message));
      };
      this.#listeners.add(listener);
      void this.#exited.then((how) => reject(new Error(`the process with the agents ${how}`)));
      this.#write(command);
    });
  }

  #write(command: z.input<typeof commandSchema>): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }
}

/** Undefined for the half of a line that a killed process leaves, whose end `#exited` tells. */
function eventOf(line: string): AgentsEvent | undefined {
  try {
    return JSON.parse(line) as AgentsEvent;
  } catch {
    return undefined;
  }
}

function statusOf(agent: string): (event: AgentsEvent) => number | undefined {
  return (event) => (event.event === 'registration' && event.agent === agent ? event.status : undefined);
}

/** The program beside this file: compiled to JavaScript, or TypeScript that is run through its loader. */
function programArguments(): string[] {
  const program = (extension: string) => fileURLToPath(new URL(`agents${extension}`, import.meta.url));
  if (import.meta.url.endsWith('.js')) return [program('.js')];
  const loader = createRequire(import.meta.url).resolve('tsx');
  return ['--import', pathToFileURL(loader).href, program('.ts')];
}
