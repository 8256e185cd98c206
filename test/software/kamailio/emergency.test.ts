/** What a cell's configuration has for emergency calls and for fraud, and what one without them does not have. */
import { expect, it, describe } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../../lib/fleet/derive/front.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';
import { edgeConfig } from '../../../lib/software/kamailio/edge/config.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { kamailioConfig } from '../../../lib/software/kamailio/sbc/config.ts';
import { calledSeconds, endedSeconds } from '../../../lib/software/kamailio/sbc/call-entry.ts';
import { testTarget } from '../../../lib/software/kamailio/sbc/emergency-test.ts';
import { emergencyTable } from '../../../lib/software/kamailio/sbc/emergency.ts';
import { emergencyPattern } from '../../../lib/software/kamailio/sbc/with-emergency.ts';

const cellOf = (input: Partial<CellInput> = {}) =>
  deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, size: 'test', ...input }));
const textOf = (input: Partial<CellInput> = {}) => kamailioConfig(cellOf(input), cellOf(input).sbcs[0]);

const routes = {
  trunks: [
    { name: 'psap', address: '192.0.2.1' },
    { name: 'psap-2', address: '192.0.2.2' },
  ],
  emergency: { DE: { trunks: ['psap', 'psap-2'], test: '19900' }, GB: { trunks: ['psap'], form: 'urn' } },
} satisfies Partial<CellInput>;

describe('emergency calls', () => {
  it('leave nothing in the configuration of a cell without routes', () => {
    expect(textOf().toLowerCase()).not.toMatch(/prom_counter_inc\("emergency|route\(\w*emergency|\bsos\b/);
  });

  it('need no module that other cells do not load', () => {
    const modules = (text: string) => [...text.matchAll(/^loadmodule .*$/gm)].map(([line]) => line);
    expect(modules(textOf({ ...routes, fraud: { byTenant: true } }))).toEqual(modules(textOf()));
  });

  it('are known by the numbers of the cell’s countries, the two that work anywhere, and what Kamailio calls a service', () => {
    expect(emergencyPattern(cellOf(routes))).toBe('^(110|112|911|999|service)$');
  });

  it('have in their table the way of each country, its numbers and its services', () => {
    const table = emergencyTable(cellOf(routes));
    expect(table.get('DE')).toBe('psap:psap-2:psap|number');
    expect(table.get('GB')).toBe('psap|urn');
    expect(table.get('DE:110')).toBe('urn:service:sos.police');
    expect(table.get('GB:110')).toBeUndefined();
    expect(table.get('DE:urn:service:sos.fire')).toBe('112');
    expect(table.get('GB:urn:service:sos.police')).toBe('999');
    // Of somebody of whom nobody says where they are.
    expect(table.get('-')).toBe('psap:psap-2:psap|number');
    expect(table.get('-:112')).toBe('urn:service:sos');
  });

  it('keep what passes a ban for as long as the call, and no longer than its end is remembered', () => {
    const text = textOf(routes);
    const route = (name: string) =>
      text.split(/^(?=(?:failure_)?route\[)/m).find((one) => one.includes(`route[${name}]`))!;
    for (const name of ['CALL_EMERGENCY', 'FORGET_SIDES']) {
      expect(route(name)).toContain(`$shtex(sos=>$var(id)) = ${endedSeconds};`);
    }
    expect(route('CALL_INVITED')).toContain(`$shtex(sos=>$var(id)) = ${calledSeconds};`);
    expect(route('CALL_ENDED')).toContain('route(FORGET_SIDES);');
  });

  it('are tested by what the spec says, or by the service of RFC 6881 where carriers want services', () => {
    const cell = cellOf(routes);
    expect(testTarget(cell, 'DE')).toBe('19900');
    expect(testTarget(cell, 'GB')).toBe('urn:service:test.sos');
    expect(testTarget(cellOf({ ...routes, emergency: { DE: { trunks: ['psap'] } } }), 'DE')).toBeUndefined();
  });
});

describe('fraud', () => {
  it('is one match of a call to a carrier, where tenants have no limits of their own', () => {
    const lines = (text: string) => new Set(text.split('\n'));
    const without = lines(textOf({ fraud: { highRisk: 'allowed' } }));
    const added = [...lines(textOf())].filter((line) => !without.has(line) && !/^(#|$)/.test(line));
    const matches = added.filter((line) => line.includes('$var(number) =~ '));
    expect(matches.map((line) => line.replace(/=~ ".*"/, '=~ ...').trim())).toEqual([
      'if ($var(number) =~ ...) return -1;',
      'if ($var(number) =~ ...) route(REFUSE_OUTBOUND);',
    ]);
    expect(added.filter((line) => /\$sh?t|\$vn|modparam/.test(line))).toEqual([]);
  });

  it('leaves nothing where the spec allows all', () => {
    expect(textOf({ fraud: { highRisk: 'allowed' } })).not.toMatch(/MAY_CALL|high_risk|REFUSE_OUTBOUND/);
  });
});

describe('an edge', () => {
  const front = deriveFront(
    parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }], aws: {} }),
  );
  const route = (name: string) =>
    edgeConfig(front, front.edges[0]!)
      .split(/^(?=route\[)/m)
      .find((text) => text.startsWith(`route[${name}]`))!;

  it('takes for an emergency call the numbers of every country, and no other, drained or not', () => {
    const [, numbers] = /\$var\(dialled\) =~ "(\^\([\d|]+\)\$)"\) return 1;/.exec(route('IS_EMERGENCY_CALL'))!;
    for (const number of ['112', '911', '999', '000', '110', '119']) expect(number).toMatch(new RegExp(numbers!));
    for (const other of ['1120', '42', '+112']) expect(other).not.toMatch(new RegExp(numbers!));
    for (const name of ['DRAINED', 'FIND_CELL']) expect(route(name)).toContain('route(IS_EMERGENCY_CALL)');
  });
});
