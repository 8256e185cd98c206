/**
 * The tables that an SBC loads from the database, and the copy of them on its host: with the database away, Kamailio starts from that. A
 * service keeps the copy young, and has a Kamailio that began with it load what is newer.
 */
import { file, script, service, type Command, type HostFile } from '../../host-config.ts';
import { poolSocket } from '../../pgbouncer/index.ts';
import { databaseNames } from '../../postgresql/names.ts';
import { binaries } from '../../postgresql/prepare.ts';
import { tables as programText } from '../../program-texts.ts';
import { edgeTables } from './edges.ts';
import { paths } from './paths.ts';
import { databaseUrl, loadedTables } from './tables.ts';

/** On every SBC, for root: `tables fetch` makes the copy from the database at once. */
export const tablesProgram = '/usr/local/lib/cellstamp/tables';

/** With the copy: a file a table. */
export const copyFolder = '/var/lib/cellstamp-tables';

const configPath = '/etc/cellstamp/tables.json';

/** A program that asks the database as the SBC's user, by way of the pool. */
export const psql = [
  // Not /usr/bin/psql, a Perl program that looks for this one first.
  `${binaries}/psql`,
  ...['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1'],
  `--host=${poolSocket.directory}`,
  `--port=${poolSocket.port}`,
  `--username=${databaseNames.sbcUser}`,
  `--dbname=${databaseNames.database}`,
] as const;

const settings = {
  folder: copyFolder,
  settings: paths.tablesSource,
  rpc: paths.jsonRpc,
  url: databaseUrl,
  tables: [...loadedTables.map(({ name }) => name), ...edgeTables],
  /** What a copy must have been made with. */
  fields: loadedTables.map(({ name, contents }) => `${name}: ${contents}\n`).join(''),
  psql,
} as const;

export const tableCopyFiles: readonly HostFile[] = [
  script(tablesProgram, programText),
  file(configPath, `${JSON.stringify(settings, null, 2)}\n`),
];

/** Before every start of Kamailio: writes where it loads its tables from. */
export const chooseTables: Command = [tablesProgram, 'start'];

export const tableCopyService = service({
  name: 'cellstamp-tables',
  description: 'Copy of the tables that the SBC loads from the database',
  command: ['/usr/bin/python3', tablesProgram, 'watch'],
  user: 'kamailio',
  environment: { PYTHONUNBUFFERED: '1' },
  after: ['kamailio'],
  stateDirectories: [copyFolder],
  // It waits for whatever it needs, and no call for it.
  ready: ['/bin/true'],
  health: [tablesProgram, 'health'],
});
