import { file, script, type HostFile } from '../../../software/host-config.ts';

export const addressesScriptPath = '/usr/local/lib/cellstamp/addresses';

/** Units that are started at boot. */
export const addressUnits = ['cellstamp-addresses.service', 'cellstamp-addresses.timer'] as const;

export interface HostAddresses {
  readonly hostname: string;
  /** The first private address, which DHCP gives. */
  readonly address: string;
  /** A second one on the same interface, which Kamailio needs. @default - none */
  readonly second?: string;
}

/**
 * Keeps the addresses of a host's interface, and gives it its second one. cloud-init does the latter when it first sees the instance;
 * this does not depend on what it was set to do.
 */
export function addressesScript(host: HostAddresses): string {
  const { address, second } = host;
  return `#!/bin/bash
# Keeps the addresses of the interface with ${address}${second === undefined ? '' : `, and gives it the second one, ${second}`}. Run before the
# programs start and every 20 s, by cellstamp-addresses; what is right is left alone.
set -euo pipefail
interface=$(ip -o -4 address show to ${address} | awk '{ print $2; exit }')

# systemd-networkd takes away, when it stops, the address that DHCP gave, and when it starts, all those that it did not set: the second
# one, and those that keepalived has put up. An upgrade of systemd restarts it. To make it read this costs the address some 60 ms, once.
link=/run/systemd/netif/links/$(<"/sys/class/net/$interface/ifindex")
network=$(sed -n 's/^NETWORK_FILE=//p' "$link" 2>/dev/null) || true
keep=/etc/systemd/network/\${network##*/}.d/50-cellstamp.conf
if [[ -n $network && ! -e $keep ]]; then
  mkdir -p "\${keep%/*}"
  printf '[Network]\\nKeepConfiguration=yes\\n' >"$keep"
  networkctl reload
fi
${
  second === undefined
    ? ''
    : `
if [[ -z $(ip -o -4 address show to ${second}) ]]; then
  echo "addresses: $interface lacks ${second}"
  ip address add ${second}/32 dev "$interface"
fi
`
}`;
}

export function addressFiles(host: HostAddresses): readonly HostFile[] {
  const [service, timer] = addressUnits;
  const unit = (name: string, text: string) => file(`/etc/systemd/system/${name}`, text);
  return [
    script(addressesScriptPath, addressesScript(host)),
    unit(
      service,
      `[Unit]
Description=Addresses of ${host.hostname}
Wants=network-online.target
After=network-online.target
${host.second === undefined ? '' : 'Before=kamailio.service\n'}
[Service]
Type=oneshot
ExecStart=${addressesScriptPath}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target${host.second === undefined ? '' : ' kamailio.service'}
`,
    ),
    unit(
      timer,
      `[Unit]
Description=Addresses of ${host.hostname}, every 20 s

[Timer]
OnCalendar=*:*:0/20
AccuracySec=1s

[Install]
WantedBy=timers.target
`,
    ),
  ];
}
