/** Proves that a running cell carries calls. */
import type { CellPort } from './cell-port.ts';

export interface Proof<Calls> {
  /** Whether every call was good and nothing is wrong with the cell. */
  readonly good: boolean;
  readonly calls: Calls;
  /** What the target's watch says is wrong, a sentence each: see `CellPort.troubles`. */
  readonly troubles: readonly string[];
}

/** @param placeCalls places calls through the cell and judges them by their audio */
export async function prove<Calls extends { readonly good: boolean }>(
  port: CellPort,
  placeCalls: () => Promise<Calls>,
): Promise<Proof<Calls>> {
  return port.exclusively('prove', async () => {
    const calls = await placeCalls();
    // After the calls: they may be what sets an alarm off.
    const troubles = await port.troubles();
    return { good: calls.good && troubles.length === 0, calls, troubles };
  });
}
