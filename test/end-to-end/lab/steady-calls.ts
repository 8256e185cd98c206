/** Calls that come all the time while something is done to a cell. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentsProcess, RunResult } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';

export class SteadyCalls {
  readonly #runs: Promise<RunResult>[] = [];
  readonly #work: Promise<void>;
  #ends = false;

  private constructor(agents: AgentsProcess, kinds: readonly CallScenario[], ratePerSecond: number) {
    this.#work = this.#start(agents, kinds, ratePerSecond);
  }

  /** Starts so many calls each second until `stop`. */
  static start(agents: AgentsProcess, kinds: readonly CallScenario[], ratePerSecond: number): SteadyCalls {
    return new SteadyCalls(agents, kinds, ratePerSecond);
  }

  async #start(agents: AgentsProcess, kinds: readonly CallScenario[], ratePerSecond: number): Promise<void> {
    const begun = Date.now();
    for (let second = 0; !this.#ends; second++) {
      // One moved relay: 0.3 s of a second of talk.
      const options = { talkSeconds: 1, maximumLoss: 0.6 };
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
