import type { Cell } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import { findOwner } from './screen.ts';
import type { Section } from '../common/section.ts';

/**
 * Carriers see none of the cell: Via, Record-Route, Contact and Call-ID are masked towards them. The masking module keeps no
 * state (the masked text carries what it hides, under a key that both SBCs have), so it survives fail-over; topos would
 * need a database in the call's way.
 */
export function topology(_cell: Cell): Section {
  return {
    title: 'Hiding the topology from carriers',
    text: `
modparam("topoh", "mask_key", "${late(values.topologySecret.name)}")
# The masked headers carry this address, which is reserved for documentation (RFC 5737).
modparam("topoh", "mask_ip", "192.0.2.1")
modparam("topoh", "mask_callid", 1)
modparam("topoh", "event_mode", 1)

event_route[topoh:msg-outgoing] {
    ${findOwner('$sndto(ip)')}
    # A phone, or a tenant's own exchange, is not a carrier.
    if ($vn(owner) == $null || !starts_with("$vn(owner)", "trunk|")) drop;
}
`,
  };
}
