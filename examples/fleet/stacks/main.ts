/**
 * The Terraform app: a stack for each file in `cells/` with a section `aws`, `front` for the front and `cell-NAME` for a cell.
 *
 * | variable | what it does |
 * | --- | --- |
 * | CELLSTAMP_CELL | builds the stack of this cell only, or that of `front` |
 * | CELLSTAMP_STATE_BUCKET | S3 bucket for Terraform's states; a file beside the project by default |
 * | CELLSTAMP_STATE_REGION | region of that bucket |
 */
import { App } from 'cdktf';
import { formatFinding, loadFleet, readCellFolder } from 'cellstamp';
import { CellStack, FrontStack } from 'cellstamp/aws';

/** One that is empty counts as not set: a pipeline passes it on. */
const setting = (name: string) => process.env[name] || undefined;
const [only, bucket, region] = ['CELLSTAMP_CELL', 'CELLSTAMP_STATE_BUCKET', 'CELLSTAMP_STATE_REGION'].map(setting);

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

if ((bucket === undefined) !== (region === undefined)) {
  fail('CELLSTAMP_STATE_BUCKET and CELLSTAMP_STATE_REGION belong together; only one is set');
}
const state = bucket !== undefined && region !== undefined ? { state: { bucket, region } } : {};

const { files, findings: unreadable } = readCellFolder('cells');
const { cells, front, findings } = loadFleet(files);
const all = [...unreadable, ...findings];
for (const finding of all) console.error(formatFinding(finding));
if (all.some(({ severity }) => severity === 'error')) process.exit(2);

const frontOnAws = front?.aws === undefined ? undefined : front;
const standing = cells.filter((cell) => cell.aws !== undefined && cell.state !== 'planned');
const isMeant = (name: string) => only === undefined || only === name;
const names = [...(frontOnAws ? ['front'] : []), ...standing.map(({ name }) => name)];
if (names.length === 0) fail('there is no stack: no cell in cells/ has a section aws and is more than planned');
if (!names.some(isMeant)) fail(`CELLSTAMP_CELL is ${only}; it must be one of ${names.join(', ')}`);

const app = new App();
if (frontOnAws && isMeant('front')) new FrontStack(app, { spec: frontOnAws, ...state });
for (const spec of standing) {
  if (isMeant(spec.name)) new CellStack(app, { spec, ...(frontOnAws ? { front: frontOnAws } : {}), ...state });
}
app.synth();
