/** What a call does whose relay moves or is lost. */
import type { CallSteps } from '../../../lib/user-agent/scenario.ts';

/** It waits at the pause `lost`; then it is held, resumed, changed and hung up. @param seconds of talk before */
export const talkAndChange = (seconds: number): CallSteps => [
  { step: 'ring', seconds: 0 },
  { step: 'answer' },
  { step: 'talk', seconds },
  { step: 'pause', name: 'lost' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'caller', change: 'hold' },
  { step: 'talk', seconds: 0.5 },
  { step: 'reinvite', by: 'caller', change: 'resume' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'bye', by: 'callee' },
];
