/** keepalived on an SBC: which of the two is active, and who holds the floating addresses. */
import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { file, script, service, type HostConfig } from '../host-config.ts';
import { changeScript } from './change.ts';
import { changeScriptPath, interfaceFilePath, keepalivedConfig } from './config.ts';
import { askedPath, healthScript, healthScriptPath } from './health.ts';
import { leaveScript, leaveScriptPath, leaveSeconds } from './leave.ts';

export { claimScriptPath } from './config.ts';
export { leaveScriptPath } from './leave.ts';

export const configPath = '/etc/keepalived/keepalived.conf';
const interfaceScriptPath = '/usr/local/lib/cellstamp/keepalived-interface';
export const pidPath = '/run/keepalived/keepalived.pid';
const vrrpPidPath = '/run/keepalived/vrrp.pid';

/** Text of the script that tells keepalived the name of the interface with the host's address. */
function interfaceScript(host: SbcHost): string {
  return `#!/bin/bash
# Writes the name of the interface that has ${host.address} where keepalived's configuration includes it.
set -eu
interface=$(ip -o -4 address show to ${host.address} | awk '{ print $2; exit }')
if [[ -z $interface ]]; then
  echo 'keepalived-interface: no interface has the address ${host.address}' >&2
  exit 1
fi
mkdir -p /run/keepalived
echo "\\$INTERFACE=$interface" >${interfaceFilePath}
`;
}

/** @example keepalived(cell, cell.sbcs[0]).services[0].after // ['kamailio'] */
export function keepalived(cell: Cell, host: SbcHost): HostConfig {
  return {
    packages: ['iproute2', 'keepalived'],
    files: [
      file(configPath, keepalivedConfig(cell, host), { mode: '0640' }),
      script(changeScriptPath, changeScript),
      script(healthScriptPath, healthScript(cell, host)),
      script(interfaceScriptPath, interfaceScript(host)),
      script(leaveScriptPath, leaveScript),
    ],
    services: [
      service({
        name: 'keepalived',
        description: 'Decides which of the two SBCs is active',
        command: [
          '/usr/sbin/keepalived',
          '--vrrp',
          '--dont-fork',
          '--log-console',
          '--no-syslog',
          `--use-file=${configPath}`,
          `--pid=${pidPath}`,
          `--vrrp_pid=${vrrpPidPath}`,
        ],
        user: 'root',
        // Addresses and raw VRRP packets; and it becomes the scripts' user even where that is root.
        capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SETGID', 'CAP_SETUID'],
        before: [[interfaceScriptPath]],
        after: ['kamailio'],
        runDirectories: ['/run/keepalived'],
        openFiles: 4096,
        ready: ['/usr/bin/test', '-s', vrrpPidPath],
        health: [
          '/bin/bash',
          '-c',
          `[[ -n $(find ${askedPath} -newermt '4 seconds ago') ]] || { echo 'it has not asked Kamailio for 4 s'; exit 1; }`,
        ],
        drain: { command: [leaveScriptPath], deadlineSeconds: 2 * leaveSeconds },
        reload: ['/usr/bin/pkill', '-HUP', '--pidfile', pidPath],
        // It gives up its addresses first, which takes over 0.5 s.
        stopTimeoutSeconds: 10,
      }),
    ],
    sysctl: {
      // Kamailio listens on the overlay address before this host has it.
      'net.ipv4.ip_nonlocal_bind': '1',
    },
    kernelModules: [],
    ports: [
      {
        name: 'vrrp',
        protocol: 'vrrp',
        from: 0,
        to: 0,
        peers: [{ role: 'sbc' }],
        description: 'VRRP between the two SBCs',
      },
    ],
    values: [],
  };
}
