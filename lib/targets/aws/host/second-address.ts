import { file, script, type HostFile } from '../../../software/host-config.ts';

const scriptPath = '/usr/local/lib/cellstamp/second-address';
export const secondAddressUnit = 'cellstamp-second-address.service';

/**
 * Puts a host's second private address onto its interface at every boot, before Kamailio starts. cloud-init does that when it
 * first sees the instance; this does not depend on what it was set to do.
 */
export function secondAddressFiles(
  host: { readonly hostname: string; readonly address: string },
  second: string,
): readonly HostFile[] {
  return [
    script(
      scriptPath,
      `#!/bin/bash
# Gives the interface with ${host.address} the second address ${second}, unless it has it.
set -euo pipefail
if [[ -n $(ip -o -4 address show to ${second}) ]]; then
  exit 0
fi
interface=$(ip -o -4 address show to ${host.address} | awk '{ print $2; exit }')
ip address add ${second}/32 dev "$interface"
`,
    ),
    file(
      `/etc/systemd/system/${secondAddressUnit}`,
      `[Unit]
Description=Second private address of ${host.hostname}
Wants=network-online.target
After=network-online.target
Before=kamailio.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${scriptPath}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target kamailio.service
`,
    ),
  ];
}
