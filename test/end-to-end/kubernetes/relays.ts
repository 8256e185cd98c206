/** What a test wants to know of relays, each of which moves between two nodes. */
import { askLoad, relayedIn } from '../../../lib/operations/host-command.ts';
import { askRelays, relaysIn, type RelayState } from '../../../lib/operations/relays.ts';
import { guestCliPort, rtpengineCliPort } from '../../../lib/software/rtpengine/part.ts';
import type { KubernetesLab } from './kubernetes-lab.ts';

/** Name of the host that takes a relay over. */
export const neighbourOf = ({ cell }: KubernetesLab, relay: number): string =>
  cell.media.find(({ guest }) => guest === relay)!.name;

/** What a media host does with each of its two relays, by the relay's number. */
export const relaysOf = async (lab: KubernetesLab, host: string): Promise<ReadonlyMap<number, RelayState>> =>
  relaysIn(await lab.exec(host, 'rtpengine', ...askRelays.argv).catch(() => ''));

/** Whether every relay is at home, and followed by the neighbour. */
export async function relaysAreHome(lab: KubernetesLab): Promise<boolean> {
  const all = await Promise.all(
    lab.cell.media.map(async ({ name, number, guest }) => {
      const relays = await relaysOf(lab, name);
      return relays.get(number) === 'holds' && relays.get(guest!) === 'follows';
    }),
  );
  return all.every((home) => home);
}

/** Sessions that a host has in its two rtpengines; undefined while one of them does not answer. */
export async function sessionsOn(lab: KubernetesLab, host: string): Promise<number | undefined> {
  const counts = await Promise.all(
    [rtpengineCliPort, guestCliPort].map(async (port) => {
      const ask = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo 'list numsessions' >&3; timeout 2 cat <&3`;
      const said = await lab.exec(host, 'rtpengine', 'bash', '-c', ask).catch(() => '');
      return /^Current sessions total: *(\d+)/m.exec(said)?.[1];
    }),
  );
  return counts.some((count) => count === undefined) ? undefined : counts.reduce((sum, one) => sum + Number(one), 0);
}

/** Calls that an SBC counts on each relay that has any. */
export async function callsByRelay(lab: KubernetesLab): Promise<ReadonlyMap<number, number>> {
  const [, ...words] = askLoad.argv;
  const active = (await lab.active())!;
  const counted = relayedIn(await lab.exec(active, 'kamailio', 'kamcmd', ...words));
  return new Map([...counted].filter(([, calls]) => calls !== 0));
}
