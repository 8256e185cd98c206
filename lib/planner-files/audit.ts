/** The audit log: a line of JSON for every plan that left something, and for what was written of it. Lines are only added. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { actionSchema, planSchema } from '../planner/plan/schema.ts';
import { userName } from '../config-file/user-name.ts';
import { appendLine } from './append-line.ts';

const entrySchema = z.strictObject({
  at: z.iso.datetime().describe('When the line was added.'),
  by: z.strictObject({ user: z.string(), host: z.string() }),
  /** Looked at; about to be written; written; refused by the files. */
  event: z.enum(['seen', 'writing', 'written', 'refused']),
  /** SHA-256 of the plan as JSON. */
  plan: z.string(),
  now: planSchema.shape.now,
  policy: planSchema.shape.policy,
  actions: z.array(actionSchema).optional(),
  files: z.array(z.string()).optional(),
  reason: z.string().optional(),
});

export type AuditEntry = z.output<typeof entrySchema>;

export interface AuditEnd {
  /** The last whole line; undefined where there is none that a plan wrote. */
  readonly last: AuditEntry | undefined;
  /** Bytes of a line after it that a crash tore; 0 where there is none. */
  readonly torn: number;
}

const NEWLINE = 10;
const CHUNK = 65_536;

/** How the log ends, however long it is. */
export function readAuditEnd(path: string): AuditEnd {
  if (!existsSync(path)) return { last: undefined, torn: 0 };
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    for (let length = CHUNK; ; length *= 4) {
      const start = Math.max(0, size - length);
      const bytes = Buffer.alloc(size - start);
      readSync(file, bytes, 0, bytes.length, start);
      const end = bytes.lastIndexOf(NEWLINE);
      const before = end <= 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
      if (start > 0 && before < 0) continue;
      const last = entryOf(bytes.subarray(before + 1, Math.max(end, 0)).toString());
      return { last, torn: bytes.length - end - 1 };
    }
  } finally {
    closeSync(file);
  }
}

/** Adds a line, on the disk when this returns. */
export function addToAudit(path: string, entry: Omit<AuditEntry, 'at' | 'by'>): void {
  const whole: AuditEntry = { at: new Date().toISOString(), by: { user: userName(), host: hostname() }, ...entry };
  appendLine(path, whole);
}

function entryOf(line: string): AuditEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
