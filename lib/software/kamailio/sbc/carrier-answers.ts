import type { Cell } from '../../../fleet/derive/cell.ts';
import type { Section } from '../common/section.ts';
import { probesCarriers } from './carrier-probes.ts';
import { registers } from './carrier-registrations.ts';
import { hasEmergency } from './with-emergency.ts';

/** What the SBC itself asks carriers outside of calls, and what they answer. */
export const asksCarriers = (cell: Cell): boolean => registers(cell) || probesCarriers(cell) || hasEmergency(cell);

export function carrierAnswers(cell: Cell): Section {
  // Each kind of request begins its parameter with the kind.
  const routes = Object.entries({
    emergency: hasEmergency(cell) && 'EMERGENCY_ANSWERED',
    probe: probesCarriers(cell) && 'PROBE_ANSWERED',
    register: registers(cell) && 'REGISTER_ANSWERED',
  }).flatMap(([kind, route]) =>
    route === false ? [] : [`    if (starts_with("$vn(asked)", "${kind}|")) route(${route});`],
  );
  return {
    title: 'Answers of carriers to the SBC itself',
    text: `
# The answer to a request of this SBC, or that there was none.
event_route[uac:reply] {
    $vn(asked) = $uac_req(evparam);
${routes.join('\n')}
}
`,
  };
}
