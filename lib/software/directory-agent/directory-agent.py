#!/usr/bin/python3
"""Keeps the tables of this edge's Kamailio equal to the tenant directory, and its keys to the front's.

  directory  --snapshot, then changes-->  this agent  --JSON-RPC-->  Kamailio's shared memory
                                              |
                                    /var/lib/cellstamp/directory.db   (the last known state, for when the directory is away)

An item of the directory is {"kind", "name", "version", ...}:
  cell    "addresses": ["198.51.100.7:5060", ...], "state": "active" | "cordoned" | "draining" | ...
  edge    "address": "198.51.100.9"
  tenant  "cell": "euw1-a", "other": "" or a second cell while it moves, "keys": ["d:acme.example.com", "n:+4930123", "s:192.0.2.7"]
A bad item is refused by itself and logged; what was known of it stays. An item with a version below the known one is old news.
A key belongs to one tenant: an item with another's key waits until that one gives it up.
"""
import ipaddress, json, os, queue, re, secrets, socket, sqlite3, subprocess, sys, threading, time

CONFIG = "/etc/cellstamp/directory.json"
STATE = "/var/lib/cellstamp/directory.db"
KEYS = "/var/lib/cellstamp/edge-keys.json"
STATUS = "/run/cellstamp/directory.json"
# An operator makes it to take this edge out of service, and removes it to take it back.
DRAINING = "/run/cellstamp/draining"
UNTOLD = -1
RPC = "/run/kamailio/json-rpc.sock"
NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
KEY = re.compile(r"d:[a-z0-9.-]{1,253}|n:\+[1-9][0-9]{6,14}|s:[0-9.]{7,15}")
ADDRESS = re.compile(r"([0-9.]{7,15}):([0-9]{1,5})")
KEY_ID = re.compile(r"[0-9a-f]{4}")
SECRET = re.compile(r"[0-9a-f]{64}")
STATES = ("planned", "active", "cordoned", "draining", "retired")


def log(text):
    print(text, flush=True)


class Refused(Exception):
    pass


class KeyTaken(Refused):
    pass


def check(item):
    """The item, or Refused with what was given and what is allowed."""
    if not isinstance(item, dict):
        raise Refused("not an object")
    kind, name = item.get("kind"), item.get("name")
    if kind not in ("cell", "edge", "tenant"):
        raise Refused("kind %r, allowed: cell, edge, tenant" % (kind,))
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused("name %r, allowed: 1 to 63 lower-case letters, digits, hyphens" % (name,))
    if item.get("deleted"):
        return item
    if not isinstance(item.get("version"), int):
        raise Refused("version %r, allowed: a whole number" % (item.get("version"),))
    if kind == "edge":
        address(item.get("address"))
    elif kind == "cell":
        if item.get("state") not in STATES:
            raise Refused("state %r, allowed: %s" % (item.get("state"), ", ".join(STATES)))
        addresses = item.get("addresses")
        if not isinstance(addresses, list) or not addresses:
            raise Refused("addresses %r, allowed: a list of ADDRESS:PORT" % (addresses,))
        for text in addresses:
            match = ADDRESS.fullmatch(text) if isinstance(text, str) else None
            if not match or not 0 < int(match[2]) < 65536:
                raise Refused("address %r, allowed: ADDRESS:PORT" % (text,))
            address(match[1])
    else:
        for key in ("cell", "other"):
            value = item.get(key, "")
            if not isinstance(value, str) or not (NAME.fullmatch(value) or (key == "other" and value == "")):
                raise Refused("%s %r, allowed: a cell's name" % (key, value))
        keys = item.get("keys")
        if not isinstance(keys, list) or not all(isinstance(k, str) and KEY.fullmatch(k) for k in keys):
            raise Refused("keys %r, allowed: d:DOMAIN, n:+NUMBER, s:ADDRESS" % (keys,))
    return item


def address(text):
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise Refused("address %r, allowed: an IPv4 address" % (text,))


class Kamailio:
    """JSON-RPC over the local datagram socket; several requests under way at once, answered in their order."""

    WINDOW = 8
    # Seconds: whoever answers later is taken to be frozen.
    PATIENCE = 1

    def __init__(self):
        self.socket, self.pending, self.number = None, [], 0
        # Commands that it did not take: its memory is full, or it does not know them.
        self.refusals = 0

    def open(self):
        self.close()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(self.PATIENCE)
        own = "/run/cellstamp/agent.sock"
        if os.path.exists(own):
            os.unlink(own)
        self.socket.bind(own)
        os.chmod(own, 0o666)
        self.socket.connect(RPC)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.pending = None, []

    def push(self, commands):
        for command in commands:
            self.send(*command)
        self.flush()

    def send(self, method, *params):
        self.number += 1
        request = {"jsonrpc": "2.0", "method": method, "params": list(params), "id": self.number}
        self.socket.send(json.dumps(request).encode())
        self.pending.append(self.number)
        if len(self.pending) >= self.WINDOW:
            self.receive()

    def receive(self):
        awaited = self.pending.pop(0)
        while True:
            answer = json.loads(self.socket.recv(65536))
            # Anything else is late, from before the socket was reopened.
            if answer.get("id") == awaited:
                break
        # What is asked for or deleted may not be there.
        if "error" in answer and not re.search("doesn't exist|not found in htable", answer["error"].get("message", "")):
            self.refusals += 1
            if self.refusals <= 10 or self.refusals % 10000 == 0:
                log("Kamailio refuses, %d so far: %s" % (self.refusals, answer["error"]))
        return answer

    def flush(self):
        while self.pending:
            self.receive()

    def ask(self, method, *params):
        self.flush()
        self.send(method, *params)
        return self.receive()

    def holds_our_tables(self):
        """Kamailio forgets everything when it restarts; the mark tells."""
        return "result" in self.ask("htable.get", "agent", "loaded")


class Directory:
    """The last known state: every item, and what follows from it for Kamailio's tables."""

    def __init__(self):
        self.db = sqlite3.connect(STATE, isolation_level=None)
        self.db.executescript(
            "pragma journal_mode = wal; pragma synchronous = normal;"
            "create table if not exists item (kind text, name text, body text not null, number integer primary key, unique (kind, name));"
            "create table if not exists owner (key text primary key, tenant text not null) without rowid;"
            # Tenants that want a key of another.
            "create table if not exists waiting (name text primary key, body text not null) without rowid;"
            # What Kamailio has yet to learn, the last word about each thing; survives us, and what it refuses.
            "create table if not exists untold (number integer primary key autoincrement, thing text unique not null,"
            " command text not null, due real not null default 0);"
        )
        self.refused, self.keys_freed = 0, False

    def known(self, kind, name):
        row = self.db.execute("select body, number from item where kind = ? and name = ?", (kind, name)).fetchone()
        return (json.loads(row[0]), row[1]) if row else (None, None)

    def names(self):
        return set(self.db.execute("select kind, name from item union select 'tenant', name from waiting"))

    def is_complete(self):
        """Whether it was read to its end once: a part of the tenants is worse than none."""
        return self.db.execute("pragma user_version").fetchone()[0] == 1

    def count(self):
        return self.db.execute("select count(*) from owner").fetchone()[0]

    def take(self, raw):
        """Checks and keeps one item; gives the commands for Kamailio."""
        try:
            item = check(raw)
            old, number = self.known(item["kind"], item["name"])
            if item.get("deleted"):
                self.forget_waiting(item)
                if old is None:
                    return []
                self.db.execute("delete from item where number = ?", (number,))
                self.disown(old, set())
                return self.unshared(commands(None, old, number))
            if old is not None and item["version"] <= old["version"]:
                return []
            self.own(item)
        except KeyTaken as reason:
            waiting = self.db.execute("select body from waiting where name = ?", (raw["name"],)).fetchone()
            if not waiting or json.loads(waiting[0]) != raw:
                self.db.execute("insert or replace into waiting values (?, ?)", (raw["name"], json.dumps(raw)))
                self.refuse(raw, "%s, and waits for it" % reason)
            return []
        except Refused as reason:
            self.refuse(raw, reason)
            return []
        self.db.execute(
            "insert into item (kind, name, body) values (?, ?, ?) on conflict (kind, name) do update set body = excluded.body",
            (item["kind"], item["name"], json.dumps(item)),
        )
        if old is not None:
            self.disown(old, set(item.get("keys", ())))
        self.forget_waiting(item)
        number = self.known(item["kind"], item["name"])[1]
        return self.unshared(commands(item, old, number))

    def take_waiting(self):
        """Tenants that waited for a key, if one has become free since."""
        changed = []
        while self.keys_freed:
            self.keys_freed = False
            for (body,) in self.db.execute("select body from waiting order by name").fetchall():
                changed += self.take(json.loads(body))
        return changed

    def forget_waiting(self, item):
        self.db.execute("delete from waiting where ? = 'tenant' and name = ?", (item["kind"], item["name"]))

    def refuse(self, raw, reason):
        self.refused += 1
        log("refused %s: %s" % (json.dumps(raw)[:200], reason))

    def unshared(self, changes):
        """But for an address that another cell or edge has by now: it stays a peer's."""
        return [command for command in changes if command[:2] != ("htable.delete", "peer") or command[2] not in self.peers()]

    def own(self, item):
        for key in item.get("keys", ()):
            row = self.db.execute("select tenant from owner where key = ?", (key,)).fetchone()
            if row and row[0] != item["name"]:
                raise KeyTaken("key %s belongs to tenant %s" % (key, row[0]))
        self.db.executemany("insert or ignore into owner values (?, ?)", ((key, item["name"]) for key in item.get("keys", ())))

    def disown(self, old, kept):
        freed = [(key,) for key in old.get("keys", ()) if key not in kept]
        self.db.executemany("delete from owner where key = ?", freed)
        self.keys_freed |= bool(freed)

    def peers(self):
        """Addresses of cells and edges, which the flood guard never bans."""
        found = set()
        for (body,) in self.db.execute("select body from item where kind in ('cell', 'edge')"):
            item = json.loads(body)
            found |= {item["address"]} if item["kind"] == "edge" else {text.split(":")[0] for text in item["addresses"]}
        return found

    def note(self, changes):
        for command in changes:
            # A table's key, or an address in a dispatcher's set.
            thing = "%s %s" % command[1:3]
            self.db.execute("insert or replace into untold (thing, command) values (?, ?)", (thing, json.dumps(command)))

    def untold(self):
        return self.db.execute("select count(*) from untold").fetchone()[0]

    def tell(self, kamailio):
        """What it refuses is sent again a minute later. Not all at once: health has to be sent, too."""
        due = "select number, command from untold where due <= ? order by number limit 1000"
        for number, command in self.db.execute(due, (time.time(),)).fetchall():
            refusals = kamailio.refusals
            kamailio.ask(*json.loads(command))
            if kamailio.refusals > refusals:
                self.db.execute("update untold set due = ? where number = ?", (time.time() + 60, number))
            else:
                self.db.execute("delete from untold where number = ?", (number,))

    def everything(self):
        self.db.execute("delete from untold")
        for body, number in self.db.execute("select body, number from item order by kind"):
            yield from commands(json.loads(body), None, number)


def commands(new, old, number):
    """What to tell Kamailio when an item goes from old to new (either may be None)."""
    item = new or old
    if item["kind"] == "edge":
        if old and (not new or old["address"] != new["address"]):
            yield ("htable.delete", "peer", old["address"])
        if new:
            yield ("htable.sets", "peer", new["address"], "edge")
    elif item["kind"] == "cell":
        before = set(old["addresses"]) if old else set()
        after = list(new["addresses"]) if new else []
        for text in before - set(after):
            yield ("htable.delete", "peer", text.split(":")[0])
            yield ("htable.delete", "clock", text.split(":")[0])
            yield ("dispatcher.remove", number, "sip:" + text)
        for rank, text in enumerate(after):
            if text not in before:
                yield ("htable.sets", "peer", text.split(":")[0], "cell")
                yield ("dispatcher.add", number, "sip:" + text, 8, len(after) - rank)
        if new:
            yield ("htable.sets", "cell", new["name"], "set=%d;state=%s" % (number, new["state"]))
        else:
            yield ("htable.delete", "cell", old["name"])
    else:
        kept = set(new["keys"]) if new else set()
        before = set(old["keys"]) if old else set()
        for key in before - kept:
            yield ("htable.delete", "route", key)
        if not new:
            yield ("htable.delete", "tenant", old["name"])
            return
        # The place first: a key must never point at a tenant without one.
        yield ("htable.sets", "tenant", new["name"], "cell=%s;other=%s" % (new["cell"], new.get("other", "")))
        for key in kept - before:
            yield ("htable.sets", "route", key, new["name"])


def check_keys(text):
    """The key set of a text, or Refused without a word of what it says: it may be a key."""
    try:
        value = json.loads(text)
        current, keys = value["current"], value["keys"]
        if current in keys and all(KEY_ID.fullmatch(id) and SECRET.fullmatch(key) for id, key in keys.items()):
            return {"current": current, "keys": keys}
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise Refused('allowed: {"current": ID, "keys": {ID: KEY}}, an ID of 4 and a KEY of 64 hexadecimal digits')


class RedisKeys:
    """The text "edge-keys"."""

    def __init__(self, config):
        import redis

        self.redis = redis.Redis(socket_timeout=5, socket_connect_timeout=2, decode_responses=True, **config)

    def read(self):
        return self.redis.get("edge-keys")


class SecretKeys:
    """A secret of Secrets Manager. The first edge that finds it empty fills it, where its role may."""

    def __init__(self, config):
        import boto3
        from botocore.config import Config

        limits = Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 2})
        self.secret, self.fill = config["secret"], config["fill"]
        self.client = boto3.client("secretsmanager", region_name=config["region"], endpoint_url=config.get("endpoint"), config=limits)

    def read(self):
        try:
            return self.client.get_secret_value(SecretId=self.secret)["SecretString"]
        except self.client.exceptions.ResourceNotFoundException:
            if not self.fill:
                return None
        id = secrets.token_hex(2)
        text = json.dumps({"current": id, "keys": {id: secrets.token_hex(32)}})
        try:
            # The request's token is the same on every edge, so only the first succeeds, and the others read what is there.
            self.client.put_secret_value(SecretId=self.secret, SecretString=text, ClientRequestToken="the-first-keys-of-this-front-----")
        except self.client.exceptions.ResourceExistsException:
            pass
        return self.client.get_secret_value(SecretId=self.secret)["SecretString"]


class Keys(threading.Thread):
    """The keys with which edges prove what they say: read again and again in a thread of its own, kept for when they can't be."""

    def __init__(self, config):
        super().__init__(daemon=True)
        self.config, self.known = config, None
        try:
            with open(KEYS) as file:
                self.known = check_keys(file.read())
        except (OSError, Refused):
            pass

    def run(self):
        source, said = None, None
        while True:
            try:
                if source is None:
                    source = (SecretKeys if self.config["backend"] == "dynamodb" else RedisKeys)(self.config["keys"])
                text = source.read()
                problem = None if text else "there are none yet"
                if text:
                    self.take(check_keys(text))
            except Exception as fault:  # as of the directory: what is known goes on
                source, problem = None, str(fault)[:200]
            if problem and problem != said:
                log("keys: %s" % problem)
            said = problem
            time.sleep(self.config["keySeconds"])

    def take(self, keys):
        if keys == self.known:
            return
        with open(os.open(KEYS + ".new", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(keys, file)
        os.replace(KEYS + ".new", KEYS)
        self.known = keys
        log("keys: %s, of which %s makes new proofs" % (" and ".join(sorted(keys["keys"])), keys["current"]))

    def tell(self, kamailio):
        """Brings Kamailio's table to what is known: new keys first, and old ones last. True once it has them."""
        answer = kamailio.ask("htable.dump", "edge_keys")
        there = {cell["name"]: cell["value"] for row in answer.get("result", ()) for cell in row["slot"]}
        wanted = {"key:" + id: key for id, key in self.known["keys"].items()}
        wanted["current"] = self.known["current"]
        refusals = kamailio.refusals
        for name, value in wanted.items():
            if there.get(name) != value:
                kamailio.ask("htable.sets", "edge_keys", name, value)
        for name in there.keys() - wanted.keys():
            kamailio.ask("htable.delete", "edge_keys", name)
        return kamailio.refusals == refusals


class RedisSource:
    """Hash "directory" (KIND:NAME to the item) and stream "directory:changes" (field "item")."""

    def __init__(self, config):
        import redis

        self.redis = redis.Redis(socket_timeout=5, socket_connect_timeout=2, decode_responses=True, **config)
        self.position = None

    def snapshot(self):
        last = self.redis.xrevrange("directory:changes", count=1)
        self.position = last[0][0] if last else "0-0"
        cursor = None
        while cursor != 0:
            cursor, page = self.redis.hscan("directory", cursor or 0, count=1000)
            yield list(page.values())

    def changes(self):
        """New items since the last call; None when some were missed and a snapshot is due."""
        first = self.redis.xrange("directory:changes", count=1)
        if first and self.position != "0-0" and tuple(map(int, first[0][0].split("-"))) > tuple(map(int, self.position.split("-"))):
            return None
        found = []
        for _, entries in self.redis.xread({"directory:changes": self.position}, count=5000) or ():
            for position, fields in entries:
                self.position = position
                found.append(fields.get("item", ""))
        return found


class DynamoSource:
    """Table with the key "id" (KIND:NAME) and the attribute "item"; its stream gives the changes."""

    def __init__(self, config):
        import boto3
        from botocore.config import Config
        from botocore.exceptions import ClientError

        limits = Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 2})
        self.table = config["table"]
        self.client = boto3.client("dynamodb", region_name=config["region"], endpoint_url=config.get("endpoint"), config=limits)
        self.streams = boto3.client("dynamodbstreams", region_name=config["region"], endpoint_url=config.get("endpoint"), config=limits)
        self.iterators, self.refusal = {}, ClientError

    def shards(self):
        arn = self.client.describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
        start, found = None, []
        while True:
            more = {"ExclusiveStartShardId": start} if start else {}
            page = self.streams.describe_stream(StreamArn=arn, **more)["StreamDescription"]
            found += [shard["ShardId"] for shard in page["Shards"]]
            start = page.get("LastEvaluatedShardId")
            if not start:
                return arn, found

    def follow(self, kind, known=()):
        arn, found = self.shards()
        for shard in found:
            if shard not in self.iterators and shard not in known:
                answer = self.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind)
                self.iterators[shard] = answer["ShardIterator"]

    def snapshot(self):
        self.iterators, self.looked = {}, time.monotonic()
        self.follow("LATEST")
        # Consistent, so that nothing written before the stream's position is missed.
        for page in self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True):
            yield [row["item"]["S"] for row in page["Items"]]

    def changes(self):
        if time.monotonic() - self.looked > 60:
            # A shard lives for some hours; new ones are read from their beginning, old items are skipped by their version.
            self.looked = time.monotonic()
            self.follow("TRIM_HORIZON")
        found = []
        for shard, iterator in list(self.iterators.items()):
            if iterator is None:
                continue
            try:
                answer = self.streams.get_records(ShardIterator=iterator, Limit=1000)
            except self.refusal as problem:
                code = problem.response["Error"]["Code"]
                if code in ("TrimmedDataAccessException", "ExpiredIteratorException"):
                    return None
                if code in ("LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException"):
                    # Many edges read this shard at once: from the same place at the next look.
                    continue
                raise
            self.iterators[shard] = answer.get("NextShardIterator")
            if self.iterators[shard] is None:
                # The shard is closed; its changes go on in another, which the next look finds.
                self.looked = float("-inf")
            for record in answer["Records"]:
                image = record["dynamodb"].get("NewImage")
                if image:
                    found.append(image["item"]["S"])
                else:
                    kind, name = record["dynamodb"]["Keys"]["id"]["S"].split(":", 1)
                    found.append(json.dumps({"kind": kind, "name": name, "deleted": True}))
        return found


class Reader(threading.Thread):
    """Reads the directory in a thread of its own: however long it takes to answer, calls and health do not wait for it."""

    def __init__(self, config):
        super().__init__(daemon=True)
        self.config = config
        # reachable; unreachable; emptied: it does not know this edge, so it is not the directory that it was
        self.state = "unreachable"
        # What was read: ("items", texts), or ("all", names) once a whole reading is complete. Short, so that changes are not late.
        self.read = queue.Queue(maxsize=8)

    def run(self):
        source, next_snapshot = None, 0.0
        while True:
            try:
                if source is None:
                    source = (DynamoSource if self.config["backend"] == "dynamodb" else RedisSource)(self.config["source"])
                    next_snapshot = 0.0
                changes = source.changes() if time.monotonic() < next_snapshot else None
                if changes is None:
                    log("reading the whole directory")
                    whole = self.whole(source)
                    next_snapshot = time.monotonic() + (self.config["resyncSeconds"] if whole else 60)
                    self.state = "reachable" if whole else "emptied"
                elif self.take(changes) and self.state == "emptied":
                    next_snapshot = 0.0
                time.sleep(self.config["pollSeconds"])
            except Exception as problem:  # any fault of the directory is an absence, never an end
                if self.state != "unreachable" or source is not None:
                    log("directory unreachable, going on with what is known: %s" % str(problem)[:200])
                source, self.state = None, "unreachable"
                time.sleep(1)

    def whole(self, source):
        """Reads all of it; false if it does not know this edge: then nothing that is known is given up for it."""
        seen, looked = set(), time.monotonic()
        for texts in source.snapshot():
            self.take(texts, seen)
            # A large directory takes minutes: changes go on meanwhile.
            if time.monotonic() - looked >= self.config["pollSeconds"]:
                changes, looked = source.changes(), time.monotonic()
                if changes is None:
                    raise RuntimeError("changes were lost while it was read")
                self.take(changes, seen)
        whole = ("edge", self.config["edge"]) in seen
        if not whole:
            log("the directory does not know this edge, so it is not whole: going on with what is known")
        self.read.put(("all", seen if whole else None))
        return whole

    def take(self, texts, seen=None):
        """Hands items on, and adds their names; true if this edge is among them."""
        names = set()
        for item in map(parse, texts):
            if isinstance(item, dict) and isinstance(item.get("kind"), str) and isinstance(item.get("name"), str):
                names.add((item["kind"], item["name"]))
        if texts:
            self.read.put(("items", texts))
        if seen is not None:
            seen |= names
        return ("edge", self.config["edge"]) in names


def trust(peers):
    """Tells the kernel's flood guard whom it never bans."""
    rules = "flush set ip cellstamp_flood_guard trusted\n"
    if peers:
        rules += "add element ip cellstamp_flood_guard trusted { %s }\n" % ", ".join(sorted(peers))
    result = subprocess.run(["/usr/sbin/nft", "-f", "-"], input=rules, text=True, capture_output=True)
    if result.returncode != 0:
        log("flood guard: %s" % result.stderr.strip())
    return result.returncode == 0


def refuse_from(grace):
    """When Kamailio has to refuse what is new, in seconds since 1970: once the entry had time to send it elsewhere; None: never."""
    try:
        return int(os.stat(DRAINING).st_mtime) + grace
    except FileNotFoundError:
        return None


def parse(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def main():
    config = json.load(open(CONFIG))
    directory, kamailio = Directory(), Kamailio()
    reader = Reader(config)
    reader.start()
    keys = Keys(config)
    keys.start()
    # Those that Kamailio has.
    told = None
    complete, loaded, trusted, next_load = directory.is_complete(), False, None, 0.0
    # From when on Kamailio refuses what is new, as it was sent; UNTOLD until then.
    drained = UNTOLD
    # Whether Kamailio has our tables; None until it was asked.
    holds = None
    while True:
        # 1. What the directory says, and what follows from it for Kamailio.
        changed, peers_changed = [], trusted is None
        try:
            what, found = reader.read.get(timeout=0.2)
            directory.db.execute("begin")
            if what == "all":
                gone = directory.names() - found if found is not None else ()
                found = [json.dumps({"kind": kind, "name": name, "deleted": True}) for kind, name in gone]
                complete = True
                directory.db.execute("pragma user_version = 1")
            for text in found:
                item = parse(text)
                changed += directory.take(item)
                peers_changed |= isinstance(item, dict) and item.get("kind") in ("cell", "edge")
            changed += directory.take_waiting()
            # One that has just restarted will get everything.
            if holds is not False:
                directory.note(changed)
            directory.db.execute("commit")
        except queue.Empty:
            pass

        # 2. Tell Kamailio: everything after it restarted, else what has changed.
        try:
            if kamailio.socket is None:
                kamailio.open()
            holds = kamailio.holds_our_tables()
            if not holds:
                told, drained = None, UNTOLD
            # First of all: it must not say for a moment that it takes new calls.
            if drained != refuse_from(config["graceSeconds"]):
                drained = refuse_from(config["graceSeconds"])
                kamailio.ask(*(("htable.delete", "agent", "draining") if drained is None else ("htable.seti", "agent", "draining", drained)))
            if keys.known is not told and keys.tell(kamailio):
                told = keys.known
            # Without a key it could prove to no cell what it sends there.
            if holds:
                directory.tell(kamailio)
            elif complete and told is not None and time.monotonic() >= next_load:
                started, before = time.monotonic(), kamailio.refusals
                kamailio.push(directory.everything())
                if kamailio.refusals > before:
                    # An edge that knows a part of the tenants would tell the others that they do not exist.
                    next_load = time.monotonic() + 60
                    log("Kamailio refused %d of %d entries: this edge stays out of service" % (kamailio.refusals - before, directory.count()))
                else:
                    kamailio.ask("htable.sets", "agent", "loaded", "1")
                    holds = True
                    log("Kamailio holds %d entries, loaded in %.1f s" % (directory.count(), time.monotonic() - started))
            loaded = holds
        except OSError:
            kamailio.close()
            loaded, drained = False, UNTOLD

        # 3. Say so.
        if peers_changed:
            peers = directory.peers()
            if peers != trusted and trust(peers):
                trusted = peers
        status = {
            "loaded": loaded,
            "entries": directory.count(),
            "refused": directory.refused,
            "refusedByKamailio": kamailio.refusals,
            "untold": directory.untold(),
            "directory": reader.state,
            "draining": drained not in (None, UNTOLD),
        }
        with open(STATUS + ".new", "w") as file:
            json.dump(status, file)
        os.replace(STATUS + ".new", STATUS)


if __name__ == "__main__":
    sys.exit(main())
