/** The addresses of a host, with a real systemd-networkd that gets one of them by DHCP from another one. */
import { spawnSync } from 'node:child_process';
import { beforeAll, expect, it } from 'vitest';
import { addressesScript } from '../../../../lib/targets/aws/host/addresses.ts';
import { describeWith } from '../../../requirements.ts';

const [first, second, overlay] = ['10.0.0.10', '10.0.0.20', '100.64.0.10'] as const;

/** Runs steps beside a host with the interface ens5, as cloud-init leaves it; each `show` prints the addresses that it then has. */
function onHost(steps: string): Readonly<Record<string, readonly string[]>> {
  const script = `set -eu
prepare() {
  mount -t sysfs -o ro none /sys # no udev: networkd waits for none
  mount -t tmpfs none /run
  mkdir -p /run/systemd/network /run/systemd/netif/{links,leases,lldp} /run/dbus
  chown -R systemd-network:systemd-network /run/systemd/netif
}
export -f prepare
prepare
mount -t tmpfs none /etc/systemd/network
ip link set lo up
mkfifo /run/go
unshare --net --mount bash -c '
  echo $$ >/run/router
  read -r </run/go
  prepare
  printf "[Match]\\nName=router\\n[Network]\\nAddress=10.0.0.1/24\\nDHCPServer=yes\\n[DHCPServer]\\nPoolOffset=10\\nPoolSize=1\\n" \\
    >/run/systemd/network/router.network
  exec /lib/systemd/systemd-networkd' >/dev/null 2>&1 &
until [[ -s /run/router ]]; do sleep 0.05; done
ip link add ens5 type veth peer name router netns "$(</run/router)"
echo >/run/go
printf '[Match]\\nName=ens5\\n[Network]\\nDHCP=ipv4\\n' >/run/systemd/network/10-netplan-ens5.network
dbus-daemon --system --nopidfile --nofork >/dev/null 2>&1 &
until [[ -S /run/dbus/system_bus_socket ]]; do sleep 0.05; done

# networkctl itself asks systemd, which is not here.
mkdir /run/bin
printf '%s\\n' '#!/bin/bash' '[[ $1 == reload ]] &&
  exec busctl call org.freedesktop.network1 /org/freedesktop/network1 org.freedesktop.network1.Manager Reload' >/run/bin/networkctl
chmod +x /run/bin/networkctl
export PATH=/run/bin:$PATH
cat >/run/addresses <<'END'
${addressesScript({ hostname: 'lab-sbc-1', address: first, second })}
END

has() { [[ -n $(ip -o -4 address show dev ens5 to "$1") ]]; }
start() {
  /lib/systemd/systemd-networkd >/dev/null 2>&1 &
  networkd=$!
  for _ in {1..100}; do
    has ${first} && grep -q NETWORK_FILE /run/systemd/netif/links/* && break
    sleep 0.1
  done
}
stop() { kill "$networkd"; wait "$networkd" || true; }
addresses() { bash /run/addresses; }
show() { echo "$1:$(ip -o -4 address show dev ens5 | awk '{ sub("/.*", "", $4); printf " %s", $4 }')"; }
start
${steps}
stop`;
  // All of it ends with the first process of its process namespace.
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', 'bash'],
    {
      input: script,
      encoding: 'utf8',
      timeout: 50_000,
    },
  );
  if (status !== 0) throw new Error(`status ${status}: ${stdout}${stderr}`);
  return Object.fromEntries(
    [...stdout.matchAll(/^(\w+):(.*)$/gm)].map(([, name, found]) => [name, found!.trim().split(' ').sort()]),
  );
}

describeWith(['root', 'networkd'], 'a host’s addresses', () => {
  let shown: ReturnType<typeof onHost>;
  beforeAll(() => {
    shown = onHost(`ip address add ${second}/32 dev ens5
show before
stop
show without
start
addresses
for _ in {1..50}; do has ${first} && break; sleep 0.1; done
ip address add ${overlay}/32 dev ens5
stop
show stopped
start
sleep 1
show again
ip address delete ${second}/32 dev ens5
addresses
show back
cp -r /etc/systemd/network /run/before
addresses
diff -r /etc/systemd/network /run/before && echo same: yes`);
  });

  it('go when systemd-networkd stops, unless it is told to keep them', () => {
    expect(shown['before']).toEqual([first, second]);
    expect(shown['without']).not.toContain(first);
  });

  it('stay while it is stopped, and when it starts again', () => {
    expect(shown['stopped']).toEqual([first, second, overlay].sort());
    expect(shown['again']).toEqual([first, second, overlay].sort());
  });

  it('come back when one has been removed, and nothing is written twice', () => {
    expect(shown['back']).toEqual([first, second, overlay].sort());
    expect(shown['same']).toEqual(['yes']);
  });
});
