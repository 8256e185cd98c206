/** What most tests of a cell need: one tenant with two phones, one of which has a number, a carrier, and the calls among them. */
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { LabUser } from './lab.ts';

export const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
export const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };
export const carrier = { name: 'carrier-a', address: '192.0.2.10' } as const;

export const acme = {
  name: 'acme',
  domain: 'acme.example.com',
  dids: { '+4930123457': 'bert' },
  limits: { callsPerSecond: 100, burst: 100 },
} as const;

/** @param network of the cell alone: tests with cells run side by side */
export const acmeCell = (name: string, network: string) =>
  ({
    name,
    region: 'eu-west-1',
    local: {},
    size: 'test',
    network,
    media: { hosts: 2, kernelForwarding: 'preferred' },
    trunks: [{ ...carrier }],
    tenants: [acme],
  }) satisfies CellInput;

export const withinTenant: CallScenario = {
  name: 'user to user',
  caller: 'anna',
  callee: 'bert',
  dial: 'sip:bert@acme.example.com',
};
export const toCarrier: CallScenario = {
  name: 'carrier out',
  caller: 'anna',
  callee: 'carrier-a',
  dial: 'sip:+4989700700@acme.example.com',
};
/** @param floating the cell's public address */
export const fromCarrier = (floating: string): CallScenario => ({
  name: 'carrier in',
  caller: 'carrier-a',
  callee: 'bert',
  dial: `sip:+4930123457@${floating}`,
});
