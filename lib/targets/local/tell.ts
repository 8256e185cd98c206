/** What a running host learns when other hosts have come or gone: their names, and whom its firewall lets in. */
import { recordOf } from './changes.ts';
import { LocalFailure } from './failure.ts';
import { filterTable } from './firewall.ts';
import { namesPath, type NamespacePlan } from './host-plan.ts';
import { runInside } from './namespace.ts';
import type { Namespace } from './state.ts';

/** @returns what is kept of it from now on. @throws LocalFailure when it does not take it */
export async function tellHost({ init }: Namespace, plan: NamespacePlan): Promise<Namespace> {
  const names = plan.config.files.find(({ path }) => path === namesPath)!.text;
  const steps = [
    [['tee', namesPath], names],
    // In one transaction. The other tables belong to programs on the host, which go on.
    [['nft', '-f', '-'], `table inet cellstamp\ndelete table inet cellstamp\n${filterTable(plan.rules)}`],
  ] as const;
  for (const [argv, input] of steps) {
    const { status, stderr } = await runInside(init, argv, { input });
    if (status !== 0) throw new LocalFailure(`host ${plan.name} does not take its neighbours: ${stderr.trim()}`);
  }
  return { init, ...recordOf(plan) };
}
