/** A process that brings a cell up as the command does, for tests that kill it. Arguments: the spec as JSON, the options as JSON. */
import { up, type UpOptions } from '../../../lib/targets/local/index.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';

const [spec, options] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown) as [CellInput, UpOptions];
await up(parseCell(spec), { ...options, onProgress: ({ host, state }) => console.log(`${host} ${state}`) });
console.log('up');
setInterval(() => {}, 60_000);
