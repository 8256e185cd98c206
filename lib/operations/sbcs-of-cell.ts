/** A running cell by its SBCs, over which its database and its tables are reached. */
import { callKamailio, queryDatabase, type KamailioCall } from './cell-data.ts';
import type { CellPort } from './cell-port.ts';

export interface SbcsOfCell {
  readonly port: CellPort;
  /** Names of those that run. */
  readonly sbcs: readonly string[];
  readonly active: string;
}

/** @throws UserError when no SBC is active */
export async function sbcsOf(port: CellPort): Promise<SbcsOfCell> {
  const sbcs = await port.sbcs();
  return { port, sbcs, active: sbcs[0] };
}

/** Runs SQL as the schema's owner. @returns the rows, their fields separated by tabs */
export const query = ({ port, active }: SbcsOfCell, sql: string): Promise<readonly string[]> =>
  queryDatabase(port, active, sql);

/** Makes the same calls on every SBC. */
export async function onAllSbcs({ port, sbcs }: SbcsOfCell, calls: readonly KamailioCall[]): Promise<void> {
  await Promise.all(sbcs.map((sbc) => callKamailio(port, sbc, calls)));
}
