/**
 * Public API of the package root: specs, what follows from them, and what runs on a host. Loads no target.
 *
 * @module cellstamp
 */
export {
  cellSchema,
  parseCell,
  type CellInput,
  type CellSpec,
  type Limits,
  type Tenant,
  type Trunk,
} from './fleet/schema/cell.ts';
export { type PortRange } from './config-file/fields.ts';
export { readCellFolder, type CellFolder } from './config-file/cell-folder.ts';
export { formatFinding, type Finding } from './config-file/finding.ts';
export { loadFleet, type Fleet, type FleetFile, type FleetOptions } from './fleet/fleet.ts';
export { frontSchema, parseFront, type FrontInput, type FrontSpec } from './fleet/schema/front.ts';
export { SpecError, type ValueFinding } from './fleet/schema/spec-error.ts';
export { sizes, type Size, type SizeName } from './fleet/schema/sizes.ts';
export {
  deriveCell,
  type Cell,
  type DatabaseHost,
  type Host,
  type MediaHost,
  type RedisHost,
  type Role,
  type SbcHost,
} from './fleet/derive/cell.ts';
export { deriveFront, type EdgeHost, type Front, type FrontRegion } from './fleet/derive/front.ts';
export { hostConfig } from './software/cell-host.ts';
export { customersSql, usersSql, type Customers, type TenantUser } from './software/kamailio/sbc/tenant-tables.ts';
export type {
  Command,
  HostConfig,
  HostFile,
  KernelModule,
  ListeningPort,
  Peer,
  Service,
} from './software/host-config.ts';
export type { LateBoundName, LateBoundValue } from './software/values.ts';
export type { Addressing, AddressName } from './fleet/derive/addressing.ts';
