/**
 * An SBC that is kept from the floating addresses: its keepalived does not run. It gives the addresses up when it ends. The cell's folder
 * remembers it, because that of a host goes when the host is recreated.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaveScriptPath } from '../../software/keepalived/index.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import { isAlive } from './processes.ts';
import { isActive, readService, servicePid } from './service-notes.ts';
import { cellFolder, hostFolder, makeFolder, requireState } from './state.ts';

const service = 'keepalived';

/** It takes half a second. Milliseconds. */
const patience = 20_000;

const folder = (cell: string) => join(cellFolder(cell), 'withdrawn');
const record = (cell: string, sbc: string) => join(folder(cell), sbc);

/** What the host's supervisor sees. */
const mark = (cell: string, sbc: string) => join(hostFolder(cell, sbc), 'services', `${service}.held`);

export function isWithdrawn(cell: string, sbc: string): boolean {
  return existsSync(record(cell, sbc));
}

/** For a host whose folder is new, before its services start. */
export function keepWithdrawn(cell: string, host: string): void {
  if (isWithdrawn(cell, host)) writeFileSync(mark(cell, host), '');
}

/** @throws LocalFailure when it does not give the addresses up; it may take them again then */
export async function withdraw(cell: string, sbc: string): Promise<void> {
  makeFolder(folder(cell));
  writeFileSync(record(cell, sbc), '');
  const init = requireState(cell).namespaces[sbc]?.init;
  // Nothing runs there; it finds the record when it is recreated.
  if (init === undefined || !isAlive(init)) return;
  keepWithdrawn(cell, sbc);
  // Whatever comes of it: the other SBC is there to take over.
  await runInside(init, [leaveScriptPath]);
  const deadline = Date.now() + patience;
  let told: number | undefined;
  while (readService(cell, sbc, service).state !== 'held' || isActive(cell, sbc)) {
    // It has died meanwhile.
    if (!isAlive(init)) return;
    if (Date.now() > deadline) {
      readmit(cell, sbc);
      throw new LocalFailure(`keepalived on ${sbc} of cell ${cell} does not end, so it keeps the floating addresses`);
    }
    const pid = servicePid(cell, sbc, service);
    if (pid !== undefined && pid !== told) await runInside(init, ['kill', '-TERM', String(pid)]);
    told = pid;
    await sleep(20);
  }
}

export function readmit(cell: string, sbc: string): void {
  rmSync(record(cell, sbc), { force: true });
  rmSync(mark(cell, sbc), { force: true });
}
