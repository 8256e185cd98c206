/** The file of measured figures, `figures.yaml`. */
import { chownSync, renameSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { measurementsSchema, type Measurements } from '../planner/component-figures.ts';
import { isThere } from '../config-file/read-text.ts';
import { checkFile, readFile } from '../config-file/checked-file.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import { planningJsonSchemas } from './json-schema.ts';

const HEADER = `# yaml-language-server: $schema=./cells/figures.schema.json
#
# What components do here, in place of the built-in figures. npx cellstamp measure writes it; what else is in it stays.
`;

/** The text with these figures in it; other figures and comments stay. */
function withFigures(text: string, measured: Measurements): string {
  const document = parseDocument(text);
  for (const [name, figure] of Object.entries(measured)) document.set(name, document.createNode(figure));
  return document.toString({ lineWidth: 0 });
}

/**
 * What a file that figures can be put into says; what a new one says where it is not there.
 * @throws InvalidFiles when something is wrong in it
 */
export function figuresText(path: string): string {
  const text = isThere(path) ? readFile(path, allowed).text : HEADER;
  figuresIn(path, text);
  return text;
}

/**
 * The figures in a file that is there.
 * @throws InvalidFiles when something is wrong in it
 */
export const readFigures = (path: string): Measurements => figuresIn(path, readFile(path, allowed).text);

const allowed = 'a file as `npx cellstamp measure` writes it';

function figuresIn(path: string, text: string): Measurements {
  const schema = planningJsonSchemas['figures.schema.json']();
  const { value, findings } = checkFile({ path, text }, measurementsSchema, schema);
  if (value === undefined || findings.length > 0) throw new InvalidFiles(findings);
  return value;
}

/**
 * Puts figures into a file, which is made when it is not there.
 * @throws InvalidFiles when something is wrong in the file; then it stays as it is
 */
export function writeFigures(path: string, measured: Measurements): void {
  const text = withFigures(figuresText(path), measured);
  writeFileSync(`${path}.new`, text);
  // Whoever became root for the calls keeps the file.
  const { SUDO_UID, SUDO_GID } = process.env;
  if (process.getuid?.() === 0 && SUDO_UID !== undefined) chownSync(`${path}.new`, Number(SUDO_UID), Number(SUDO_GID));
  renameSync(`${path}.new`, path);
}
