/** Passwords of the accounts that a cell has with its carriers: they come from the environment of whoever applies the cell's file. */
import type { CellSpec } from '../fleet/schema/cell.ts';
import type { TrunkPasswords } from '../software/kamailio/sbc/tenant-tables.ts';
import { OperationFailure } from './failure.ts';

type Trunks = CellSpec['trunks'];

/** Environment variables by their names, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The passwords that the environment has.
 * @throws OperationFailure with all findings when one can't be a password, or a trunk has none here and none in the cell
 * @param stored names of the trunks whose passwords the cell has
 */
export async function carrierPasswords(
  trunks: Trunks,
  environment: Environment,
  stored: () => Promise<readonly string[]>,
): Promise<TrunkPasswords> {
  const accounts = trunks.flatMap(({ name, credentials }) =>
    credentials === undefined ? [] : [{ name, variable: credentials.passwordVariable }],
  );
  const given = accounts.flatMap(({ name, variable }) => {
    const password = environment[variable];
    return password === undefined ? [] : [{ name, variable, password }];
  });
  const absent = accounts.filter(({ name }) => given.every((other) => other.name !== name));
  const known = absent.length === 0 ? [] : await stored();
  const findings = [
    ...given
      .filter(({ password }) => !/^[ -~]{1,63}$/.test(password))
      .map(
        ({ name, variable, password }) =>
          `${variable}, the password of trunk ${name}, has ${password.length} characters or some that are not printable; allowed: 1 to 63 printable characters of ASCII`,
      ),
    ...absent
      .filter(({ name }) => !known.includes(name))
      .map(
        ({ name, variable }) =>
          `the cell has no password for trunk ${name}, and the environment variable ${variable} is not set; set it to the password`,
      ),
  ];
  if (findings.length > 0) throw new OperationFailure(findings.join('\n'), 2);
  return new Map(given.map(({ name, password }) => [name, password]));
}

/** SQL for the names of the trunks whose passwords a cell has. */
export const storedPasswords = 'SELECT trunk FROM cellstamp.passwords ORDER BY trunk;';
