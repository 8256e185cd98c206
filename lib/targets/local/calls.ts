/** The calls of a running cell: asked of its active SBC, and ended by it. */
import { deriveCell } from '../../fleet/derive/cell.ts';
import { callsProgram } from '../../software/call-watch/paths.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import type { Outcome } from './run.ts';
import { requireState, type CellState } from './state.ts';
import { isActive } from './service-notes.ts';

/** A call as the SBC has it. Times are seconds since 1970. */
export interface RunningCall {
  /** Call-ID of the caller's side. */
  readonly call: string;
  /** Name of the call: no other has it, while a caller may use a Call-ID again. */
  readonly id: string;
  readonly tenant: string;
  /** user: within a tenant; in, out: from and to a carrier; feature: to FreeSWITCH. */
  readonly kind: 'user' | 'in' | 'out' | 'feature';
  readonly from: string;
  readonly to: string;
  /** Name of the trunk, empty within a tenant. */
  readonly trunk: string;
  /** Name of the media host. */
  readonly media: string;
  readonly invited: number;
  /** Null while it rings. */
  readonly answered: number | null;
}

/** What became of calls that were to end. */
export interface EndedCalls {
  readonly ended: readonly RunningCall[];
  /** What is neither the name nor the Call-ID of a call. */
  readonly missing: readonly string[];
  /** Have been asked to end, and are still there. */
  readonly alive: readonly RunningCall[];
}

/**
 * The calls of a cell, the oldest first.
 * @param tenant whose calls; all by default
 * @param patience seconds that the SBC may take; as long as it needs by default
 * @throws LocalFailure when no SBC is active, or it does not answer
 */
export async function listCalls(name: string, tenant?: string, patience?: number): Promise<readonly RunningCall[]> {
  const { status, stdout, stderr } = await onActiveSbc(name, ['list', ...ofTenant(tenant)], patience);
  if (status !== 0) throw new LocalFailure(`cell ${name} does not tell its calls: ${stderr.trim()}`);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RunningCall);
}

/**
 * Ends calls with a BYE to each side; one that rings with a CANCEL to the callee.
 * @param wanted names or Call-IDs; all calls with a Call-ID are meant
 * @param tenant whose calls; of all tenants by default
 * @throws LocalFailure when no SBC is active, or it does not answer
 */
export async function endCalls(name: string, wanted: readonly string[], tenant?: string): Promise<EndedCalls> {
  const { stdout, stderr } = await onActiveSbc(name, ['end', ...ofTenant(tenant), ...wanted]);
  if (stdout === '') throw new LocalFailure(`cell ${name} ends no calls: ${stderr.trim()}`);
  return JSON.parse(stdout) as EndedCalls;
}

/** Name of the SBC that has the floating addresses. @throws LocalFailure when none has */
export function activeSbc({ name, spec }: CellState): string {
  const active = deriveCell(spec).sbcs.find((sbc) => isActive(name, sbc.name));
  if (!active) throw new LocalFailure(`cell ${name} has no active SBC`);
  return active.name;
}

function onActiveSbc(name: string, words: readonly string[], patience?: number): Promise<Outcome> {
  const state = requireState(name);
  // The time-out is inside: a killed nsenter would leave the program that it started.
  const limit = patience === undefined ? [] : ['timeout', '--signal=KILL', String(patience)];
  return runInside(state.namespaces[activeSbc(state)]!.init, [...limit, callsProgram, ...words]);
}

function ofTenant(tenant: string | undefined): readonly string[] {
  return tenant === undefined ? [] : ['--tenant', tenant];
}
