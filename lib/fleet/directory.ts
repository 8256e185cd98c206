/**
 * What the tenant directory holds: an item for every cell, edge and tenant. Edges read it (`../software/directory-agent`);
 * whoever changes the fleet writes it. Pure.
 */
import { z } from 'zod';
import { widestEdgeSourcePrefix } from './schema/fixed.ts';
import { formatAddress, parseRange, rangeSize } from './range.ts';
import type { CellSpec, Tenant } from './schema/cell.ts';

interface Item {
  readonly name: string;
  /** Grows with every change of the item; an edge takes nothing that is not newer than what it knows. */
  readonly version: number;
}

export interface CellItem extends Item {
  readonly kind: 'cell';
  /** `198.51.100.7:5060`: where the cell takes SIP over UDP, in order of preference. */
  readonly addresses: readonly string[];
  readonly state: CellSpec['state'];
}

export interface EdgeItem extends Item {
  readonly kind: 'edge';
  /** Its own public address. */
  readonly address: string;
}

export interface TenantItem extends Item {
  readonly kind: 'tenant';
  /** Name of the cell that takes its new calls and registrations. */
  readonly cell: string;
  /** While it moves the cell that it comes from, which may still know somebody; else empty. */
  readonly other: string;
  /** By what it is found: `d:acme.example.com`, `n:+4930123456`, `s:192.0.2.7`. Each belongs to one tenant. */
  readonly keys: readonly string[];
}

export type DirectoryItem = CellItem | EdgeItem | TenantItem;

const version = z.number();

/** A cell's item as somebody has written it. */
export const cellItemSchema = z.object({
  kind: z.literal('cell'),
  name: z.string(),
  version,
  addresses: z.array(z.string()),
  state: z.enum(['planned', 'active', 'cordoned', 'draining', 'retired']),
});

/** A tenant's item as somebody has written it. */
export const tenantItemSchema = z.object({
  kind: z.literal('tenant'),
  name: z.string(),
  version,
  cell: z.string(),
  other: z.string(),
  keys: z.array(z.string()),
});

/** Name of an item in the directory: `tenant:acme`. */
export function itemId({ kind, name }: Pick<DirectoryItem, 'kind' | 'name'>): string {
  return `${kind}:${name}`;
}

/** Whether a tenant is in a cell or comes from it, or has one of the names. */
export function isOfCell({ name, cell, other }: TenantItem, wanted: string, names: readonly string[]): boolean {
  return cell === wanted || other === wanted || names.includes(name);
}

/**
 * By what the edges find a tenant.
 * @throws Error when a source range is too wide to be listed address by address (`npx cellstamp check` finds it before)
 */
export function tenantKeys({ domain, dids, sources }: Pick<Tenant, 'domain' | 'dids' | 'sources'>): readonly string[] {
  return [
    `d:${domain}`,
    ...Object.keys(dids).map((number) => `n:${number}`),
    ...sources.flatMap((source) => addressesOf(source).map((address) => `s:${address}`)),
  ];
}

function addressesOf(source: string): readonly string[] {
  const range = parseRange(source);
  if (range.prefix < widestEdgeSourcePrefix) {
    throw new Error(
      `source ${source} is too wide for the front, which lists single addresses; allowed: /${widestEdgeSourcePrefix} to /32`,
    );
  }
  return Array.from({ length: rangeSize(range) }, (_, offset) => formatAddress(range.first + offset));
}

/** The items of a cell and of the tenants in its spec. */
export function cellItems(spec: CellSpec, addresses: readonly string[], version: number): readonly DirectoryItem[] {
  return [
    { kind: 'cell', name: spec.name, version, addresses, state: spec.state },
    ...spec.tenants.map((tenant): TenantItem => ({
      kind: 'tenant',
      name: tenant.name,
      version,
      cell: spec.name,
      other: '',
      keys: tenantKeys(tenant),
    })),
  ];
}
