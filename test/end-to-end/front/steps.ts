/** Steps of calls to which something happens at `event`. */
import type { Side } from '../../../lib/user-agent/steps.ts';

export const event = { step: 'pause', name: 'event' } as const;
export const ring = { step: 'ring', seconds: 0 } as const;
export const answer = { step: 'answer' } as const;
export const talk = { step: 'talk', seconds: 0.6 } as const;
export const reinvite = (by: Side, change: 'nothing' | 'hold' | 'resume') =>
  ({ step: 'reinvite', by, change }) as const;
export const bye = (by: Side) => ({ step: 'bye', by }) as const;
