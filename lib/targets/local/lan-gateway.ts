/**
 * The way from phones of the local network into an exposed cell. They know one address, which this machine has in their network; the cell's
 * own addresses they can't route to. Kamailio and rtpengine of this machine stand between: towards the cell they are one more caller of
 * this machine, whom the cell trusts as little as any other.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contains, formatRange, parseRange, privateRanges } from '../../fleet/range.ts';
import { shellWords } from '../../software/shell-quote.ts';
import { floatingAddress, machineLink } from './addresses.ts';
import { LocalFailure } from './failure.ts';
import { kill, processesWithArgument } from './processes.ts';
import { bareEnvironment } from './run.ts';
import { hostFolder, makeFolder } from './state.ts';

/** Ports of the gateway on both of its sides: SIP over UDP, and audio of up to 250 calls. */
export const lanPorts = { sip: 5060, audio: { from: 23_000, to: 23_999 } } as const;

const isPrivate = (address: string) => privateRanges.some((range) => contains(range, parseRange(`${address}/32`)));

/**
 * The address of this machine in a local network.
 * @param named the address itself, or the interface that has it
 * @throws LocalFailure with status 2 when this machine has no such address, or it is not of a private range: the cells of this
 *   machine are not for the internet
 */
export function lanAddress(named: string, interfaces = networkInterfaces()): string {
  const own = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, internal, address }) => (family === 'IPv4' && !internal ? { name, address } : [])),
  );
  const found = own.filter(({ name, address }) => [name, address].includes(named));
  const usable = found.find(({ address }) => isPrivate(address));
  if (usable !== undefined) return usable.address;
  const allowed = own.filter(({ address }) => isPrivate(address)).map(({ name, address }) => `${address} (${name})`);
  const problem =
    found.length === 0
      ? 'this machine has no such address or interface'
      : `${found[0]!.address} is not an address of a local network (RFC 1918, RFC 6598)`;
  throw new LocalFailure(
    `--expose is ${named}: ${problem}; allowed: ${allowed.length === 0 ? 'nothing, since this machine has no address in a local network' : allowed.join(', ')}`,
    2,
  );
}

const folderOf = (cell: string) => hostFolder(cell, 'lan-gateway');
const addressPath = (cell: string) => join(folderOf(cell), 'address');

/** The process that all others of the gateway end with. */
const gatewayOf = (cell: string) => {
  const script = join(folderOf(cell), 'init');
  return processesWithArgument((word) => word === script);
};

/** Where phones of the local network reach a cell; undefined: they don't. */
export function lanAddressOf(cell: string): string | undefined {
  return gatewayOf(cell).length === 0 ? undefined : readFileSync(addressPath(cell), 'utf8');
}

/**
 * Starts the gateway, in place of one at another address.
 * @param dieWithParent whether it ends with this process, even when this process is killed
 * @throws LocalFailure when something else has its port, or it does not start
 */
export async function openToLan(
  cell: string,
  publicNetwork: string,
  address: string,
  dieWithParent: boolean,
): Promise<void> {
  if (lanAddressOf(cell) === address) return;
  await closeToLan(cell);
  for (const side of [address, machineLink(publicNetwork).machine]) await requireFreePort(cell, side);
  const folder = folderOf(cell);
  makeFolder(folder);
  writeFileSync(addressPath(cell), address);
  writeFileSync(join(folder, 'kamailio.cfg'), gatewayConfig(publicNetwork, address), { mode: 0o600 });
  writeFileSync(join(folder, 'init'), gatewayScript(publicNetwork, address, folder), { mode: 0o700 });
  const log = openSync(join(folder, 'log'), 'a', 0o600);
  // In the machine's own network, which has the address. All ends with the first process.
  const [program, ...args] = [
    ...(dieWithParent ? ['setpriv', '--pdeathsig', 'KILL'] : []),
    ...['unshare', '--pid', '--fork', '--kill-child', '--', '/bin/bash', join(folder, 'init')],
  ];
  const child = spawn(program!, args, {
    ...{ cwd: '/', env: bareEnvironment, detached: true, stdio: ['ignore', log, log] },
  });
  // What does not start opens no port, see below.
  child.on('error', () => undefined);
  child.unref();
  closeSync(log);
  const deadline = Date.now() + 5000;
  while (await isFree(address)) {
    if (Date.now() > deadline) {
      const said = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').slice(-3).join('\n');
      await closeToLan(cell);
      throw new LocalFailure(`phones of the local network can't reach cell ${cell} at ${address}: ${said}`);
    }
    await sleep(50);
  }
}

/** Ends the gateway where there is one. */
export async function closeToLan(cell: string): Promise<void> {
  for (let left = gatewayOf(cell); left.length > 0; left = gatewayOf(cell)) {
    left.forEach(kill);
    await sleep(10);
  }
  rmSync(folderOf(cell), { recursive: true, force: true });
}

async function requireFreePort(cell: string, address: string): Promise<void> {
  if (await isFree(address)) return;
  throw new LocalFailure(
    `phones of the local network can't reach cell ${cell}: another program has UDP port ${lanPorts.sip} of ${address}`,
  );
}

function isFree(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(lanPorts.sip, address, () => socket.close(() => resolve(true)));
  });
}

/** Where Kamailio controls rtpengine: an address of loopback that no other cell's gateway has. */
const controlAddress = (publicNetwork: string) => `127.18.${publicNetwork.split('.')[2]}.1:2223`;

/** Starts both programs, and again when one ends. */
function gatewayScript(publicNetwork: string, address: string, folder: string): string {
  const { machine } = machineLink(publicNetwork);
  const rtpengine = [
    ...['setpriv', '--reuid=rtpengine', '--regid=rtpengine', '--clear-groups', '--'],
    ...['rtpengine', '--config-file=none', '--foreground', '--log-stderr', '--log-level=4', '--table=-1'],
    ...[`--interface=lan/${address}`, `--interface=cell/${machine}`, `--listen-ng=${controlAddress(publicNetwork)}`],
    ...[
      `--port-min=${lanPorts.audio.from}`,
      `--port-max=${lanPorts.audio.to}`,
      '--delete-delay=0',
      '--offer-timeout=240',
    ],
  ];
  const kamailio = ['kamailio', '-DD', '-E', '-u', 'kamailio', '-g', 'kamailio', '-f', join(folder, 'kamailio.cfg')];
  return `#!/bin/bash
# Relays SIP and audio between the local network (${address}) and the cell (${floatingAddress(publicNetwork)}).
keep() { while :; do "$@"; sleep 1; done; }
keep ${shellWords(rtpengine)} &
keep ${shellWords(kamailio)} &
wait
`;
}

const privateText = privateRanges.map(formatRange).join(',');

const sdpFlags = 'replace-origin replace-session-connection ICE=remove call-id=$avp(relayed)';

/**
 * Configuration of Kamailio. Contacts of phones carry their own address in a parameter while the cell has them, so that the gateway
 * keeps no state but that of transactions.
 */
export function gatewayConfig(publicNetwork: string, address: string): string {
  const { machine } = machineLink(publicNetwork);
  const cell = floatingAddress(publicNetwork);
  return `#!KAMAILIO
# phones of the local network --${address}--> this gateway --${machine}--> the cell, ${cell}

debug=1
log_stderror=yes
disable_core_dump=yes
children=2
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
server_signature=no
listen=udp:${address}:${lanPorts.sip} name "lan"
listen=udp:${machine}:${lanPorts.sip} name "cell"

loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"
loadmodule "nathelper.so"
loadmodule "ipops.so"
loadmodule "rtpengine.so"

# Both sides are in every route set.
modparam("rr", "enable_double_rr", 2)
# It may start after this.
modparam("rtpengine", "rtpengine_disable_tout", 1)
modparam("rtpengine", "rtpengine_sock", "udp:${controlAddress(publicNetwork)}")

request_route {
    # A router that forwards the port brings nobody in from the internet, and on the link only the cell speaks.
    if ($Rn == "lan" && !is_in_subnet("$si", "${privateText}")) exit;
    if ($Rn == "cell" && $si != "${cell}") exit;
    if (!mf_process_maxfwd_header("30")) {
        if (!is_method("ACK")) sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    t_check_trans();
    if ($Rn == "lan") route(TO_CELL);
    else route(TO_PHONE);
    t_on_reply("ANSWER");
    if (!t_relay()) sl_reply_error();
}

route[TO_CELL] {
    # A phone whose address is not what it takes it for.
    if (nat_uac_test("18")) {
        force_rport();
        fix_nated_contact();
        msg_apply_changes();
    }
    contact_param_encode("lan", "sip:${machine}:${lanPorts.sip}");
    $avp(leg) = "caller";
    # Takes the routes of this gateway away. Whatever else a phone has written as its route or its target, the cell is next.
    loose_route();
    if (!has_totag()) remove_hf("Route");
    $du = "sip:${cell}:5060";
    $fsn = "cell";
    route(MEDIA);
}

route[TO_PHONE] {
    # The Contact as the phone gave it; until then it looks like a route of ours.
    contact_param_decode_ruri("lan");
    $avp(leg) = "callee";
    loose_route();
    $du = $null;
    # A user may register any Contact. What is sent there goes to the local network, and not to a program of this machine by its loopback.
    if (!is_in_subnet("$rd", "${privateText}") || ($rd == "${address}" && $rp == ${lanPorts.sip})) {
        if (!is_method("ACK")) sl_send_reply("403", "Not In The Local Network");
        exit;
    }
    $fsn = "lan";
    route(MEDIA);
}

# A call between two phones of the local network passes here twice, with one Call-ID: the relay knows it by whose phone this is, which stands
# in the route of all requests inside the call. In: $avp(leg) of a first request.
route[MEDIA] {
    if (!has_totag()) {
        record_route();
        add_rr_param(";leg=$avp(leg)");
    } else if (check_route_param("leg=caller")) $avp(leg) = "caller";
    else $avp(leg) = "callee";
    $avp(relayed) = $avp(leg) + "-" + $ci;
    if (!has_body("application/sdp") && !is_method("BYE")) return;
    # A call that is refused, cancelled or not answered gives its ports back.
    if (is_method("INVITE") && !has_totag()) t_on_failure("RELEASE");
    if ($Rn == "lan") rtpengine_manage("${sdpFlags} direction=lan direction=cell");
    else rtpengine_manage("${sdpFlags} direction=cell direction=lan");
}

failure_route[RELEASE] {
    rtpengine_delete("call-id=$avp(relayed)");
}

onreply_route[ANSWER] {
    if (has_body("application/sdp")) rtpengine_manage("${sdpFlags}");
    if ($Rn == "lan") contact_param_encode("lan", "sip:${machine}:${lanPorts.sip}");
    # A phone finds its own Contact in the answer to REGISTER.
    else if (is_method("REGISTER")) contact_param_decode("lan");
}
`;
}
