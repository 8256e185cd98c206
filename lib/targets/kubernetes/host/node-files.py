#!/usr/bin/python3
"""Puts a host's files where the containers of its pod find them, with every value that only the node, its neighbours and Secrets know.

node-files CONFIG SECRETS ACCOUNT FILES
  CONFIG   folder with host.json and the texts of the files, as in the ConfigMap
  SECRETS  folder with a file for each secret value
  ACCOUNT  folder with token, ca.crt and namespace of the pod's service account
  FILES    folder into which the files go, as if it were /

Whatever is missing ends it with status 1, all of it at once; the last line is for `kubectl describe pod`.

node-files follow CONFIG ACCOUNT FILES
  While the pod runs. On an SBC: keeps the table of media hosts equal to where they are, has the firewall let them in and Kamailio read
  it. A host that ends gets no new call; one that is gone keeps its address. Where the other SBC has another address than in the files of
  this pod, it puts the one in the place of the other. On a media host whose relay can move: writes the files again that say where the
  others are. Without an answer of the API server all stays as it is.
"""
import grp, ipaddress, json, os, pwd, re, signal, ssl, subprocess, sys, time, urllib.error, urllib.request

# Nobody has it (RFC 7600): it stands for a media host that is not there.
NOBODY = "192.0.0.8"
MARK = re.compile(r"@@([a-z][a-z0-9_]*)@@")


class Refused(Exception):
    """Why a host can't start on this node; one line a reason."""


def log(text):
    print("node-files: " + text, flush=True)


class Api:
    def __init__(self, folder):
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        self.base = "https://%s:%s" % ("[%s]" % host if ":" in host else host, port)
        self.folder = folder
        self.context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))

    def read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read().strip()

    def open(self, path, timeout=5):
        request = urllib.request.Request(self.base + path, headers={"Authorization": "Bearer " + self.read("token")})
        return urllib.request.urlopen(request, timeout=timeout, context=self.context)

    def get(self, path):
        with self.open(path) as answer:
            return json.load(answer)

    def slices(self, service):
        """Path of the list of where the hosts are."""
        return "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=kubernetes.io%%2Fservice-name%%3D%s" % (
            self.read("namespace"),
            service,
        )


def endpoints(slices):
    """Name, address and rank of each pod: whether it stays, and whether it is ready."""
    for endpoint in (one for part in slices["items"] for one in part.get("endpoints") or []):
        conditions = endpoint.get("conditions") or {}
        rank = (not conditions.get("terminating"), bool(conditions.get("serving")))
        yield endpoint.get("hostname"), endpoint["addresses"][0], rank


def best(slices, hosts, known={}):
    """
    Rank and address of every one of these hosts that is there. A pod that ends and the one that follows it may both be there for a while.
    @param known address by name, which is kept unless another one ranks higher
    """
    found = {}
    for name, address, rank in endpoints(slices):
        if name in hosts and (rank, address == known.get(name)) > found.get(name, (((), False), ""))[0]:
            found[name] = ((rank, address == known.get(name)), address)
    return {name: (rank, address) for name, ((rank, _), address) in found.items()}


def require_alone(slices, own):
    """Refuses where another node has a pod of this host that stays. Of two that start together the one with the lower address goes on."""
    mine = os.environ["HOST_IP"]
    for name, address, (stays, serves) in endpoints(slices):
        if name == own and address != mine and stays and (serves or ipaddress.ip_address(address) < ipaddress.ip_address(mine)):
            raise Refused("%s has a pod on another node, at %s: the labels of %s are on two nodes" % (own, address, own))


def neighbours(api, service, hosts, own):
    """Address of every other host that is there, by name."""
    slices = api.get(api.slices(service))
    require_alone(slices, own)
    return {name: address for name, (_, address) in best(slices, hosts).items()}


def known_sbcs(config):
    """Addresses of the other SBCs as the node has kept them, by name."""
    try:
        with open(config["sbcs"]["known"]) as file:
            return json.load(file)
    # A node without them, or one that lost its power while it wrote.
    except (OSError, ValueError):
        return {}


def keep_sbcs(config, addresses):
    path = config["sbcs"]["known"]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as file:
        json.dump(addresses, file)
    os.replace(path + ".new", path)


def await_neighbours(api, config, root):
    """
    Address of every other host that is there. An SBC that is not there has the address that it had: two that do not know each other are both
    active, and a relay that does not know one refuses its commands. Without such an address it waits, however long it takes.
    """
    hosts, end = config["hosts"], time.monotonic() + config["patienceSeconds"]
    known = known_sbcs(config) if config["sbcs"] else {}
    # The first attempt ends, so that `kubectl describe pod` has the reason; the kubelet would wait longer and longer between more of them.
    attempted, found = os.path.join(root, ".attempted"), None
    while True:
        try:
            found = neighbours(api, config["service"], hosts, config["host"])
        except (OSError, ValueError) as error:
            log("%s: %s" % (api.base, error))
        if found is not None and len(found) == len(hosts):
            return found
        if time.monotonic() > end:
            if found is None:
                raise Refused("the API server does not say where the other hosts are")
            there = {**known, **found}
            unknown = [name for name in (config["sbcs"] or {"names": []})["names"] if name not in there]
            if not unknown:
                return there
            if not os.path.exists(attempted):
                os.makedirs(root, exist_ok=True)
                open(attempted, "w").close()
                raise Refused("waits for %s: no pod of it is there, and this node has never known its address" % " and ".join(unknown))
        time.sleep(1)


def public_address(api, source):
    """From the Node alone: an address that is guessed would be announced to callers."""
    name = os.environ["NODE_NAME"]
    try:
        node = api.get("/api/v1/nodes/" + name)
    except (OSError, ValueError) as error:
        raise Refused("the API server does not say the public address of node %s: %s" % (name, error))
    if source["annotation"] is None:
        what, given = "address of type ExternalIP", [
            one["address"] for one in node["status"].get("addresses", []) if one["type"] == "ExternalIP"
        ]
    else:
        what = "annotation " + source["annotation"]
        given = [node["metadata"].get("annotations", {}).get(source["annotation"])]
    addresses = [one for one in given if is_ipv4(one)]
    if len(addresses) != 1:
        raise Refused("node %s has no %s that is one IPv4 address" % (name, what))
    return addresses[0]


def is_ipv4(text):
    try:
        return ipaddress.ip_address(text or "").version == 4
    except ValueError:
        return False


def own_address(network, taken):
    address = os.environ["HOST_IP"]
    if not is_ipv4(address) or ipaddress.ip_address(address) not in ipaddress.ip_network(network):
        raise Refused("the address of node %s, %s, is outside of the cell's network %s" % (os.environ["NODE_NAME"], address, network))
    if address in taken:
        raise Refused("the address of node %s, %s, is one that an SBC of the cell gives itself" % (os.environ["NODE_NAME"], address))
    return address


def learn(config, secrets, api, root):
    values, reasons = dict(config["values"]), []

    def ask(name, question, *given):
        try:
            values[name] = question(*given)
        except Refused as reason:
            reasons.append(str(reason))

    ask(config["own"], own_address, config["network"], config["taken"])
    if config["publicAddress"] is not None:
        ask(config["publicAddress"]["value"], public_address, api, config["publicAddress"])
    for name in config["secrets"]:
        try:
            with open(os.path.join(secrets, name)) as file:
                values[name] = file.read().rstrip("\n")
        except OSError:
            reasons.append("the Secret has no key %s" % name)
        else:
            if values[name] == "":
                reasons.append("key %s of the Secret is empty" % name)
    if reasons:
        raise Refused("\n".join(reasons))
    there = await_neighbours(api, config, root)
    for host, name in config["hosts"].items():
        values[name] = there.get(host, NOBODY)
        log("%s is %s" % (host, "at " + there[host] if host in there else "not there"))
    if config["sbcs"]:
        keep_sbcs(config, {name: there[name] for name in config["sbcs"]["names"]})
    return values


def learned(root, name):
    """Where the followed files are as they were before any other host's address was in them; others read none of it."""
    return root + "/.followed/" + name


def write(root, path, text, mode, owner, group):
    target = root + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    # Nobody else reads it before it is its owner's.
    new = target + ".new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.chown(new, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
    os.chmod(new, int(mode, 8))
    os.replace(new, target)


class Table:
    """The table of media hosts: a line for each with its number, its address and its tiers."""

    def __init__(self, template, path, allow, reload):
        self.lines, self.path, self.allow, self.reload = template.splitlines(), path, allow, reload
        with open(path) as file:
            self.text = file.read()
        self.addresses = {words[0]: words[1] for words in map(str.split, self.text.splitlines()) if len(words) > 2 and words[0] != "#"}
        self.is_taken = True

    def rendered(self, leaving):
        for line in self.lines:
            words = line.split()
            if words and words[0] in self.addresses:
                yield " ".join([words[0], self.addresses[words[0]], "-" if words[0] in leaving else words[2], *words[3:]])
            else:
                yield line

    def update(self, found):
        """@param found rank and address of the media hosts that are there, by number. Returns whether Kamailio has it all."""
        leaving = {number for number, ((stays, _), _) in found.items() if not stays}
        # Who is not ready may be the one that is to become the host, or another node by mistake.
        for number, ((stays, serves), address) in found.items():
            if stays and (serves or self.addresses[number] == NOBODY):
                self.addresses[number] = address
        text = "\n".join(self.rendered(leaving)) + "\n"
        if text != self.text:
            with open(self.path + ".new", "w") as file:
                file.write(text)
            os.chmod(self.path + ".new", 0o644)
            os.replace(self.path + ".new", self.path)
            self.text, self.is_taken = text, False
        if not self.is_taken:
            there = sorted(set(self.addresses.values()) - {NOBODY})
            self.is_taken = subprocess.call(self.allow + ["{ %s }" % ", ".join(there)]) == 0 and subprocess.call(self.reload) == 0
        return self.is_taken




class Neighbours:
    """The files of a media host that say where the others are."""

    def __init__(self, config, root):
        self.config, self.root, self.hosts = config, root, config["hosts"]
        self.files = [one for one in config["files"] if one["path"] in config["followed"]["paths"]]
        with open(learned(root, "addresses")) as file:
            self.addresses = json.load(file)
        self.taken = dict(self.addresses)

    def update(self, found):
        """@param found rank and address of the hosts that are there, by name. Returns whether the kernel has it all."""
        # One that is to have its relay back is not ready before its neighbour knows where it is.
        self.addresses.update({name: address for name, ((stays, _), address) in found.items() if stays})
        if self.addresses == self.taken:
            return True
        values = {self.hosts[name]: address for name, address in self.addresses.items()}
        for one in self.files:
            with open(learned(self.root, one["key"])) as file:
                text = MARK.sub(lambda mark: values[mark.group(1)], file.read())
            write(self.root, one["path"], text, one["mode"], one["owner"], one["group"])
        for path in self.config["followed"]["load"]:
            if subprocess.call(["/usr/sbin/nft", "-f", self.root + path]) != 0:
                return False
        for name in sorted(self.addresses):
            if self.addresses[name] != self.taken[name]:
                log("%s is at %s now" % (name, self.addresses[name]))
        self.taken = dict(self.addresses)
        return True


class Partner:
    """
    The other SBC, whose address is in the files of this pod. Where it is on another node by now, keepalived reads the new address, and the
    kernel puts the one into the place of the other in what the two Kamailios say to each other: that of this pod goes on with its calls.
    """

    def __init__(self, config, root):
        self.config, self.root, self.settings = config, root, config["partner"]
        with open(learned(root, "addresses")) as file:
            addresses = json.load(file)
        self.started_with = {name: addresses[name] for name in config["sbcs"]["names"]}
        self.taken = dict(self.started_with)

    def update(self, found):
        """@param found rank and address of the other SBC by its name, where it is there. Returns whether the kernel has it all."""
        now = {**self.taken, **{name: address for name, ((stays, _), address) in found.items() if stays}}
        if now == self.taken:
            return True
        for one in self.config["files"]:
            if one["path"] in self.settings["paths"]:
                with open(learned(self.root, one["key"])) as file:
                    text = MARK.sub(lambda mark: {self.config["hosts"][name]: now[name] for name in now}[mark.group(1)], file.read())
                write(self.root, one["path"], text, one["mode"], one["owner"], one["group"])
        allowed = subprocess.call(self.settings["allow"] + ["{ %s }" % ", ".join(sorted(now.values()))]) == 0
        if not allowed or subprocess.run(self.settings["load"], input=self.rules(now), text=True).returncode != 0:
            return False
        subprocess.call(self.settings["reload"])
        for name in sorted(now):
            log("%s is at %s now; this pod was started with %s" % (name, now[name], self.started_with[name]))
        self.taken = now
        return True

    def rules(self, now):
        table, port = self.settings["table"], self.settings["port"]
        moved = [(self.started_with[name], now[name]) for name in now if now[name] != self.started_with[name]]
        chains = {
            "out { type route hook output priority mangle;": ["ip daddr %s udp dport %d ip daddr set %s" % (old, port, new) for old, new in moved],
            "in { type filter hook prerouting priority raw - 10;": [
                "ip saddr %s udp dport %d ip saddr set %s" % (new, port, old) for old, new in moved
            ],
        }
        text = "".join("  chain %s\n    %s\n  }\n" % (chain, "\n    ".join(rules)) for chain, rules in chains.items())
        return "table ip %s\ndelete table ip %s\n" % (table, table) + ("table ip %s {\n%s}\n" % (table, text) if moved else "")


def follower(config, config_folder, root):
    """What brings this host to a list of where the hosts are, and returns whether it is there."""
    if "followed" in config:
        files = Neighbours(config, root)
        return lambda listed: files.update(best(listed, files.hosts, files.addresses))
    media, partner = config["mediaHosts"], Partner(config, root)
    with open(os.path.join(config_folder, media["key"])) as file:
        table = Table(file.read(), media["path"], media["allow"], media["reload"])

    def update(listed):
        has_partner = partner.update(best(listed, partner.started_with, partner.taken))
        found = best(listed, media["numbers"])
        return table.update({str(media["numbers"][name]): one for name, one in found.items()}) and has_partner

    return update


def follow(config_folder, account, root):
    """Lists, and waits until something changes; the list alone counts."""
    # As the first process of a container it would not end by the signal alone.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with open(os.path.join(config_folder, "host.json")) as file:
        config = json.load(file)
    api, update = Api(account), follower(config, config_folder, root)
    while True:
        try:
            path = api.slices(config["service"])
            listed = api.get(path)
            if not update(listed):
                time.sleep(2)
                continue
            version = listed["metadata"]["resourceVersion"]
            with api.open(path + "&watch=1&timeoutSeconds=60&resourceVersion=" + version, 90) as changes:
                changes.readline()
        except (OSError, ValueError) as error:
            log("%s: %s" % (api.base, error))
            time.sleep(2)


def keep_for_follower(config, paths, values, texts, root):
    others = {mark: name for name, mark in config["hosts"].items()}
    known = {name: value for name, value in values.items() if name not in others}
    write(root, learned("", "addresses"), json.dumps({name: values[mark] for mark, name in others.items()}), "0600", "root", "root")
    for one in config["files"]:
        if one["path"] in paths:
            text = MARK.sub(lambda mark: known.get(mark.group(1), mark.group(0)), texts[one["path"]])
            write(root, learned("", one["key"]), text, "0600", "root", "root")


def main(config_folder, secrets, account, root):
    with open(os.path.join(config_folder, "host.json")) as file:
        config = json.load(file)
    api = Api(account)
    values = learn(config, secrets, api, root)
    texts = {}
    for one in config["files"]:
        with open(os.path.join(config_folder, one["key"])) as file:
            texts[one["path"]] = file.read()
    unknown = sorted({name for text in texts.values() for name in MARK.findall(text)} - values.keys())
    if unknown:
        raise Refused("there is no value for " + ", ".join(unknown))
    for one in config["directories"]:
        os.makedirs(one["path"], exist_ok=True)
        os.chown(one["path"], pwd.getpwnam(one["owner"]).pw_uid, grp.getgrnam(one["group"]).gr_gid)
        os.chmod(one["path"], 0o750)
    for one in config["files"]:
        text = MARK.sub(lambda mark: values[mark.group(1)], texts[one["path"]])
        write(root, one["path"], text, one["mode"], one["owner"], one["group"])
    if "followed" in config or "partner" in config:
        keep_for_follower(config, (config.get("followed") or config["partner"])["paths"], values, texts, root)
    # One that began at the same time was in no list yet.
    try:
        require_alone(api.get(api.slices(config["service"])), config["host"])
    except (OSError, ValueError) as error:
        raise Refused("the API server does not say whether another node has %s: %s" % (config["host"], error))
    log("%s has its %d files" % (config["host"], len(config["files"])))


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "follow":
        follow(*sys.argv[2:])
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        main(*sys.argv[1:])
    except Refused as reasons:
        for reason in str(reasons).split("\n"):
            log(reason)
        sys.exit(1)
