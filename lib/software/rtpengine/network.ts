import type { MediaHost } from '../../fleet/derive/cell.ts';

export const networkScriptPath = '/usr/local/lib/cellstamp/media-network';

/**
 * Text of the script that spreads the receiving of RTP over the CPUs. One queue is served by one CPU, and without more queues
 * about 1,000 calls fill it (sipwise/rtpengine #1069).
 */
export function networkScript(host: MediaHost): string {
  return `#!/bin/bash
# Spreads the receiving of RTP over all CPUs: one queue and one interrupt a CPU where the network card has them, receive packet
# steering where it has too few. What the card or the driver cannot do is said and left.
set -u
interface=$(ip -o -4 address show to ${host.address} | awk '{ print $2; exit }')
if [[ -z $interface ]]; then
  echo 'media-network: no interface has the address ${host.address}' >&2
  exit 1
fi
cpus=$(nproc)
device=/sys/class/net/$interface

# The value NAME of ethtool's lines between "maximums" and "Current" (or after "Current").
maximum() { sed -n '/maximums/,/Current/p' | awk -v name="$1:" '$1 == name && $2 ~ /^[0-9]+$/ { print $2; exit }'; }
current() { sed -n '/Current/,$p' | awk -v name="$1:" '$1 == name && $2 ~ /^[0-9]+$/ { print $2; exit }'; }

# 1. As many queues as CPUs. Changing them interrupts the link for a moment, so only if there are too few.
channels=$(ethtool --show-channels "$interface" 2>/dev/null)
most=$(maximum Combined <<<"$channels")
have=$(current Combined <<<"$channels")
if [[ -n $most && -n $have ]]; then
  want=$((most < cpus ? most : cpus))
  if ((have < want)); then
    ethtool --set-channels "$interface" combined "$want" || echo "media-network: $interface keeps $have queues"
  fi
fi

# 2. The longest receive ring: what arrives while a CPU does something else waits there.
rings=$(ethtool --show-ring "$interface" 2>/dev/null)
most=$(maximum RX <<<"$rings")
have=$(current RX <<<"$rings")
if [[ -n $most && -n $have ]] && ((have < most)); then
  ethtool --set-ring "$interface" rx "$most" || echo "media-network: $interface keeps a receive ring of $have packets"
fi

# 3. Interrupts in turn over the CPUs.
cpu=0
for irq in "$device"/device/msi_irqs/*; do
  [[ -e $irq ]] || continue
  echo "$cpu" 2>/dev/null >"/proc/irq/\${irq##*/}/smp_affinity_list" || true
  cpu=$(((cpu + 1) % cpus))
done

# 4. Fewer queues than CPUs: the kernel hands packets on by a hash of the flow. The mask is in words of 32 CPUs.
queues=("$device"/queues/rx-*)
mask=
for ((left = cpus; left > 0; left -= 32)); do
  word=$(printf '%x' $(((1 << (left < 32 ? left : 32)) - 1)))
  mask=$word\${mask:+,$mask}
done
if ((\${#queues[@]} < cpus)); then
  for queue in "\${queues[@]}"; do
    echo "$mask" 2>/dev/null >"$queue/rps_cpus" || echo "media-network: no packet steering on \${queue##*/}"
  done
fi
echo "media-network: $interface has \${#queues[@]} receive queues for $cpus CPUs"
`;
}
