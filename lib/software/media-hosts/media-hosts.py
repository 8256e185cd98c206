#!/usr/bin/python3
"""Which media hosts this SBC knows, by their numbers: /etc/cellstamp/media-hosts.

  media-hosts start     before Kamailio starts: makes what it reads from the table
  media-hosts reload    after the table was replaced: a running Kamailio follows it, and no call notices

A host that has left the table gets no new call. Its running calls live on: it keeps its number and its address here, so that
they can be changed and released, until another host gets the number. That is refused while the relay at the old address answers and
has calls: their number says where they are.
"""
import ipaddress, json, os, re, socket, sys, time

CONFIG = "/etc/cellstamp/media-hosts.json"
# Seconds. Kamailio takes a list of relays 10 s after another at the earliest, and one of FreeSWITCH hosts after 5.
PATIENCE, LONGEST = 2, 20
# A worker that has just looked whether a relay is there has asked it by then.
PAUSE = 2


class Failure(Exception):
    """What could not be done, in words for an operator."""


class BadTable(Failure):
    """What is wrong with a table, all of it."""


class Host:
    def __init__(self, address, tiers, relay=None):
        # The relay has an address of its own where it can move to another host.
        self.address, self.tiers, self.relay = address, tiers, relay or address


def read(path, tiers):
    """The hosts of a table by their numbers. A line: number, address, tiers with commas between them, or a hyphen if it takes no new call; its relay's address, if that is another."""
    hosts, findings = {}, []
    with open(path) as file:
        lines = file.read().splitlines()
    for at, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue

        def wrong(what, allowed):
            findings.append("%s:%d: %s; allowed: %s" % (path, at, what, allowed))

        if len(words) not in (3, 4):
            wrong("%d words" % len(words), "a number, an address and tiers, and the relay's address")
            continue
        number, address, named, relay = (*words, words[1])[:4]
        serves = [] if named == "-" else named.split(",")
        if not re.fullmatch("[1-9][0-9]{0,3}", number):
            wrong("number %s" % number, "1 to 9999")
        elif number in hosts:
            wrong("number %s a second time" % number, "each number once")
        try:
            taken = [host.address for host in hosts.values() if host.tiers]
            if str(ipaddress.IPv4Address(address)) in taken and serves:
                wrong("address %s a second time" % address, "each address once")
        except ValueError:
            wrong("address %s" % address, "an IPv4 address")
        try:
            ipaddress.IPv4Address(relay)
        except ValueError:
            if relay != address:
                wrong("relay address %s" % relay, "an IPv4 address")
        for tier in serves:
            if tiers is not None and tier not in tiers:
                wrong("tier %s" % tier, ", ".join(tiers))
        hosts.setdefault(number, Host(address, serves, relay))
    if findings:
        raise BadTable("\n".join(findings))
    return hosts


class Kamailio:
    def __init__(self, path):
        self.path = path

    def ask(self, method, *params):
        """The result of a JSON-RPC command; None if Kamailio refuses it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(PATIENCE)
            try:
                # An address of its own, to which the answer goes; it makes no file.
                s.bind("")
                s.connect(self.path)
                s.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1}).encode())
                answer = json.loads(s.recv(1 << 18))
            except (OSError, ValueError) as error:
                raise Failure("Kamailio does not answer: %s" % error)
        return None if "error" in answer else answer.get("result") or {}

    def tell(self, method, *params):
        if self.ask(method, *params) is None:
            raise Failure("Kamailio refuses %s %s" % (method, " ".join(map(str, params))))

    def entry(self, table, key):
        """A value of a table; None if it is not there."""
        found = self.ask("htable.get", table, key)
        return found["item"]["value"] if found else None

    def until(self, what, done):
        deadline = time.monotonic() + LONGEST
        while not done():
            if time.monotonic() > deadline:
                raise Failure("%s within %d s" % (what, LONGEST))
            time.sleep(0.2)


def tables_of(hosts, tiers):
    """Entries of Kamailio's table `media`."""
    ordered = sorted(hosts.items(), key=lambda item: int(item[0]))
    entries = {"numbers": "".join(number + ":" for number, _ in ordered)}
    for number, host in ordered:
        entries[number] = host.relay
        entries["serves:" + number] = 1 if host.tiers else 0
    for tier in tiers:
        entries["tier:" + tier] = "".join(number + ":" for number, host in ordered if tier in host.tiers)
    return entries


def write(folder, name, text):
    path = os.path.join(folder, name)
    try:
        before = os.stat(path).st_mtime
    except FileNotFoundError:
        before = 0
    with open(path + ".new", "w") as file:
        file.write(text)
    os.chmod(path + ".new", 0o644)
    # Kamailio reads a file again whose time is another, in whole seconds.
    when = max(time.time(), before + 1)
    os.utime(path + ".new", (when, when))
    os.replace(path + ".new", path)


def write_files(config, hosts, asleep=()):
    """What Kamailio reads. The last one says what this SBC knows: where it is written, all are."""
    folder, ordered = config["folder"], sorted(hosts.items(), key=lambda item: int(item[0]))
    os.makedirs(folder, mode=0o755, exist_ok=True)
    write(folder, "version", "table_name(string) table_version(int)\nrtpengine:1\n")
    write(
        folder,
        "rtpengine",
        "setid(int) url(string) weight(int) disabled(int)\n"
        + "".join("%s:udp\\:%s\\:%d:1:0\n" % (number, host.relay, config["controlPort"]) for number, host in ordered),
    )
    # 9: it has to answer before it is asked for calls.
    write(
        folder,
        "dispatcher.list",
        "".join("1 %s %d\n" % (uri, 9 if uri in asleep else 0) for uri in feature_hosts(config, hosts)),
    )
    entries = tables_of(hosts, config["tiers"])
    lines = "".join("    $sht(media=>%s) = %s;\n" % (key, json.dumps(value)) for key, value in entries.items())
    write(folder, "table.cfg", lines)
    write(folder, "hosts", "".join("%s %s %s %s\n" % (n, host.address, ",".join(host.tiers) or "-", host.relay) for n, host in ordered))


def feature_hosts(config, hosts):
    return ["sip:%s:%d" % (host.address, config["featurePort"]) for host in hosts.values() if host.tiers]


def known(config):
    """The hosts as Kamailio has them; their tiers may be those of another definition of the cell."""
    path = os.path.join(config["folder"], "hosts")
    return read(path, None) if os.path.exists(path) else {}


def with_gone(table, before):
    gone = {number: Host(host.address, [], host.relay) for number, host in before.items() if number not in table}
    return {**gone, **table}


def start(config):
    write_files(config, with_gone(read(config["table"], config["tiers"]), known(config)))


def reload(config):
    kamailio, table = Kamailio(config["rpc"]), read(config["table"], config["tiers"])
    hosts = with_gone(table, known(config))
    # What Kamailio has, and not what was last written: a reload may have ended half way.
    before = {number: kamailio.entry("media", number) for number in table}
    moved = [number for number, host in table.items() if before[number] not in (None, host.relay)]
    for number in moved:
        calls = kamailio.entry("load", "m:" + number) or 0
        if calls > 0 and kamailio.entry("alive", number) == 1:
            raise Failure(
                "media host %s is at %s, answers there and has calls: %s; it can't be at %s before they have ended"
                % (number, before[number], calls, table[number].relay)
            )
    for number in moved:
        kamailio.tell("htable.seti", "media", "moving:" + number, 1)
    if moved:
        time.sleep(PAUSE)
    features, listed = feature_hosts(config, hosts), dispatched(kamailio.ask("dispatcher.list"))
    write_files(config, hosts, [uri for uri in features if not listed.get(uri, False)])
    if moved or None in before.values():
        kamailio.tell("htable.seti", "media", "reload", 1)
        kamailio.until("Kamailio has not taken the list of relays", lambda: kamailio.entry("media", "reload") is None)
    for key, value in tables_of(hosts, config["tiers"]).items():
        kamailio.tell("htable.sets" if isinstance(value, str) else "htable.seti", "media", key, value)
    for number in moved:
        kamailio.tell("htable.delete", "media", "moving:" + number)
    if sorted(features) != sorted(listed):
        kamailio.until("Kamailio has not taken the list of FreeSWITCH hosts", lambda: kamailio.ask("dispatcher.reload") is not None)
    kamailio.until(
        "Kamailio goes on sending new calls to a host that is gone",
        lambda: all(serve(hosts, tier, kamailio.entry("pools", tier)) for tier in config["tiers"]),
    )
    for number, host in sorted(hosts.items(), key=lambda item: int(item[0])):
        print("media host %s at %s serves %s" % (number, host.address, " and ".join(host.tiers) or "the calls that it has, and no new ones"))


def serve(hosts, tier, numbers):
    """Whether all of these hosts, each with a colon behind it, serve the tier."""
    return all(number in hosts and tier in hosts[number].tiers for number in (numbers or "").split(":") if number)


def dispatched(listed):
    """The FreeSWITCH hosts that the dispatcher has, and whether each gets calls now."""
    found, queue = {}, [listed]
    while queue:
        item = queue.pop()
        if isinstance(item, list):
            queue += item
        elif isinstance(item, dict):
            if "URI" in item:
                found[item["URI"]] = str(item.get("FLAGS", "")).startswith("A")
            queue += item.values()
    return found


def main(*words):
    verbs = {"start": start, "reload": reload}
    if len(words) != 1 or words[0] not in verbs:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(CONFIG) as file:
            config = json.load(file)
        verbs[words[0]](config)
        return 0
    except BadTable as findings:
        print(findings, file=sys.stderr)
        return 2
    except (Failure, OSError) as failure:
        print("media-hosts: %s" % failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
