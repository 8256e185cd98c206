/** How an operator changes tenants, trunks and users of a cell that is up, on any target: a script on its SBCs. */
import { ownerProgram } from '../../postgresql/owner.ts';
import { paths } from './paths.ts';
import { tablesProgram } from './table-copy.ts';
import { loadedTables } from './tables.ts';

/** On every SBC; for root. */
export const customersScriptPath = '/usr/local/lib/cellstamp/customers';

/** Tables of customers, in the order in which additions make sense to a call that comes in between. Edges are not theirs. */
const tables = loadedTables.map(({ name }) => name);

export const customersScript = `#!/bin/bash
# Changes tenants, trunks and users without a restart: applies SQL from standard input to the cell's database, as the owner of
# the schema, and has this SBC reload its tables; calls in progress notice nothing. Run it on both SBCs: the same SQL twice
# does no harm, and without any (</dev/null) the tables are only read.
# The tenants and trunks of a cell's file:  npx cellstamp provision CELL
set -euo pipefail

# One after the other, where it runs on both SBCs at the same time.
{ echo 'SELECT pg_advisory_lock(7261527);'; cat; } |
  ${ownerProgram} --set=ON_ERROR_STOP=1 --output=/dev/null
# An SBC that began with its copy of the tables reads that.
${tablesProgram} fetch
for table in ${tables.join(' ')}; do
  kamcmd -s unix:${paths.control} htable.reload "$table"
done
`;
