/** Calls at every moment of a call at once, each waiting there for a fault. */
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';

/** Where calls wait until the fault is over. */
export const AFTER = 'after';
/** Where calls wait until the fault is there, and then go on at once. */
export const MEANWHILE = 'meanwhile';

const rings = { step: 'ring', seconds: 0 } as const;
const answered: CallSteps = [rings, { step: 'answer' }, { step: 'talk', seconds: 1 }];
/** Whatever happened, the call can be changed by either side, is heard, and ends. */
const goesOn: CallSteps = [
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'caller', change: 'nothing' },
  { step: 'talk', seconds: 0.5 },
  { step: 'bye', by: 'caller' },
];
const after = { step: 'pause', name: AFTER } as const;
const meanwhile = { step: 'pause', name: MEANWHILE } as const;

const moments: Readonly<Record<string, CallSteps>> = {
  ringing: [rings, after, { step: 'answer' }, ...goesOn],
  'just answered': [rings, { step: 'answer' }, meanwhile, { step: 'ack' }, after, ...goesOn],
  'in talk': [...answered, after, ...goesOn],
  'on hold': [
    ...answered,
    { step: 'reinvite', by: 'caller', change: 'hold' },
    after,
    { step: 'reinvite', by: 'caller', change: 'resume' },
    ...goesOn,
  ],
  're-INVITE under way': [...answered, meanwhile, { step: 'reinvite', by: 'caller', change: 'port' }, after, ...goesOn],
  'transfer under way': [
    ...answered,
    meanwhile,
    { step: 'refer', by: 'callee', to: 'sip:cora@acme.example.com' },
    after,
    ...goesOn,
  ],
};

export const momentNames = Object.keys(moments);

/** A call of each way at each moment, named by its moment. */
export function callsAtAllMoments(ways: readonly CallScenario[]): CallScenario[] {
  return Object.entries(moments).flatMap(([name, steps]) => ways.map((way) => ({ ...way, name, steps: [...steps] })));
}
