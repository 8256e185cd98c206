/**
 * A link between this machine and a cell's outside, over which phones of the machine reach the cell's public addresses. The cell sees
 * them as it sees anybody on the internet: with the same authentication, filters and limits. The link goes with the cell.
 */
import { existsSync, readFileSync } from 'node:fs';
import { ha1 } from '../../software/kamailio/sbc/tenant-tables.ts';
import { floatingAddress, machineLink, type MachineLink } from './addresses.ts';
import { queryDatabase } from './cell-data.ts';
import { LocalFailure } from './failure.ts';
import { transit } from './host-plan.ts';
import { closeToLan, lanAddressOf, openToLan } from './lan-gateway.ts';
import { runInNetwork } from './namespace.ts';
import { run, type Outcome } from './run.ts';
import { requireState, type CellState } from './state.ts';

/** How phones of this machine reach a cell. */
export interface Exposure {
  /** Interface of this machine. */
  readonly interface: string;
  /** The machine's address on it. */
  readonly machineAddress: string;
  /** The cell's SIP address. */
  readonly sipAddress: string;
  /** The machine's address at which phones of the local network reach the cell; absent: they don't. */
  readonly lanAddress?: string;
}

/** Undefined where this machine has no link to the cell, or a part of one that is not up: the command that made it was killed. */
export function exposureOf(state: Pick<CellState, 'name' | 'publicNetwork'>): Exposure | undefined {
  const { name, machine } = machineLink(state.publicNetwork);
  if (!hasInterface(name) || (Number(readFileSync(`/sys/class/net/${name}/flags`, 'utf8')) & isUp) === 0)
    return undefined;
  const lan = lanAddressOf(state.name);
  return {
    interface: name,
    machineAddress: machine,
    sipAddress: floatingAddress(state.publicNetwork),
    ...(lan === undefined ? {} : { lanAddress: lan }),
  };
}

const hasInterface = (name: string) => existsSync(`/sys/class/net/${name}`);

/** IFF_UP of the kernel's flags of an interface (netdevice(7)). */
const isUp = 1;

/**
 * Makes the link where there is none, and lets phones of the local network use it.
 * @param lan the machine's address for phones of the local network; undefined: phones of this machine alone reach the cell
 * @param dieWithParent whether the way from the local network ends with this process, even when this process is killed
 * @throws LocalFailure when a user has a password that anybody would try first, or this machine refuses the link
 */
export async function expose(cell: string, lan: string | undefined, dieWithParent: boolean): Promise<void> {
  const state = requireState(cell);
  await refuseGuessable(state);
  if (exposureOf(state) === undefined) await makeLink(state);
  if (lan === undefined) await closeToLan(cell);
  else await openToLan(cell, state.publicNetwork, lan, dieWithParent);
}

async function makeLink(state: CellState): Promise<void> {
  await removeLink(state);
  const link = machineLink(state.publicNetwork);
  const { fabric, outside } = state.namespaces;
  // The machine's end comes up last: that tells that the link is there.
  const steps: readonly (() => Promise<Outcome>)[] = [
    () => runInNetwork(fabric!.init, ['ip', 'route', 'replace', `${link.machine}/32`, 'via', transit.outside]),
    () =>
      run(['ip', '-batch', '-'], {
        input: `link add name ${link.name} type veth peer name machine netns ${outside!.init.pid}\n`,
      }),
    () => runInNetwork(outside!.init, ['ip', '-batch', '-'], { input: outsideLines(link) }),
    () => runInNetwork(outside!.init, ['sysctl', '-qw', ...outsideSettings]),
    () => runInNetwork(outside!.init, ['nft', '-f', '-'], { input: translation(link) }),
    () => run(['ip', '-batch', '-'], { input: machineLines(link, state.publicNetwork) }),
  ];
  for (const step of steps) {
    const { status, stderr } = await step();
    if (status === 0) continue;
    await removeLink(state);
    throw new LocalFailure(`cell ${state.name} can't be exposed to this machine: ${stderr.trim()}`);
  }
}

/** Removes the link where there is one. */
export async function conceal(cell: string): Promise<void> {
  const state = requireState(cell);
  await closeToLan(cell);
  if (hasInterface(machineLink(state.publicNetwork).name)) await removeLink(state);
}

/** Whatever there is of it. */
async function removeLink({ publicNetwork, namespaces: { fabric, outside } }: CellState): Promise<void> {
  const { name, machine } = machineLink(publicNetwork);
  // The rules first: while the link is there, this can be repeated.
  await runInNetwork(outside!.init, ['nft', 'delete', 'table', 'ip', 'machine']);
  await runInNetwork(outside!.init, ['ip', '-force', '-batch', '-'], { input: outsideLinesBack });
  await runInNetwork(fabric!.init, ['ip', 'route', 'delete', `${machine}/32`]);
  await run(['ip', 'link', 'delete', name]);
}

/** Of packets that belong to the machine's phones; number of their routing table. */
const mark = 77;

/** Whatever addresses the machine has, also ones that the outside owns, answers go back over the link: the rule comes before local routes. */
const outsideLines = ({ machine, outside }: MachineLink) => `link set dev machine up
address add ${outside}/32 peer ${machine} dev machine
route add default dev machine table ${mark}
rule add fwmark ${mark} lookup ${mark} priority ${mark}
rule add lookup local priority ${mark + 1}
rule delete priority 0
`;

/** Repeatable: with another protocol than the kernel's own the first rule would be there twice. */
const outsideLinesBack = `rule add lookup local priority 0 protocol kernel
rule delete priority ${mark + 1}
rule delete priority ${mark}
`;

const outsideSettings = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.machine.accept_local=1',
  'net.ipv4.conf.machine.rp_filter=0',
  'net.ipv4.conf.all.rp_filter=0',
];

/** The cell sees the machine's phones as those behind one NAT, whose address is the machine's end of the link. */
const translation = ({ machine }: MachineLink) => `table ip machine {
  chain classify {
    type filter hook prerouting priority mangle; policy accept;
    iifname "machine" ct mark set ${mark}
    iifname != "machine" ct mark ${mark} meta mark set ${mark}
  }
  chain translate {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "machine" ct mark ${mark} snat to ${machine}
  }
}
`;

const machineLines = ({ name, machine, outside }: MachineLink, publicNetwork: string) => `link set dev ${name} up
address add ${machine}/32 peer ${outside} dev ${name}
route add ${publicNetwork} via ${outside} dev ${name} src ${machine}
`;

/** What is tried first on any SIP server, beside the user's own name and domain. */
const guessable = ['password', 'secret', 'changeme', 'test', 'admin', '1234', '12345', '123456', '12345678'];

async function refuseGuessable(state: CellState): Promise<void> {
  const rows = await queryDatabase(state, 'SELECT key_name, key_value FROM sbc.users ORDER BY key_name;');
  const weak = rows
    .map((row) => row.split('\t') as [address: string, hash: string])
    .filter(([address, hash]) => {
      const [user, domain] = address.split('@') as [string, string];
      return [user, domain, `${user}123`, `secret of ${user}`, ...guessable].some(
        (password) => ha1(user, domain, password) === hash,
      );
    });
  if (weak.length === 0) return;
  throw new LocalFailure(
    `cell ${state.name} is not exposed: these users have passwords that attackers try first: ${weak.map(([address]) => address).join(', ')}; give them new ones with \`npx cellstamp user password TENANT USER\``,
  );
}
