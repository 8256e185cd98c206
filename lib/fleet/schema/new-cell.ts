import { stringify } from 'yaml';
import type { CellInput } from './cell-types.ts';

/** The schema's file, which lies beside the cells. */
export const cellSchemaFile = 'cell.schema.json';

/**
 * The text of a new cell's file.
 *
 * @param cell name, region and network, and what else it says, in this order
 * @param comments lines above it, without `#`
 */
export function newCellText({ name, region, network, ...more }: CellInput, comments: readonly string[] = []): string {
  const { size, ...settings } = more;
  const head = [`yaml-language-server: $schema=./${cellSchemaFile}`, ...(comments.length > 0 ? ['', ...comments] : [])];
  const said = { name, region, ...(size !== undefined && { size }), network, ...settings };
  return `${head.map((line) => `# ${line}`.trimEnd()).join('\n')}\n${stringify(said, { lineWidth: 0 })}`;
}
