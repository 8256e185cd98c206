import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { InvalidFiles } from '../../lib/config-file/invalid-files.ts';
import { readPlanInput, type PlanSources, type ReadFleet } from '../../lib/planner-files/plan-input.ts';

/** Monday 2026-03-02, 09:00 UTC. */
export const NOW = Date.UTC(2026, 2, 2, 9);
export const HOUR = 3_600_000;

/** The least that `planning.yaml` says. */
export const MINIMAL = 'kinds:\n  - region: eu-west-1\n    prefix: euw1-\n';

export const CELL = `name: euw1-a
region: eu-west-1
aws: {}
size: small
tenants:
  - { name: acme, domain: acme.example.com }
  - { name: globex, domain: globex.example.com }
`;

/** A folder with these files, which goes when the test has ended. */
export function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-planning-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What is read from these files; one cell, if none is given. */
export function readFrom(
  files: Readonly<Record<string, string | Buffer>>,
  more: Partial<PlanSources> = {},
): Promise<ReadFleet> {
  const folder = folderOf({ 'cells/euw1-a.yaml': CELL, 'planning.yaml': MINIMAL, ...files });
  return readPlanInput({ cells: join(folder, 'cells'), planning: join(folder, 'planning.yaml'), now: NOW, ...more });
}

/** What is said of files that nobody can plan on, without the folder. */
export async function refusalOf(files: Readonly<Record<string, string | Buffer>>): Promise<readonly string[]> {
  try {
    await readFrom(files);
  } catch (error) {
    if (!(error instanceof InvalidFiles)) throw error;
    return error.message.split('\n').map((line) => line.replaceAll(/\S*cellstamp-planning-[^/]*\//g, ''));
  }
  return [];
}

export const iso = (instant: number): string => new Date(instant).toISOString().replace('.000Z', 'Z');
