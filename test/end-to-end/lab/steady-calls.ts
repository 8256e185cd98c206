/** Calls that come all the time while something is done to a cell. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentsProcess, RunResult } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';

interface SteadyLoad {
  readonly ratePerSecond: number;
  readonly talkSeconds: number;
  /** Share of the audio that may be lost. Default: what a relay that moves takes on a busy machine, a second or two of the talk. */
  readonly maximumLoss?: number;
}

export class SteadyCalls {
  readonly #runs: Promise<RunResult>[] = [];
  readonly #work: Promise<void>;
  #ends = false;

  private constructor(agents: AgentsProcess, kinds: readonly CallScenario[], load: SteadyLoad) {
    this.#work = this.#start(agents, kinds, load);
  }

  /** Starts so many calls each second until `stop`. */
  static start(agents: AgentsProcess, kinds: readonly CallScenario[], load: SteadyLoad): SteadyCalls {
    return new SteadyCalls(agents, kinds, load);
  }

  async #start(
    agents: AgentsProcess,
    kinds: readonly CallScenario[],
    { ratePerSecond, talkSeconds, maximumLoss = 0.6 }: SteadyLoad,
  ): Promise<void> {
    const begun = Date.now();
    for (let second = 0; !this.#ends; second++) {
      const options = { talkSeconds, maximumLoss };
      this.#runs.push(agents.run({ kinds: [...kinds], calls: ratePerSecond, ratePerSecond, ...options }));
      await sleep(Math.max(0, begun + (second + 1) * 1000 - Date.now()));
    }
  }

  /** What became of all of them. */
  async stop(): Promise<readonly CallResult[]> {
    this.#ends = true;
    await this.#work;
    return (await Promise.all(this.#runs)).flatMap(({ results }) => results);
  }
}
