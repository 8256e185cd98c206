/** What operations need of a running cell. Each target implements it; no operation knows on which target it works. */
import type { Customers } from '../software/kamailio/sbc/tenant-tables.ts';
import type { HostCommand } from './host-command.ts';

export interface CellPort {
  /** Name of the cell. */
  readonly cell: string;

  /**
   * Works while no other operation does on the same cell of the same target.
   *
   * @param operation the name that others see, such as `scale`
   * @throws UserError that names the owner, when another operation works on the cell
   */
  exclusively<T>(operation: string, work: () => Promise<T>): Promise<T>;

  /**
   * Names of the SBCs that run, the active one first.
   * @throws UserError when none is active
   */
  sbcs(): Promise<readonly [active: string, ...others: string[]]>;

  /**
   * Runs a command on a host as root, to its end.
   *
   * @returns what the command wrote to standard output
   * @throws UserError when the host is not reached or the command fails
   */
  run(host: string, command: HostCommand): Promise<string>;

  /**
   * What is wrong with the cell, a sentence each; none when all is well. It includes what the probes find, which are asked themselves or, by
   * a target whose operator has alarms alone, by their alarms.
   */
  troubles(): Promise<readonly string[]>;

  /** Told of the customers that the cell now has, for a target that compares with them at the next change. */
  noteCustomers(customers: Customers): void;
}
