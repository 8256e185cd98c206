import type { CellSpec } from '../../fleet/schema/cell.ts';

export const kernelScriptPath = '/usr/local/lib/cellstamp/rtpengine-kernel';

/** Name of rtpengine 10.5's kernel module; it became nft_rtpengine with 14.1. */
export const kernelModule = 'xt_RTPENGINE';

/**
 * Text of the script that brings the kernel module up for the running kernel and sends UDP through it. It runs as root
 * before every start of rtpengine; its exit status other than 0 keeps the relay down (`required`), which is what fails closed.
 */
export function kernelScript(need: Exclude<CellSpec['media']['kernelForwarding'], 'off'>): string {
  return `#!/bin/bash
# Loads rtpengine's kernel module and lets it see UDP packets before any other rule of the firewall.
# media.kernelForwarding is ${need}: ${
    need === 'required'
      ? 'without the module the relay does not start.'
      : 'without the module the relay works in userspace.'
  }
set -u

give_up() {
  echo "rtpengine-kernel: $1" >&2
${
  need === 'required'
    ? `  echo "rtpengine-kernel: kernel forwarding is required, so the relay does not start" >&2
  exit 1`
    : `  echo "rtpengine-kernel: packets will be relayed in userspace" >&2
  exit 0`
}
}

if [[ ! -e /proc/rtpengine/control ]]; then
  # The daemon runs as rtpengine and opens the control file itself.
  module=(${kernelModule} "proc_uid=$(id -u rtpengine)" "proc_gid=$(id -g rtpengine)")
  if ! modprobe "\${module[@]}" 2>/dev/null && command -v dkms >/dev/null; then
    # The package holds the source; it was not built yet if the kernel or its headers came later.
    echo "rtpengine-kernel: building the module for $(uname -r)"
    dkms autoinstall -k "$(uname -r)" || true
    modprobe "\${module[@]}"
  fi
  [[ -e /proc/rtpengine/control ]] ||
    give_up "no module ${kernelModule} for the kernel $(uname -r): the machine, of a pod its node, must have it (packages rtpengine-kernel-dkms and the headers of this kernel)"
fi

# The rule does nothing to packets of ports that rtpengine has not told the module about.
table=\${1:-0}
if ! iptables -C INPUT -p udp -j RTPENGINE --id "$table" 2>/dev/null; then
  iptables -I INPUT 1 -p udp -j RTPENGINE --id "$table" ||
    give_up 'iptables does not take the rule for the module (package rtpengine-iptables)'
fi
echo 'rtpengine-kernel: packets are forwarded in the kernel'
`;
}
