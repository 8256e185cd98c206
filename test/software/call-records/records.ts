/** Call records for tests. */
import type { CallEvent } from '../../../lib/software/kamailio/sbc/records.ts';

/** 2023-11-14, 22:13:20 UTC. */
export const began = 1_700_000_000;

/** @param at seconds after `began` at which the call is answered, or ends */
export function callEvent(id: string, event: CallEvent['event'], at: number, more: Partial<CallEvent> = {}): CallEvent {
  return {
    ...{ event, call: `${id}@198.51.100.11`, id, tenant: 'acme', kind: 'out', from: '+498912345', to: '+4989700700' },
    ...{ trunk: 'carrier-a', media: 1, sbc: 'sbc-1', invited: began + at - 2 },
    answered: event === 'start' ? began + at : event === 'refused' ? null : began + at - 1,
    ...(event !== 'start' && { ended: began + at, cause: 200, reason: 'hung_up' }),
    ...more,
  };
}
