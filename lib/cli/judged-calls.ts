import type { AgentsProcess } from '../user-agent/agents-process.ts';
import type { CallResult } from '../user-agent/call-result.ts';
import type { Progress } from '../user-agent/load.ts';
import type { OpenCommand, RunCommand } from '../user-agent/scenario.ts';
import type { CallFigures } from './call-report.ts';
import { CommandFailure } from './failure.ts';

export interface JudgedCalls {
  /** Media hosts are known by their addresses. */
  readonly figures: CallFigures;
  /** When the first call began, milliseconds since 1970. */
  readonly started: number;
  readonly results: readonly CallResult[];
}

/** How many calls of which kinds. */
export interface CallPlan {
  readonly kinds: RunCommand['kinds'];
  readonly calls: number;
  /** Calls started a second. */
  readonly rate: number;
  /** Seconds that a call is held. */
  readonly hold: number;
}

/**
 * Registers users, places their calls and adds up their results.
 * @throws CommandFailure when a user can't register
 */
export async function judgedCalls(
  agents: AgentsProcess,
  opening: OpenCommand,
  { kinds, calls, rate, hold }: CallPlan,
  onProgress: (progress: Progress) => void,
): Promise<JudgedCalls> {
  const opened = await agents.open(opening);
  const refused = opened.find(({ registration }) => registration !== null && registration.status !== 200);
  if (refused) {
    const { status, reason } = refused.registration!;
    throw new CommandFailure(`the test user ${refused.name} can't register: ${status} ${reason}`, 1);
  }
  const started = Date.now();
  const { summary, results } = await agents.run(
    { kinds, calls, ratePerSecond: rate, talkSeconds: hold },
    { onProgress },
  );
  const answers = results.flatMap(({ index, setupMs }) => (setupMs === null ? [] : [(index * 1000) / rate + setupMs]));
  const figures = {
    good: summary.failed === 0 && summary.calls === calls,
    seconds: (Date.now() - started) / 1000,
    firstAnswer: answers.length === 0 ? null : new Date(started + Math.min(...answers)).toISOString(),
    summary,
    mediaHosts: summary.mediaAddresses,
  };
  return { figures, started, results };
}
