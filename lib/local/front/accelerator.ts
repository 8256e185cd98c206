/**
 * What a cloud's world-wide entry does, on the router of a region: it tries the health port of every edge each second, spreads
 * clients over the healthy ones by their address, and takes the service address back while there is none.
 *
 * It keeps no memory of flows: a client's edge follows from its address, and only the clients of an edge that fails move.
 */
import type { Front, FrontRegion } from '../../front/front.ts';
import { file, script, service, type HostFile, type Service } from '../../software/host-config.ts';
import { anycastRange, serviceAddress } from './addresses.ts';

const program = '/usr/local/lib/cellstamp/accelerator';
const settingsPath = '/etc/cellstamp/accelerator.json';

/** Where the accelerator says which edges it holds healthy, on the router. */
export const acceleratorStatus = 'accelerator.json';

export function acceleratorFiles(
  front: Front,
  region: FrontRegion,
  routing: { readonly bgp: boolean; readonly elsewhere: string | undefined },
): readonly HostFile[] {
  const settings = {
    service: serviceAddress,
    range: anycastRange,
    affinity: front.spec.anycast.clientAffinity,
    port: front.spec.health.port,
    edges: Object.fromEntries(region.edges.map((edge) => [edge.name, edge.address])),
    bgp: routing.bgp,
    elsewhere: routing.elsewhere ?? null,
  };
  return [script(program, programText), file(settingsPath, `${JSON.stringify(settings, null, 2)}\n`)];
}

export function acceleratorService(bgp: boolean): Service {
  return service({
    name: 'accelerator',
    description: 'Spreads clients over the healthy edges of the region',
    command: ['/usr/bin/python3', program],
    user: 'root',
    capabilities: ['CAP_NET_ADMIN'],
    environment: { PYTHONUNBUFFERED: '1' },
    after: bgp ? ['bird'] : [],
    ready: ['/usr/bin/test', '-s', `/run/cellstamp/${acceleratorStatus}`],
    stopTimeoutSeconds: 2,
  });
}

const programText = String.raw`#!/usr/bin/python3
"""Spreads what is sent to the service address over the healthy edges of this region."""
import json, os, socket, subprocess, threading, time

CONFIG = json.load(open("${settingsPath}"))
STATUS = "/run/cellstamp/${acceleratorStatus}"
EDGES = list(CONFIG["edges"].items())
# Tries in a row that change an edge's health.
DOWN, UP = 2, 1


def run(*command, text=None):
    result = subprocess.run(command, input=text, text=True, capture_output=True)
    if result.returncode != 0:
        print(" ".join(command), result.stderr.strip(), flush=True)


def watch(name, address, health):
    row = 0
    while True:
        begin = time.monotonic()
        try:
            socket.create_connection((address, CONFIG["port"]), timeout=1).close()
            answers = True
        except OSError:
            answers = False
        row = row + 1 if answers != health[name] else 0
        if row >= (UP if answers else DOWN):
            health[name] = answers
            row = 0
            print(name, "healthy" if answers else "not healthy", flush=True)
        time.sleep(max(0.05, 1 - (time.monotonic() - begin)))


def rules(healthy):
    """Each edge has its share of the clients' addresses; that of an edge that is down is given to the others in turn. The seed
    is fixed, so that nobody else moves."""
    shares = []
    for index, (name, address) in enumerate(EDGES if healthy else ()):
        shares.append("%d : %s" % (index, address if name in healthy else CONFIG["edges"][healthy[index % len(healthy)]]))
    key = "ip saddr" if CONFIG["affinity"] == "source" else "ip saddr . th sport"
    protocol = "" if CONFIG["affinity"] == "source" else "meta l4proto { tcp, udp } "
    service = CONFIG["service"]
    inward = "ip daddr %s %sip daddr set jhash %s mod %d seed 0x5eed map { %s }" % (
        service, protocol, key, len(EDGES), ", ".join(shares),
    )
    outward = 'oifname != "edges" ip saddr { %s } ip saddr set %s' % (", ".join(address for _, address in EDGES), service)
    return """table ip accelerator
delete table ip accelerator
table ip accelerator {
  chain in { type filter hook prerouting priority raw; policy accept; %s; }
  chain out { type filter hook postrouting priority srcnat; policy accept; %s; }
}
""" % (inward if healthy else "", outward)


def announce(healthy):
    if CONFIG["bgp"]:
        run("/usr/sbin/birdc", "-s", "/run/bird/bird.ctl", "enable" if healthy else "disable", "anycast")
    elif healthy:
        run("/usr/sbin/ip", "route", "flush", CONFIG["range"])
    elif CONFIG["elsewhere"]:
        run("/usr/sbin/ip", "route", "replace", CONFIG["range"], "via", CONFIG["elsewhere"])


def main():
    health = {name: False for name, _ in EDGES}
    for name, address in EDGES:
        threading.Thread(target=watch, args=(name, address, health), daemon=True).start()
    known = None
    while True:
        healthy = [name for name, _ in EDGES if health[name]]
        if healthy != known:
            run("/usr/sbin/nft", "-f", "-", text=rules(healthy))
            if known is None or bool(healthy) != bool(known):
                announce(bool(healthy))
            known = healthy
            with open(STATUS + ".new", "w") as file:
                json.dump({"healthy": healthy}, file)
            os.replace(STATUS + ".new", STATUS)
        time.sleep(0.05)


main()
`;
