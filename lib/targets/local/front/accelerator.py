#!/usr/bin/python3
"""Spreads what is sent to the service address over the healthy edges of this region."""
import json, os, socket, subprocess, threading, time

CONFIG = json.load(open("/etc/cellstamp/accelerator.json"))
STATUS = "/run/cellstamp/accelerator.json"
EDGES = list(CONFIG["edges"].items())
# Tries in a row that change an edge's health, and the seconds that each may take.
DOWN, UP, PATIENCE = 2, 1, 1


def run(*command, text=None):
    result = subprocess.run(command, input=text, text=True, capture_output=True)
    if result.returncode != 0:
        print(" ".join(command), result.stderr.strip(), flush=True)


def takes_calls(address):
    """Whether its answer is 200, as the health checks of Global Accelerator ask."""
    try:
        with socket.create_connection((address, CONFIG["port"]), timeout=PATIENCE) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % address.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def watch(name, address, health):
    row = 0
    while True:
        begin = time.monotonic()
        answers = takes_calls(address)
        row = row + 1 if answers != health[name] else 0
        if row >= (UP if answers else DOWN):
            health[name] = answers
            row = 0
            print(name, "healthy" if answers else "not healthy", flush=True)
        time.sleep(max(0.05, 1 - (time.monotonic() - begin)))


def rules(healthy):
    """Each edge has its share of the clients' addresses; that of an edge that is down is given to the others in turn. The seed
    is fixed, so that nobody else moves."""
    takers = healthy or list(CONFIG["edges"])
    shares = []
    for index, (name, address) in enumerate(EDGES):
        shares.append("%d : %s" % (index, address if name in takers else CONFIG["edges"][takers[index % len(takers)]]))
    key = "ip saddr" if CONFIG["affinity"] == "source" else "ip saddr . th sport"
    protocol = "" if CONFIG["affinity"] == "source" else "meta l4proto { tcp, udp } "
    service, edges = CONFIG["service"], ", ".join(address for _, address in EDGES)
    # Without a healthy edge: what no other region takes, and what another one sends, which has none either.
    conditions = [""] if healthy else ["fib daddr oif missing ", 'iifname "router-*" ']
    spread = ["ip daddr %s %s%sip daddr set jhash %s mod %d seed 0x5eed map { %s }" % (
        service, condition, protocol, key, len(EDGES), ", ".join(shares),
    ) for condition in conditions]
    connection = "ip saddr . tcp sport . tcp dport"
    inward = [
        "ip daddr %s tcp flags & (syn | ack) != syn ip daddr set %s map @connections" % (service, connection),
        *spread,
        'iifname != "edges" ip daddr { %s } meta l4proto tcp update @connections { %s : ip daddr }' % (edges, connection),
    ]
    outward = 'oifname != "edges" ip saddr { %s } ip saddr set %s' % (edges, service)
    return """table ip accelerator {
  # Edge of each TCP connection. Global Accelerator remembers a silent one for 340 s.
  map connections { type ipv4_addr . inet_service . inet_service : ipv4_addr; flags dynamic, timeout; timeout 340s; size 262144; }
  chain in { type filter hook prerouting priority raw; policy accept; }
  chain out { type filter hook postrouting priority srcnat; policy accept; }
}
flush chain ip accelerator in
flush chain ip accelerator out
table ip accelerator {
  chain in {
    %s
  }
  chain out {
    %s
  }
}
""" % ("\n    ".join(inward), outward)


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
