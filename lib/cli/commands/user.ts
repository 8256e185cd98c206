import { InvalidArgumentError, type Command } from 'commander';
import { userNamePattern } from '../../fleet/schema/cell.ts';
import type { CellPort } from '../../operations/cell-port.ts';
import type { Credentials } from '../../operations/users.ts';
import { cellsOption, readTenantsCell } from '../cell-files.ts';
import { printJson } from '../output.ts';
import { anyTargetOption, runningOn, type AnyTarget } from '../target.ts';

export function addUser(program: Command): Command {
  const user = program
    .command('user')
    .description('Adds and removes users of a tenant, each of which can register a phone.')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp user add acme alice');
  const command = (name: string) =>
    user
      .command(name)
      .argument('<tenant>', 'name of the tenant')
      .option(...cellsOption)
      .addOption(anyTargetOption())
      .option('--json', 'print the outcome as JSON');

  command('add')
    .description('Adds a user to a tenant of a running cell and prints its password.')
    .argument('<user>', 'name of the user', userName)
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp user add acme alice\n\n' +
        'The password is random and shown only once: the cell stores a hash. Nothing restarts.',
    )
    .action(async (tenant: string, name: string, options: Options) => {
      const { addUser: add } = await import('../../operations/users.ts');
      show(await add(await cellOf(tenant, options), tenant, name), options);
    });
  command('password')
    .description('Gives a user a new password and prints it.')
    .argument('<user>', 'name of the user', userName)
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp user password acme alice\n\n' +
        'The cell refuses the old password from the next login on. Registrations last until they expire.',
    )
    .action(async (tenant: string, name: string, options: Options) => {
      const { changePassword } = await import('../../operations/users.ts');
      show(await changePassword(await cellOf(tenant, options), tenant, name), options);
    });
  command('list')
    .description('Lists the users of a tenant.')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp user list acme')
    .action(async (tenant: string, options: Options) => {
      const { listUsers } = await import('../../operations/users.ts');
      const users = await listUsers(await cellOf(tenant, options), tenant);
      if (options.json) printJson({ tenant, users });
      else console.log(users.length === 0 ? `tenant ${tenant} has no users` : users.join('\n'));
    });
  command('remove')
    .description('Removes a user and its registrations; its calls go on.')
    .argument('<user>', 'name of the user', userName)
    .addHelpText('after', '\nExample:\n  $ npx cellstamp user remove acme alice')
    .action(async (tenant: string, name: string, options: Options) => {
      const { removeUser } = await import('../../operations/users.ts');
      await removeUser(await cellOf(tenant, options), tenant, name);
      if (options.json) printJson({ tenant, removed: name });
      else console.log(`user ${name} of tenant ${tenant} is removed`);
    });
  return user;
}

interface Options {
  readonly cells: string;
  readonly target: AnyTarget;
  readonly json?: true;
}

function userName(value: string): string {
  if (userNamePattern.test(value)) return value;
  throw new InvalidArgumentError(
    'Allowed are 1 to 63 letters, digits, dots, underscores and hyphens, the first of them a letter or digit.',
  );
}

/** The running cell of a tenant, by the files of the fleet. */
const cellOf = (tenant: string, { cells, target }: Options): Promise<CellPort> =>
  runningOn(target, readTenantsCell(cells, tenant));

function show(credentials: Credentials, { json }: Options): void {
  if (json) return printJson(credentials);
  console.log(
    `address   sip:${credentials.user}@${credentials.domain}\nusername  ${credentials.user}\npassword  ${credentials.password}`,
  );
}
