import type { Cell } from '../../../fleet/derive/cell.ts';
import type { Section } from '../common/section.ts';
import { probesCarriers } from './carrier-probes.ts';
import { registers } from './carrier-registrations.ts';

/** What the SBC itself asks carriers outside of calls, and what they answer. */
export const asksCarriers = (cell: Cell): boolean => registers(cell) || probesCarriers(cell);

export function carrierAnswers(cell: Cell): Section {
  const routes = [
    ...(probesCarriers(cell) ? ['    if (starts_with("$vn(asked)", "probe|")) route(PROBE_ANSWERED);'] : []),
    ...(registers(cell) ? ['    if (!starts_with("$vn(asked)", "probe|")) route(REGISTER_ANSWERED);'] : []),
  ];
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
