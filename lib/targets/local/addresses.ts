/**
 * Public addresses of a cell on this machine: a /24 of the first half of the range for benchmarks of networks (198.18.0.0/15,
 * RFC 2544), which nobody on the internet has; the front takes the other half. And who is outside: the documentation ranges, carriers and tenants of the spec.
 */
import type { Cell, DataHost, Host } from '../../fleet/derive/cell.ts';
import { contains, formatRange, parseRange } from '../../fleet/range.ts';

const benchmarkRange = parseRange('198.18.0.0/16');
const networks = 256;

/** Public addresses of the front and of its callers: the outside of a cell that is attached to a front leads there. */
export const frontRange = '198.19.0.0/16';

/** The public networks that a cell may take, best first: the first follows from its private range alone. */
export function publicNetworks(privateNetwork: string): readonly string[] {
  // Cells of the usual size, /20, that lie side by side get different ones.
  const first = Math.floor(parseRange(privateNetwork).first / 2 ** 12) % networks;
  return Array.from({ length: networks }, (_, index) =>
    formatRange({ first: benchmarkRange.first + ((first + index) % networks) * 256, prefix: 24 }),
  );
}

const hostPart = (publicNetwork: string, number: number) => publicNetwork.replace(/\.0\/24$/, `.${number}`);

/** The public address that moves with the active SBC. */
export function floatingAddress(publicNetwork: string): string {
  return hostPart(publicNetwork, 10);
}

/** The public address that a host shows: the floating one on SBCs, its own on media hosts, none on data hosts. */
export function publicAddress(publicNetwork: string, host: Host): string | undefined {
  if (host.role === 'sbc') return floatingAddress(publicNetwork);
  if (host.role === 'media') return hostPart(publicNetwork, 32 + host.number);
  return undefined;
}

/** The two ends of the link by which phones of this machine reach an exposed cell. */
export interface MachineLink {
  /** Interface of this machine: as unique as public networks, and within the 15 characters of Linux. */
  readonly name: string;
  readonly machine: string;
  readonly outside: string;
}

/** Its addresses are of the cell's public network; no host has them. */
export function machineLink(publicNetwork: string): MachineLink {
  return {
    name: `cellstamp-${publicNetwork.split('.')[2]}`,
    machine: hostPart(publicNetwork, 253),
    outside: hostPart(publicNetwork, 254),
  };
}

/** The router of the cell's range: the first address, which no host has. */
export function gatewayAddress(cell: Cell): string {
  const range = parseRange(cell.spec.network);
  return formatRange({ first: range.first + 1, prefix: 32 }).replace('/32', '');
}

/** The name by which everybody in the cell reaches the primary: `lab-database`. */
export function primaryName(cell: Pick<Cell, 'name'>, role: DataHost['role']): string {
  return `${cell.name}-${role}`;
}

/** From where the outside speaks when a program chooses no address. */
export const outsideAddress = '203.0.113.1';

/** Documentation ranges (RFC 5737): for tests and for whoever has no address in the spec. */
export const documentationRanges = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'];

/** All ranges that the outside owns: what the documentation reserves, and the sources that the spec names. */
export function outsideRanges(cell: Cell): readonly string[] {
  const { trunks, tenants } = cell.spec;
  const named = [
    ...trunks.flatMap((trunk) => [
      ...(/^[\d.]+$/.test(trunk.address) ? [`${trunk.address}/32`] : []),
      ...trunk.sources,
    ]),
    ...tenants.flatMap((tenant) => tenant.sources),
  ];
  const elsewhere = parseRange(frontRange);
  return [...new Set([...documentationRanges, ...named])].filter((range) => !contains(elsewhere, parseRange(range)));
}
