/**
 * Media hosts that take over from each other are in a ring. When hosts come or go, some get another neighbour, or another guest: they
 * learn of it while their own relay goes on with its calls. Only the guest's programs and the one that keeps the lease are restarted.
 */
import { deriveCell, type Cell } from '../../fleet/derive/cell.ts';
import { emptyMediaHost, type DrainOptions } from '../../operations/drain.ts';
import { until } from '../../operations/patience.ts';
import { askRelays, relaysIn } from '../../operations/relays.ts';
import { mediaGuardPath } from '../../software/rtpengine/media-guard.ts';
import { callsFolder } from '../../software/take-over/calls-redis.ts';
import { fencePath } from '../../software/take-over/fence.ts';
import { claimRelayPath } from '../../software/take-over/paths.ts';
import { localCell } from './cell-port.ts';
import type { Changes } from './changes.ts';
import { LocalFailure } from './failure.ts';
import { ringPaths, type NamespacePlan } from './host-plan.ts';
import { runInside } from './namespace.ts';
import { isAlive } from './processes.ts';
import { readService } from './service-notes.ts';
import { requireState, writeState, type CellState, type Namespace } from './state.ts';
import { checkedStatus } from './status.ts';
import { tellHost } from './tell.ts';

/** Seconds. */
const patience = { sbcs: 30, home: 60, services: 60 } as const;

const isMedia = (name: string) => name.startsWith('media-');

/**
 * Empties the media hosts that go, and gives those that stay their new places. What else has changed is left for later.
 * @param previous the cell as it is
 * @returns the cell after that
 * @throws LocalFailure when an SBC is not ready, or the relay of a host whose neighbour changes is not at home
 */
export async function changeRing(
  cell: Cell,
  previous: CellState,
  plans: readonly NamespacePlan[],
  { ring, gone }: Pick<Changes, 'ring' | 'gone'>,
  options: DrainOptions,
): Promise<CellState> {
  const port = localCell(cell.name);
  const before = deriveCell(requireState(cell.name).spec, 'movable');
  // One that an interrupted operation has ended is no longer part of it.
  const going = gone.filter((name) => isMedia(name) && before.media.some((host) => host.name === name));
  const changed = plans.filter(({ name }) => ring.includes(name));
  if (changed.length > 0) {
    await requireSbcs(cell.name, options.signal);
    for (const plan of changed) await requireAtHome(cell.name, previous, plan, going, options.signal);
  }
  for (const name of going) await emptyMediaHost(port, name, options);
  let state = previous;
  for (const plan of changed) {
    // What was so before a host was emptied, which may take half an hour, may have changed: calls that it took over would be lost.
    await requireSbcs(cell.name, options.signal);
    await requireAtHome(cell.name, previous, plan, going, options.signal);
    options.onProgress?.(`${plan.name}: ${plan.ring!.neighbour} is to take its calls over from now on`);
    const told = await giveRing(cell.name, previous.namespaces[plan.name]!, plan);
    state = { ...state, namespaces: { ...state.namespaces, [plan.name]: told } };
    // As long as it is not whole, the spec on disk is the one before.
    writeState({ ...state, spec: before.spec });
  }
  return state;
}

/** A home host whose neighbour does not answer keeps its lease by the word of both SBCs. */
async function requireSbcs(cell: string, signal: AbortSignal | undefined): Promise<void> {
  let bad: readonly string[] = [];
  await until(
    async () => {
      const { hosts } = await checkedStatus(cell);
      bad = hosts
        .filter(({ role, state }) => role === 'sbc' && state !== 'ready')
        .map((sbc) => `${sbc.name} is ${sbc.state}`);
      return bad.length === 0;
    },
    patience.sbcs,
    () =>
      `media hosts of cell ${cell} get other neighbours only while both SBCs are ready: ${bad.join('; ')}. With media.hosts as it was, \`npx cellstamp up ${cell}\` repairs them`,
    signal,
  );
}

/** Its calls would be left behind with the old neighbour. */
async function requireAtHome(
  cell: string,
  { namespaces }: CellState,
  { name, ring }: NamespacePlan,
  going: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const port = localCell(cell);
  const before = namespaces[name]!.ring!;
  const number = Number(name.split('-')[1]);
  const stateOf = async (relay: number) => relaysIn(await port.run(name, askRelays)).get(relay);
  if (before.neighbour !== ring!.neighbour) {
    await until(
      async () => (await stateOf(number)) === 'holds',
      patience.home,
      () =>
        `${before.neighbour} has the relay of ${name}, with its calls, and ${name} is to get another neighbour: \`npx cellstamp undrain ${name}\` first`,
      signal,
    );
  }
  const guest = `media-${before.guest}`;
  if (before.guest === ring!.guest || going.includes(guest)) return;
  const isDead = namespaces[guest] === undefined || !isAlive(namespaces[guest].init);
  await until(
    async () => (await stateOf(before.guest)) !== 'holds',
    isDead ? 0 : patience.home,
    () =>
      `${name} has the relay of ${guest}, with its calls, and is to get another guest: ${isDead ? `with media.hosts as it was, \`npx cellstamp up ${cell}\`` : `\`npx cellstamp undrain ${guest}\``} first`,
    signal,
  );
}

/** @returns what is kept of the host from now on */
async function giveRing(cell: string, before: Namespace, plan: NamespacePlan): Promise<Namespace> {
  const { name, config, ring } = plan;
  const newGuest = before.ring!.guest !== ring!.guest;
  const guestServices = newGuest ? ['rtpengine-guest', 'guest-calls'] : [];
  const run = async (script: string) => {
    const { status, stderr } = await runInside(before.init, ['bash', '-s'], { input: holding + script });
    if (status !== 0)
      throw new LocalFailure(`host ${name} of cell ${cell} does not take its neighbours: ${stderr.trim()}`);
  };
  // The calls of the guest before are nobody's here.
  if (newGuest) {
    await run(`hold ${guestServices.join(' ')}
${claimRelayPath} drop ${before.ring!.guest}
rm -rf ${callsFolder('guest-calls')}/* /run/cellstamp-relay-${before.ring!.guest}.copy
`);
  }
  for (const { path, text } of config.files.filter((file) => ringPaths.includes(file.path))) {
    // In place: it keeps its owner and mode.
    const { status, stderr } = await runInside(before.init, ['sh', '-c', 'cat >"$1"', 'write', path], { input: text });
    if (status !== 0) throw new LocalFailure(`host ${name} of cell ${cell} does not take ${path}: ${stderr.trim()}`);
  }
  // The lease's program opens the new fence within a fifth of a second. Then its lease runs for long enough to start it again.
  await run(`nft -f ${mediaGuardPath}
${newGuest ? `nft -f ${fencePath}\nsleep 0.3` : ''}
hold cellstamp-relays
release cellstamp-relays ${guestServices.join(' ')}
`);
  const port = localCell(cell);
  const number = Number(name.split('-')[1]);
  await until(
    async () =>
      relaysIn(await port.run(name, askRelays).catch(() => '')).get(number) === 'holds' &&
      ['cellstamp-relays', ...guestServices].every((service) => readService(cell, name, service).state === 'ready'),
    patience.services,
    () => `${name} of cell ${cell} has new neighbours and does not become ready with them`,
  );
  const told = await tellHost(before, plan);
  return before.own === told.own ? told : { ...before, ring: ring! };
}

/** Stops services of the host's supervisor, and lets them start again. */
const holding = `set -eu
hold() {
  local name pid
  for name in "$@"; do
    touch "/run/cellstamp/$name.held"
    read -r _ pid _ <"/run/cellstamp/$name"
    ((pid == 0)) || kill -KILL -- "-$pid"
  done
  for name in "$@"; do until read -r state _ <"/run/cellstamp/$name" && [[ $state == held ]]; do sleep 0.01; done; done
}
release() {
  local name
  for name in "$@"; do rm "/run/cellstamp/$name.held"; done
}
`;
