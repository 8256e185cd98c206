/**
 * Named sizes of a cell. A size only chooses defaults: every number it sets can be given explicitly in the cell's file,
 * and an explicit number wins. What a size means on one target is with the target (`targets/aws.ts`).
 *
 * A size is an upper bound that never grows: more load means another cell.
 */
export interface Size {
  /** Tenants a cell takes at most. */
  readonly tenants: number;
  /** Call set-ups a second that the active SBC admits for the whole cell. */
  readonly setupsPerSecond: number;
  /** Concurrent relayed calls that one media host admits. */
  readonly relayCalls: number;
  /** Concurrent FreeSWITCH sessions (call legs) that one media host admits. */
  readonly freeswitchSessions: number;
  /** New FreeSWITCH sessions a second that one media host admits. */
  readonly freeswitchSessionsPerSecond: number;
  /** Connections over TLS, or over TCP, that an SBC takes. */
  readonly sbcConnections: number;
  /** Shared memory of Kamailio for tables, calls, registrations and connections, in MiB. */
  readonly sbcSharedMemoryMiB: number;
}

export const sizes = {
  /** For tests and laptops: eight hosts of it fit into 1 GB of memory. */
  test: {
    tenants: 20,
    setupsPerSecond: 200,
    relayCalls: 200,
    freeswitchSessions: 50,
    freeswitchSessionsPerSecond: 20,
    sbcConnections: 4000,
    sbcSharedMemoryMiB: 384,
  },
  small: {
    tenants: 100,
    setupsPerSecond: 50,
    relayCalls: 500,
    freeswitchSessions: 200,
    freeswitchSessionsPerSecond: 20,
    sbcConnections: 8000,
    sbcSharedMemoryMiB: 832,
  },
  standard: {
    tenants: 500,
    setupsPerSecond: 200,
    relayCalls: 2500,
    freeswitchSessions: 900,
    freeswitchSessionsPerSecond: 30,
    sbcConnections: 20000,
    sbcSharedMemoryMiB: 2560,
  },
} as const satisfies Record<string, Size>;

export type SizeName = keyof typeof sizes;

export const sizeNames = Object.keys(sizes) as [SizeName, ...SizeName[]];

/** `test 20, small 100, standard 500`: for the descriptions in the schema. */
export function bySize<Key extends string>(
  table: Readonly<Record<SizeName, Readonly<Record<Key, unknown>>>>,
  key: Key,
): string {
  return sizeNames.map((name) => `${name} ${String(table[name][key])}`).join(', ');
}

export function defaultsBySize(key: keyof Size): string {
  return bySize<keyof Size>(sizes, key);
}
