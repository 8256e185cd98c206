#!/usr/bin/python3
"""Decides which host holds the address of each media relay, and with it the calls: the home host, or the neighbour that takes over.

  relays serve           runs the service cellstamp-relays
  relays list            prints a line for each relay of this host: its number, this host's role, and its state
  relays ready           exit status 0 if this host holds its own relay's address, or follows the neighbour that holds it
  relays move NUMBER     moves this host's own relay to the neighbour, with its calls, and keeps it there
  relays home NUMBER     lets it come back
  relays leave           before this host stops: moves its own relay to the neighbour, and waits until no call is left on it or on a
                         relay of another host
  relays await own|guest before the rtpengine of one of the two starts: waits some seconds for the calls to arrive

A relay has two hosts, its home and one neighbour. Each runs an rtpengine for it, and only one of them, the holder, has the relay's
address. The holder's lease runs for LEASE seconds from the time of its request. It asks both SBCs and the neighbour:

  the home host needs the grant of the neighbour, since nobody else may take over, or the grants of both SBCs
  the neighbour needs its own grant and that of one SBC

Any two such sets share a grantor, and a grantor gives its grant to one host at a time. So there is at most one holder, whichever hosts
are lost or cut off. Packets leave from the address only while it is in two sets of the kernel (nftables), whose elements expire with the
lease: a host that was frozen sends nothing when it wakes up, even before this program runs.

The host that does not hold the address follows: its Redis is a replica of the holder's, and its rtpengine reads the calls there. When
the holder falls silent, the follower takes the address. When the home host is back and has read all calls, it asks for the address and
gets it by a planned hand-over. Requests are authenticated by a key of the cell and a challenge that is valid once, so that a recorded
one is worthless.

A host is a name and an address: another machine that becomes the same host gets no grant while the one before it has the relay. Where
addresses of hosts change, the configuration is replaced, and this program follows it.
"""
import ctypes, hashlib, hmac, json, os, queue, re, select, signal, socket, subprocess, sys, threading, time

CONFIG = "/etc/cellstamp/relays.json"
COMMANDS = "/run/cellstamp-relays/commands"
# As old as this service's last sign of life.
ALIVE = "/run/cellstamp-relays/alive"
# There while the relay with this number is to stay with the neighbour.
AWAY = "/run/cellstamp-relays/away-%d"
LEASE = 1.0
# The holder ends its own lease so much earlier: clocks of two machines do not run alike.
MARGIN = 0.02
RENEW = 0.2
# How long an answer is waited for. Without enough of them it is tried again at once.
PATIENCE = 0.1
# An rtpengine that is silent for so long has failed.
RELAY_PATIENCE = 0.8
# How long the start of an rtpengine waits for the calls of the other host.
AWAITED = 5.0
# How long a host that leaves waits for somebody to take a relay without calls.
UNUSED = 10.0
# How long a neighbour keeps the home host off that has lost the calls which it has.
INSISTS = 5.0
# A home host has all calls, and has been well for so long, before it asks for its address.
SETTLED = 3.0
# With a copy that is older than this a neighbour does not take over. Calls last for minutes: most of those that it knows are still up.
OLDEST_COPY = 30.0
# So long after a host has taken an address, packets have come for every call that has any.
PACKETS_CAME = 2.0
# How long an rtpengine may take to write all its calls.
WRITES = 60.0
NFT_TABLES = ("inet cellstamp_relays", "arp cellstamp_relays")


def log(text):
    print(text, file=sys.stderr, flush=True)


def now():
    return time.monotonic()


class Wire:
    """Messages that are proved by the cell's key: its SHA-256 HMAC, then JSON."""

    def __init__(self, secret):
        self.key = hmac.new(secret.encode(), b"relay leases", hashlib.sha256).digest()

    def pack(self, message):
        text = json.dumps(message, separators=(",", ":")).encode()
        return hmac.new(self.key, text, hashlib.sha256).digest() + text

    def unpack(self, data):
        """None for what nobody here has said."""
        if not hmac.compare_digest(hmac.new(self.key, data[32:], hashlib.sha256).digest(), data[:32]):
            return None
        return json.loads(data[32:])


class Grantor:
    """Gives its word for a relay's address to one of the relay's two hosts at a time."""

    def __init__(self, config, wire):
        self.config, self.wire, self.lock = config, wire, threading.Lock()
        # Number of a relay => (host, its address, until when), and host and address => the challenge that its next ask must have.
        self.words, self.challenges = {}, {}
        # What it promised before it was started nobody knows any more.
        self.silent_until = now() + LEASE
        # Number of a relay => what its follower on this host says to an ask of the holder, see Relay.
        self.relays = {}
        # The version of the configuration that this program has.
        self.read_at = None

    def holder(self, number):
        host, _, until = self.words.get(number, (None, None, 0))
        return host if until > now() else None

    def grant(self, number, host, at):
        with self.lock:
            if now() < self.silent_until or (self.holder(number) is not None and self.words[number][:2] != (host, at)):
                return False
            self.words[number] = (host, at, now() + LEASE)
            return True

    def release(self, number, host, at):
        with self.lock:
            if self.words.get(number, ())[:2] == (host, at):
                del self.words[number]

    def answer(self, ask):
        sender, at, number = ask["from"], ask.get("at"), ask["relay"]
        if ask["to"] != self.config["name"] or sender not in self.config["grants"].get(str(number), ()):
            return None
        answer = {"to": sender, "from": ask["to"], "nonce": ask["nonce"], "ok": False}
        expected = self.challenges.setdefault((sender, at), os.urandom(8).hex())
        if ask.get("challenge") != expected:
            return {**answer, "challenge": expected, "again": True}
        self.challenges[sender, at] = os.urandom(8).hex()
        relay = self.relays.get(number)
        if ask["op"] == "release":
            self.release(number, sender, at)
            answer["ok"] = True
        elif ask["op"] in ("take", "renew"):
            # The neighbour does not give its word to one that has come back without the calls.
            if relay is None or relay.lets(ask):
                answer["ok"] = self.grant(number, sender, at)
        elif relay is not None:
            answer["ok"] = relay.told(ask)
        return {**answer, "challenge": self.challenges[sender, at], "holder": self.holder(number), "mine": relay is not None and relay.wants_it(ask)}

    def follow_config(self):
        """Where the other hosts are may change; who they are does not while this program runs."""
        try:
            changed = os.stat(CONFIG).st_mtime_ns
            if changed != self.read_at:
                with open(CONFIG) as file:
                    config = json.load(file)
                for one in config["relays"] if self.read_at is not None else []:
                    if one["number"] in self.relays:
                        self.relays[one["number"]].readdress(config, one)
                self.read_at = changed
        # It is being written.
        except (OSError, ValueError):
            pass

    def serve(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(tuple(self.config["listen"]))
        s.settimeout(1)
        touched = 0.0
        while True:
            if now() - touched > 1:
                touched = now()
                with open(ALIVE, "w"):
                    pass
                self.follow_config()
            try:
                data, address = s.recvfrom(2048)
                ask = self.wire.unpack(data)
                answer = ask and self.answer(ask)
                if answer:
                    s.sendto(self.wire.pack(answer), address)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                pass


class Asker:
    """Asks grantors on other hosts, all at once."""

    def __init__(self, config, wire, number):
        self.name, self.at, self.wire, self.number = config["name"], config["listen"][0], wire, number
        self.challenges = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((config["listen"][0], 0))

    def ask(self, grantors, op, enough=lambda answers: False, **more):
        """Answers by name, of those that gave one in time, or until there are enough."""
        nonce, answers, end = os.urandom(8).hex(), {}, now() + PATIENCE

        def send(name):
            message = {"to": name, "from": self.name, "at": self.at, "nonce": nonce, "op": op, "relay": self.number, "challenge": self.challenges.get(name), **more}
            try:
                self.socket.sendto(self.wire.pack(message), tuple(grantors[name]))
            except OSError:
                pass

        for name in grantors:
            send(name)
        while len(answers) < len(grantors) and not enough(answers):
            if not select.select([self.socket], [], [], max(0, end - now()))[0]:
                break
            try:
                answer = self.wire.unpack(self.socket.recv(2048))
                if answer is None or answer["to"] != self.name:
                    continue
                sender = answer["from"]
                self.challenges[sender] = answer["challenge"]
                # One to an ask before came late.
                if answer["nonce"] != nonce:
                    continue
                if answer.get("again"):
                    send(sender)
                else:
                    answers[sender] = answer
            except (OSError, ValueError, KeyError, TypeError):
                pass
        return answers


class Redis:
    """One Redis of this host, a command after the other."""

    def __init__(self, port, password):
        self.port, self.password, self.file = port, password, None

    def ask(self, *words):
        """Its answer; None if it gives none."""
        for _ in range(2):
            try:
                if self.file is None:
                    s = socket.create_connection(("127.0.0.1", self.port), timeout=0.5)
                    self.file = s.makefile("rwb")
                    self.send("AUTH", self.password)
                return self.send(*words)
            except (OSError, ValueError):
                self.file = None
        return None

    def send(self, *words):
        self.file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words))
        self.file.flush()
        line = self.file.readline().decode()
        if not line:
            raise OSError("closed")
        if line[0] == "$":
            return self.file.read(int(line[1:]) + 2).decode()
        return line[1:].strip()

    def info(self):
        """What it says of itself; empty if it says nothing."""
        text = (self.ask("INFO", "replication") or "") + (self.ask("INFO", "server") or "")
        info = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if info.get("role") == "slave":
            # "id=7 addr=...". A partial resynchronisation takes up the client of the link before, a full one makes another.
            info["master_client"] = (self.ask("CLIENT", "LIST", "TYPE", "master") or "").split(" ")[0].strip()
        return info

    def follow(self, master):
        """None: it is to be a master. What it says to that starts with OK if it has done so."""
        return self.ask("REPLICAOF", *(["NO", "ONE"] if master is None else [master[0], str(master[1])]))


def identity(info):
    """
    Identifies this Redis, the master of its data, and the load of all of it. An rtpengine that has read from another one must restart:
    such a load tells nobody which keys have changed. None: no data yet.
    """
    words = [info.get("run_id"), info.get("master_replid")]
    if info.get("role") == "slave":
        if info.get("master_link_status") != "up" or info.get("master_sync_in_progress") != "0" or not info.get("master_client"):
            return None
        words.append(info["master_client"])
    return " ".join(words) if all(words) else None


class Fence:
    """
    What may leave from relay addresses: two sets of the kernel, and an address must be in both. Each is filled after a look at the clock
    of its own. A host may be frozen between the look and the filling; but not at both without the first having expired.
    """

    def __init__(self):
        self.nft = ctypes.CDLL("libnftables.so.1")
        self.nft.nft_ctx_new.restype = ctypes.c_void_p
        self.context, self.lock = ctypes.c_void_p(self.nft.nft_ctx_new(0)), threading.Lock()

    def run(self, text):
        with self.lock:
            return self.nft.nft_run_cmd_from_buffer(self.context, text.encode()) == 0

    def open(self, addresses, until):
        elements = ", ".join(addresses)
        for name in ("asked", "granted"):
            lines = [line for table in NFT_TABLES for line in (
                # Kernels before 6.12 do not prolong an element that is there.
                "add element %s %s { %s }" % (table, name, elements),
                "delete element %s %s { %s }" % (table, name, elements),
                "add element %s %s { %s }" % (table, name, ", ".join("%s timeout %dms" % (address, max(1, (until - now()) * 1000)) for address in addresses)),
            )]
            if until <= now() or not self.run("\n".join(lines)):
                return False
        return True

    def close(self, addresses):
        elements = ", ".join(addresses)
        for table in NFT_TABLES:
            self.run("add element %s asked { %s }\ndelete element %s asked { %s }" % (table, elements, table, elements))


class Relay:
    """One of the two hosts of a relay."""

    def __init__(self, config, relay, wire, grantor, fence):
        self.name, self.at, self.number, self.home = config["name"], config["listen"][0], relay["number"], relay["home"]
        self.addresses, self.peer, self.peer_at = relay["addresses"], relay["peer"], relay["peerAt"]
        self.sbcs, self.claim, self.pid_file, self.copy_file = config["sbcs"], config["claim"], relay["pid"], relay["copy"]
        self.cli, self.peer_redis = relay["cli"], relay["peerRedis"]
        self.grantor, self.fence, self.asker = grantor, fence, Asker(config, wire, self.number)
        self.redis = Redis(relay["redis"], config["redisPassword"])
        self.holding, self.until = False, 0.0
        # When its rtpengine answered last, how many calls it knew, and how many of them it had not made its own.
        self.answered, self.calls, self.foreign = 0.0, 0, 0
        # When it took the address.
        self.taken = 0.0
        # Follower: since when it has all calls; of which Redis of the home host, and until when; whether that is asked for.
        self.settled, self.copied, self.copied_at, self.wanted = None, None, 0.0, False
        # Since when it keeps the home host off.
        self.insists = None
        # Home: its relay is to stay with the neighbour.
        self.away = self.home and os.path.exists(AWAY % self.number)
        # The other host has asked for the address; it has been given, with how far the replica must have got.
        self.asked_for, self.given = threading.Event(), queue.Queue()
        # The run of this host's own Redis, and of the home host's, as it last said.
        self.run_id, self.run_of_home = None, None
        # The other host is to have the address first.
        self.not_before, self.next_move = 0.0, 0.0
        self.said, self.stopped = None, False

    def say(self, text):
        if text != self.said:
            log("relay %d: %s" % (self.number, text))
            self.said = text

    def readdress(self, config, relay):
        if relay["peer"] == self.peer:
            self.sbcs, self.peer_at, self.peer_redis = config["sbcs"], relay["peerAt"], relay["peerRedis"]

    # --- What the other host is answered, in the grantor's thread.

    def lets(self, ask):
        """Whether this neighbour may give the home host its word."""
        if self.home or self.wants_it(ask):
            return False
        self.run_of_home = ask["run"]
        return True

    def wants_it(self, ask):
        """It has calls that the home host has lost: that one is to let it go first. But not for ever, should it be unable to."""
        if self.home or self.holding or ask["op"] != "take" or self.copied in (None, ask["run"]) or not self.alive():
            return False
        self.insists = self.insists or now()
        return now() - self.insists < INSISTS

    def told(self, ask):
        if ask["op"] == "give":
            if self.holding:
                # Its answer goes to whoever asks, which may be on another machine by now.
                self.peer_at = [ask.get("at") or self.peer_at[0], self.peer_at[1]]
                self.asked_for.set()
            return self.holding
        if ask["op"] == "given":
            self.given.put(ask["offset"])
            return True
        if ask["op"] == "move" and not self.home:
            self.wanted = True
            return True
        return False

    # --- What the commands of root on this host ask for.

    def stay_away(self, away):
        """In a file: this program may be started again while its host is drained."""
        if away:
            with open(AWAY % self.number, "w"):
                pass
        elif os.path.exists(AWAY % self.number):
            os.unlink(AWAY % self.number)
        self.away = away

    # --- Its rtpengine.

    def ask_rtpengine(self, command, patience=0.5):
        """What its command line answers; nothing if it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.cli), timeout=patience) as s:
                s.sendall(command + b"\n")
                return s.makefile("rb").read()
        except OSError:
            return b""

    def watch_rtpengine(self):
        while True:
            started = now()
            answer = self.ask_rtpengine(b"list numsessions")
            if answer:
                self.answered = now()
                self.calls, self.foreign = (int((re.findall(word + rb": *(\d+)", answer) or [0])[0]) for word in (b"total", b"foreign"))
            time.sleep(max(0.05, started + RENEW - now()))

    def watch_calls(self, redis):
        while True:
            info = redis.info()
            self.run_id = info.get("run_id", self.run_id)
            # A Redis that did not answer when this host took the address.
            still_copies = self.holding and info.get("role") == "slave" and (redis.follow(None) or "").startswith("OK")
            # Calls become rtpengine's own with their first packet. Those that have fallen silent on both sides would stay foreign, and
            # its timer leaves these alone, however long they are silent.
            silent = self.holding and self.foreign > 0 and now() - self.taken > PACKETS_CAME
            if still_copies or silent:
                # All calls are its own then, and it writes them. It waits for silentSeconds before it ends one without a packet.
                self.ask_rtpengine(b"active", WRITES)
            time.sleep(1)

    def alive(self):
        return now() - self.answered < RELAY_PATIENCE

    def restart_rtpengine(self):
        """It reads all calls when its service starts it again."""
        try:
            os.kill(int(open(self.pid_file).read()), signal.SIGKILL)
        except (OSError, ValueError):
            pass

    def has_read(self, info):
        try:
            return identity(info) is not None and open(self.copy_file).read().strip() == identity(info)
        except OSError:
            return False

    # --- The lease.

    def grantors(self):
        return {**self.sbcs, self.peer: self.peer_at} if self.home else dict(self.sbcs)

    def enough(self, answers):
        said = {name for name, answer in answers.items() if answer["ok"]}
        if self.home:
            return self.peer in said or len(said & self.sbcs.keys()) == len(self.sbcs)
        return bool(said)

    def ask(self, op):
        """Until when this host may hold the address, or None; and the answers."""
        asked = now()
        if not self.home and not self.grantor.grant(self.number, self.name, self.at):
            return None, {}
        # While it holds the address, the first that suffice; else all, for who says no has a reason.
        answers = self.asker.ask(self.grantors(), op, self.enough if op == "renew" else lambda answers: False, run=self.run_id)
        # Of one whose neighbour is about to be another, the neighbour before may have it: only the SBCs know.
        elsewhere = op == "take" and any(not answer["ok"] and answer.get("holder") for answer in answers.values())
        return (asked + LEASE - MARGIN if self.enough(answers) and not elsewhere else None), answers

    def release(self):
        self.grantor.release(self.number, self.name, self.at)
        self.asker.ask({**self.sbcs, **({self.peer: self.peer_at} if self.home else {})}, "release")

    def put_address(self, where):
        if subprocess.run([self.claim, where, str(self.number)]).returncode != 0:
            log("relay %d: %s %s has failed" % (self.number, self.claim, where))

    def take(self, until, why):
        answer = self.redis.follow(None)
        # While it loads what a master sent it stays a copy, which keeps no call. One that gives no answer need not stand in the way
        # of calls: rtpengine has them, and it is made a master later.
        if answer is not None and not answer.startswith("OK"):
            self.say("does not take the address: its Redis stays a copy: %s" % answer)
            self.release()
            return time.sleep(RENEW)
        if not self.fence.open(self.addresses, until):
            self.release()
            return
        self.holding, self.until, self.taken, self.wanted = True, until, now(), False
        self.settled, self.copied, self.insists = None, None, None
        self.asked_for.clear()
        self.put_address("take")
        self.say("holds the address: %s" % why)

    def leave(self, why):
        self.fence.close(self.addresses)
        self.holding = False
        self.put_address("drop")
        self.settled = None
        self.say("has left the address: %s" % why)

    def keep(self):
        started = now()
        if started > self.until:
            return self.leave("its lease has expired")
        if not self.alive():
            self.leave("its rtpengine does not answer")
            return self.release()
        if self.asked_for.is_set():
            return self.hand_over()
        until, _ = self.ask("renew")
        if until is None:
            # Tried again at once, as long as the lease runs.
            return time.sleep(0.02)
        self.until = until
        self.fence.open(self.addresses, until)
        if self.away and now() > self.next_move:
            self.next_move = now() + 1
            self.asker.ask({self.peer: self.peer_at}, "move")
        self.asked_for.wait(max(0, started + RENEW - now()))

    def hand_over(self):
        self.asked_for.clear()
        self.not_before = now() + 2 * LEASE
        self.leave("handed over to %s" % self.peer)
        offset = int(self.redis.info().get("master_repl_offset", 0))
        self.release()
        # Twice: a datagram may be lost, and then the other one takes the address when it has waited for it.
        for _ in range(2):
            if self.asker.ask({self.peer: self.peer_at}, "given", offset=offset):
                break

    # --- Without the address.

    def wait(self):
        info = self.redis.info()
        self.run_id = info.get("run_id", self.run_id)
        (self.wait_at_home if self.home else self.wait_as_neighbour)(info)

    def follow(self, info):
        """Has the calls of the other host, who holds the address."""
        host, port = self.peer_redis
        if info.get("role") == "master" or info.get("master_host") != host:
            self.redis.follow((host, port))
            self.settled = None
            return
        if identity(info) is None:
            self.settled = None
        elif not self.has_read(info):
            # It may be starting just now, and reads them then.
            if self.settled is not None or self.alive():
                self.say("reads the calls of %s" % self.peer)
                self.restart_rtpengine()
                self.answered = 0.0
            self.settled = None
        elif not self.alive():
            self.settled = None
        elif self.settled is None:
            self.settled = now()
            self.say("follows %s" % self.peer)

    def asks_back(self):
        """Asks the holder for the address."""
        while not self.given.empty():
            self.given.get()
        answer = self.asker.ask({self.peer: self.peer_at}, "give").get(self.peer)
        if not answer or not answer["ok"]:
            return
        try:
            offset = self.given.get(timeout=0.5)
        except queue.Empty:
            offset = 0
        end = now() + LEASE + 0.5
        while now() < end:
            until, _ = self.ask("take")
            if until is not None:
                while int(self.redis.info().get("slave_repl_offset", 0)) < offset and now() < until - 0.5:
                    time.sleep(0.002)
                return self.take(until, "handed over by %s" % self.peer)
            time.sleep(0.02)

    def wait_at_home(self, info):
        if now() < self.not_before:
            return time.sleep(0.05)
        until, answers = (None, {}) if self.settled else self.ask("take")
        neighbour = answers.get(self.peer, {})
        if until is not None and self.alive() and not neighbour.get("mine") and neighbour.get("holder") != self.peer:
            return self.take(until, "nobody else has it")
        if until is not None or any(answer["ok"] for answer in answers.values()):
            # Nobody may wait for a word that is not used.
            self.release()
        if self.settled or any(answer.get("holder") == self.peer for answer in answers.values()):
            self.follow(info)
            if self.settled:
                # Does the neighbour still hold it?
                probe = self.asker.ask(self.sbcs, "holder")
                if probe and all(answer.get("holder") != self.peer for answer in probe.values()):
                    until, _ = self.ask("take")
                    if until is not None:
                        return self.take(until, "%s is gone" % self.peer)
                elif not self.away and now() - self.settled > SETTLED:
                    return self.asks_back()
        time.sleep(RENEW)

    def wait_as_neighbour(self, info):
        home = self.grantor.holder(self.number)
        if home == self.peer:
            self.follow(info)
            if self.settled:
                self.copied, self.copied_at, self.insists = self.run_of_home, now(), None
                if self.wanted:
                    return self.asks_back()
            elif now() - self.copied_at > OLDEST_COPY:
                self.copied = None
        elif now() < self.not_before:
            pass
        elif info.get("role") == "master" and self.copied is None and self.redis.ask("DBSIZE") not in (None, "0"):
            # This program was started again while it held the address.
            self.copied, self.copied_at = "unknown", now()
        elif self.copied is not None and self.alive() and now() > self.grantor.silent_until:
            until, answers = self.ask("take")
            if until is not None:
                return self.take(until, "%s is silent" % self.peer)
            self.release()
        time.sleep(0.05 if home is None else RENEW)

    def serve(self):
        self.put_address("drop")
        self.fence.close(self.addresses)
        while not self.stopped:
            try:
                (self.keep if self.holding else self.wait)()
            except (OSError, ValueError) as error:
                log("relay %d: %s" % (self.number, error))
                time.sleep(RENEW)

    def state(self):
        part = "home" if self.home else "neighbour"
        does = "holds" if self.holding else "follows" if self.settled else "waits"
        return "%d %s %s%s" % (self.number, part, does, " away" if self.away else "")


class Teller(threading.Thread):
    """Tells the Kamailio of this SBC which relays are with their neighbour, and when one moved last."""

    def __init__(self, config, grantor):
        super().__init__(daemon=True)
        self.rpc_path, self.homes, self.grantor = config["kamailio"], config["homes"], grantor
        self.controls = config["controls"]
        # Number of a relay => its holder, and since when, in seconds since 1970; 0: since before this program started.
        self.holders = {}

    def rpc(self, method, *params):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            # An address of its own, to which the answer goes; it makes no file.
            s.bind("")
            s.connect(self.rpc_path)
            s.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1}).encode())
            s.recv(65536)

    def run(self):
        told_at, changed_at = 0.0, 0.0
        while True:
            changed = False
            for number in self.homes:
                holder = self.grantor.holder(int(number))
                before, _ = self.holders.get(number, (None, 0))
                if holder is not None and holder != before:
                    self.holders[number] = (holder, 0 if before is None else int(time.time()))
                    changed = True
            if changed:
                changed_at = now()
            # Repeated, because Kamailio may have been restarted. After a change more often: a question that was on its way while
            # nobody had the address is found unanswered later, and the relay taken for lost.
            if changed or now() - told_at > (0.3 if now() - changed_at < 2 else 2):
                try:
                    for number, (holder, since) in self.holders.items():
                        if holder == self.homes[number]:
                            self.rpc("htable.delete", "guests", number)
                        else:
                            self.rpc("htable.seti", "guests", number, 1)
                        if since:
                            self.rpc("htable.seti", "moved", number, since)
                        if time.time() - since < 3 and self.grantor.holder(int(number)) == holder:
                            self.rpc("rtpengine.enable", self.controls[number], 1)
                            self.rpc("htable.seti", "alive", number, 1)
                    told_at = now()
                except OSError:
                    pass
            time.sleep(0.1)


def commands(relays):
    """Answers the commands of root on this host, a line each."""
    if os.path.exists(COMMANDS):
        os.unlink(COMMANDS)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(COMMANDS)
    os.chmod(COMMANDS, 0o600)
    listener.listen(4)
    while True:
        client, _ = listener.accept()
        with client:
            try:
                client.settimeout(1)
                verb, *rest = client.recv(256).decode().split()
                own = [relay for relay in relays if relay.home and rest == [str(relay.number)]]
                if verb == "leave":
                    for relay in relays:
                        if relay.home and not relay.away:
                            relay.stay_away(True)
                    held = [relay for relay in relays if relay.holding]
                    client.sendall(("%d %d\n" % (len(held), sum(relay.calls for relay in held))).encode())
                elif verb == "list":
                    client.sendall("".join(relay.state() + "\n" for relay in relays).encode())
                elif verb in ("move", "home") and own:
                    own[0].stay_away(verb == "move")
                    client.sendall(b"ok\n")
            except (OSError, ValueError):
                pass


def serve(config):
    try:
        # A busy host must not lose its lease for want of a millisecond.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    except OSError as error:
        log("no real-time priority: %s" % error)
    wire = Wire(config["secret"])
    grantor = Grantor(config, wire)
    if "kamailio" in config:
        Teller(config, grantor).start()
    if config["relays"]:
        fence = Fence()
        relays = [Relay(config, relay, wire, grantor, fence) for relay in config["relays"]]
        grantor.relays = {relay.number: relay for relay in relays}
        for relay in relays:
            watcher = Redis(relay.redis.port, config["redisPassword"])
            for work in (relay.watch_rtpengine, lambda relay=relay, watcher=watcher: relay.watch_calls(watcher), relay.serve):
                threading.Thread(target=work, daemon=True).start()
        threading.Thread(target=commands, args=(relays,), daemon=True).start()
        signal.signal(signal.SIGTERM, lambda *_: stop(relays))
    grantor.serve()


def stop(relays):
    """The neighbours need not wait for the leases to expire."""
    for relay in relays:
        relay.stopped = True
        if relay.holding:
            relay.leave("is stopped")
            relay.release()
    os._exit(0)


def ask_service(*words):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(2)
        s.connect(COMMANDS)
        s.sendall(" ".join(words).encode())
        return s.makefile().read()


def leave():
    began, said = now(), None
    while True:
        held, calls = map(int, ask_service("leave").split())
        if held == 0 or (calls == 0 and now() - began > UNUSED):
            return print("relays: no call is left here")
        if calls != said:
            said = calls
            print("relays: %d calls on %d relays are left here" % (calls, held), flush=True)
        time.sleep(0.2)


def await_calls(relay, redis):
    """Notes which Redis with whose data the rtpengine will read."""
    end = now() + AWAITED
    while True:
        info = redis.info()
        known = identity(info)
        # The neighbour's is empty until it follows.
        if known and (info["role"] == "slave" or relay["home"] or redis.ask("DBSIZE") != "0") or now() > end:
            break
        time.sleep(0.05)
    with open(relay["copy"], "w") as file:
        file.write(known or "none")


def main(verb=None, *words):
    if (verb, len(words)) not in (("serve", 0), ("list", 0), ("ready", 0), ("leave", 0), ("move", 1), ("home", 1), ("await", 1)):
        print(__doc__, file=sys.stderr)
        return 2
    if verb in ("serve", "await"):
        with open(CONFIG) as file:
            config = json.load(file)
        if verb == "serve":
            serve(config)
        relay = next(relay for relay in config["relays"] if relay["home"] == (words[0] == "own"))
        await_calls(relay, Redis(relay["redis"], config["redisPassword"]))
        return 0
    try:
        if verb == "leave":
            leave()
            return 0
        answer = ask_service("list" if verb == "ready" else verb, *words)
    except (OSError, ValueError) as error:
        print("relays: the service does not answer: %s" % error, file=sys.stderr)
        return 1
    if not answer:
        print("relays: this is not the home of relay %s" % " ".join(words), file=sys.stderr)
        return 2
    if verb == "ready":
        return 0 if " home holds" in answer or " home follows" in answer else 1
    print(answer, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
