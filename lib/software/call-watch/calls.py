#!/usr/bin/python3
"""The calls of this cell, as the Kamailio of this SBC has them.

  calls list [--tenant NAME]                    prints a JSON object for each call, one a line
  calls end [--tenant NAME] NAME|CALL-ID ...    ends them with a BYE to each side, and prints which; on the active SBC only
  calls watch                                   the service cellstamp-call-watch

The service ends a call that has one silent side: of which no packet has come for the seconds in the call's entry, RTCP among them,
although it has sent before, both sides are to send and to receive, and nothing in their descriptions lets them suppress silence. It
asks the relays, each call at a bounded rate, and only calls that have lasted for so long. Only the service of the active SBC does.
No answer, or one that is not understood, says nothing about a call.

It also deletes what a relay has of no call: an SBC died between its offer and the call, or its BYE got lost. That is a session that
this SBC does not know, and of which the relay has heard nothing, from either side or from an SBC, for the seconds of the configuration.
"""
import http.client, json, os, socket, sys, time

CONFIG = "/etc/cellstamp/calls.json"
# Seconds. On this host, and across the cell's network.
PATIENCE = 2
RELAY_PATIENCE = 0.5
# A relay that is silent so often is not asked again in the same round.
RELAY_TRIES = 2
# Calls a second that the relays are asked for at most: 10,000 take 50 s.
RATE = 200
# Sessions of one relay that no call has, and that are looked at in one round.
MOST_STRAYS = 500
# The active SBC ends calls once a second.
END_PATIENCE = 5


class Failure(Exception):
    """What could not be done, in words for an operator."""


def log(text):
    print(text, file=sys.stderr, flush=True)


class Kamailio:
    def __init__(self, config):
        self.config = config

    def rpc(self, method, *params):
        """The result of a JSON-RPC command; None if Kamailio refuses it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(PATIENCE)
            try:
                # An address of its own, to which the answer goes; it makes no file.
                s.bind("")
                s.connect(self.config["rpc"])
                s.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1}).encode())
                answer = json.loads(s.recv(65536))
            except (OSError, ValueError) as error:
                raise Failure("Kamailio does not answer: %s" % error)
        return answer.get("result")

    def shared(self, name):
        return (self.rpc("pv.shvGet", name) or {}).get("value")

    def active(self):
        return self.shared("active") == 1

    def knows_all(self):
        """Whether the other SBC has told its calls, or is away."""
        return self.shared("synced") == 1 or time.time() - (self.shared("heard") or 0) > self.config["quietSeconds"]

    def holds(self, name):
        return self.rpc("htable.get", "calls", name) is not None

    def end(self, name, why):
        self.rpc("htable.sets", "ending", name, why)

    def calls(self):
        """All calls. Kamailio tells them in datagrams: where one was lost it is asked again."""
        for _ in range(5):
            calls = self.ask_calls()
            if calls is not None:
                return calls
        raise Failure("Kamailio does not tell its calls")

    def ask_calls(self):
        address, port = self.config["self"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(PATIENCE)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.bind((address, 0))
            s.connect((address, port))
            own = "%s:%d" % s.getsockname()
            mark = os.urandom(8).hex()
            lines = [
                "INFO sip:calls@%s:%d SIP/2.0" % (address, port),
                "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s" % (own, mark),
                "From: <sip:calls@%s>;tag=%s" % (own, mark),
                "To: <sip:calls@%s:%d>" % (address, port),
                "Call-ID: " + mark,
                "CSeq: 1 INFO",
                "Max-Forwards: 1",
                "Content-Length: 0",
            ]
            calls, count = [], 0
            try:
                s.send(("\r\n".join(lines) + "\r\n\r\n").encode())
                while True:
                    for line in s.recv(65536).decode(errors="replace").splitlines():
                        if line.startswith("."):
                            return calls if count == int(line[1:]) else None
                        count += 1
                        try:
                            calls.append(Call(line, self.config))
                        except (KeyError, ValueError):
                            log("not the entry of a call: " + line)
            except OSError:
                return None


class Call:
    """One line of the list: NAME|1 if its silence may be suppressed|entry."""

    def __init__(self, line, config):
        self.name, suppressing, *values = line.split("|")
        entry = dict(zip(config["fields"], values))
        self.tenant, self.call_id, self.kind = entry["tenant"], entry["callId"], entry["kind"]
        self.relay = int(entry["media"])
        self.relayed = self.name + entry["leg"]
        self.callee_tag = entry.get("answeredBy", "")
        self.answered = float(entry["answered"]) if entry.get("answered") else None
        self.one_sided = 0 if suppressing else int(entry["oneSided"])
        self.told = {
            "call": self.call_id,
            "id": self.name,
            "tenant": self.tenant,
            "kind": self.kind,
            "from": entry["from"],
            "to": entry["to"],
            "trunk": entry["trunk"],
            "media": "media-" + entry["media"],
            "invited": float(entry["invited"]),
            "answered": self.answered,
        }


class Relays:
    """The relays by their ng protocol, in JSON, a question after the other."""

    def __init__(self, config):
        self.config, self.hosts = config, {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(RELAY_PATIENCE)
        # A relay answers a cookie that it knows with what it answered before: this one no other process has, nor this one again.
        self.start, self.turn = "%d-%x" % (os.getpid(), time.time_ns()), 0

    def look(self):
        """Which there are, by their numbers, and where: they come and go."""
        try:
            with open(self.config["media"]) as file:
                lines = [line.split() for line in file]
            self.hosts = {int(number): relay for number, _, _, relay in lines}
        except (OSError, ValueError) as error:
            raise Failure("the list of media hosts can't be read: %s" % error)

    def question(self, **command):
        self.turn += 1
        return ("%s-%d " % (self.start, self.turn)).encode(), json.dumps(command).encode()

    def query(self, relay, call_id):
        """What a relay knows of a call; None if it does not answer."""
        return self.ask(relay, {"command": "query", "call-id": call_id})

    def delete(self, relay, call_id):
        self.ask(relay, {"command": "delete", "call-id": call_id})

    def sessions(self, relay):
        """The calls of a relay, by their names; None if it does not answer. By TCP: the names of 2,500 fill a datagram."""
        cookie, question = self.question(command="list", limit=1000000)
        connection = http.client.HTTPConnection(self.hosts[relay], self.config["metricsPort"], timeout=PATIENCE)
        try:
            connection.request("POST", "/ng", cookie + question, {"Content-Type": "application/x-rtpengine-ng"})
            answer = connection.getresponse().read()
            return json.loads(answer[len(cookie) :])["calls"] if answer.startswith(cookie) else None
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def ask(self, relay, command):
        cookie, question = self.question(**command)
        try:
            self.socket.sendto(cookie + question, (self.hosts[relay], self.config["controlPort"]))
            while True:
                answer = self.socket.recv(65536)
                # One to a question before came late.
                if answer.startswith(cookie):
                    return json.loads(answer[len(cookie) :])
        except (OSError, ValueError):
            return None


def sides_of(answer, callee_tag):
    """The two sides as the relay has them, caller first; None if it has no such two."""
    tags = answer.get("tags", {})
    callee = tags.get(callee_tag)
    if callee is None:
        return None
    for subscription in callee.get("subscriptions", []):
        caller = tags.get(subscription.get("tag"))
        if caller is not None and caller is not callee:
            return caller, callee
    return None


def both_talk(side):
    """Whether all audio of a side is to be sent and received, and there is nothing but audio and video: a fax is one-sided."""
    kinds = [media.get("type") for media in side["medias"]]
    audio = [media["flags"] for media in side["medias"] if media.get("type") == "audio"]
    return bool(audio) and set(kinds) <= {"audio", "video"} and all("send" in flags and "recv" in flags for flags in audio)


def last_packet(side):
    """When its last packet came, RTP or RTCP: seconds of the relay's clock."""
    return max(stream["last packet"] for media in side["medias"] for stream in media["streams"])


def has_sent(side):
    return any(
        stream["stats"]["packets"] > 0
        for media in side["medias"]
        for stream in media["streams"]
        if "RTP" in stream["flags"]
    )


class Watch:
    """Which calls have a silent side, from one round to the next."""

    def __init__(self):
        # Name of a call => since when both sides talk, by its relay's clock: what was before, on hold for example, does not count.
        self.talking_since = {}

    def silent_side(self, call, answer):
        """(side, seconds of silence) of a call, from its relay's answer; None if there is nothing to say."""
        sides = sides_of(answer, call.callee_tag)
        if sides is None or not all(both_talk(side) for side in sides):
            self.talking_since.pop(call.name, None)
            return None
        # The last offer or answer may have taken it off hold.
        since = self.talking_since.setdefault(call.name, answer["last signal"])
        caller, callee = sides
        candidates = [("caller", caller, callee), ("callee", callee, caller)]
        # FreeSWITCH says nothing while it records.
        if call.kind == "feature":
            del candidates[1]
        for name, side, other in candidates:
            # Measured to the other side's last packet, no clock but the relay's counts.
            silence = last_packet(other) - max(last_packet(side), since)
            if has_sent(side) and silence >= call.one_sided:
                return name, silence
        return None

    def keep(self, names):
        self.talking_since = {name: since for name, since in self.talking_since.items() if name in names}


class Strays:
    """What relays have of no call, from one round to the next."""

    def __init__(self, quiet_seconds):
        self.quiet_seconds = quiet_seconds
        # (relay, session) => what the relay had heard when we looked, and since when it has heard nothing, by our clock.
        self.heard = {}

    def look(self, relay, session, answer, now):
        """Whether a session that no call has is to be deleted."""
        heard = [answer["last signal"], answer["totals"]["RTP"]["packets"], answer["totals"]["RTCP"]["packets"]]
        before, since = self.heard.get((relay, session), (None, now))
        if heard != before:
            since = now
        self.heard[relay, session] = heard, since
        return now - since >= self.quiet_seconds

    def keep(self, seen):
        self.heard = {key: value for key, value in self.heard.items() if key in seen}


def delete_strays(kamailio, relays, strays, calls):
    # A call that has begun since they were listed is a stray for one round, in which it is only looked at.
    names = {call.name for call in calls}
    seen = set()
    for relay in relays.hosts if kamailio.knows_all() else ():
        # A phone of several at which a call rings has a session of its own, NAME-NUMBER.
        unknown = [name for name in relays.sessions(relay) or () if name.split("-")[0] not in names]
        for session in unknown[:MOST_STRAYS]:
            asked = time.monotonic()
            answer = relays.query(relay, session)
            if answer is None:
                break
            try:
                seen.add((relay, session))
                if strays.look(relay, session, answer, asked):
                    log("%s on relay %d belongs to no call, and it was silent for %d s: deleted" % (session, relay, strays.quiet_seconds))
                    relays.delete(relay, session)
            except (KeyError, TypeError):
                # It has ended meanwhile.
                pass
            time.sleep(max(0, 1 / RATE - (time.monotonic() - asked)))
    strays.keep(seen)


def watch_round(kamailio, relays, watch, strays):
    now = time.time()
    relays.look()
    all_calls = kamailio.calls()
    delete_strays(kamailio, relays, strays, all_calls)
    # A call that was answered a moment ago has been silent for no longer.
    calls = [
        call
        for call in all_calls
        if call.one_sided > 0 and call.answered is not None and now - call.answered >= call.one_sided
    ]
    watch.keep({call.name for call in calls})
    silent = {}
    for call in calls:
        if silent.get(call.relay, 0) >= RELAY_TRIES or call.relay not in relays.hosts:
            continue
        asked = time.monotonic()
        answer = relays.query(call.relay, call.relayed)
        if answer is None:
            silent[call.relay] = silent.get(call.relay, 0) + 1
        else:
            try:
                found = watch.silent_side(call, answer)
            except (AttributeError, KeyError, TypeError, ValueError):
                found = None
            if found is not None:
                log("call %s (%s): nothing of the %s for %d s, ended" % (call.call_id, call.name, *found))
                kamailio.end(call.name, "one_sided")
        time.sleep(max(0, 1 / RATE - (time.monotonic() - asked)))


def watch(config):
    kamailio, relays, state, strays = Kamailio(config), Relays(config), Watch(), Strays(config["quietSeconds"])
    failed = False
    while True:
        started = time.monotonic()
        try:
            if kamailio.active():
                watch_round(kamailio, relays, state, strays)
            else:
                state.keep(())
                strays.keep(())
            failed = False
        except Failure as failure:
            if not failed:
                log(str(failure))
            failed = True
        time.sleep(max(0.2, config["roundSeconds"] - (time.monotonic() - started)))


def end(kamailio, wanted, tenant):
    """Ends calls by name or Call-ID; the calls that it ended, and what is not there or lives on."""
    if not kamailio.active():
        raise Failure("this SBC is not the active one, which alone ends calls")
    calls = [call for call in kamailio.calls() if tenant in (None, call.tenant)]
    meant = [call for call in calls if call.name in wanted or call.call_id in wanted]
    missing = [each for each in wanted if not any(each in (call.name, call.call_id) for call in meant)]
    for call in meant:
        kamailio.end(call.name, "operator")
    left, deadline = list(meant), time.monotonic() + END_PATIENCE
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [call for call in left if kamailio.holds(call.name)]
    return {
        "ended": [call.told for call in meant if call not in left],
        "missing": missing,
        "alive": [call.told for call in left],
    }


def main(verb=None, *words):
    words = list(words)
    tenant = None
    if words[:1] == ["--tenant"] and len(words) > 1:
        tenant = words[1]
        del words[:2]
    if (verb, len(words) > 0) not in (("list", False), ("end", True), ("watch", False)):
        print(__doc__, file=sys.stderr)
        return 2
    with open(CONFIG) as file:
        config = json.load(file)
    try:
        if verb == "watch":
            watch(config)
        if verb == "list":
            calls = [call for call in Kamailio(config).calls() if tenant in (None, call.tenant)]
            for call in sorted(calls, key=lambda call: call.told["invited"]):
                print(json.dumps(call.told))
            return 0
        done = end(Kamailio(config), words, tenant)
        print(json.dumps(done))
        return 1 if done["missing"] or done["alive"] else 0
    except Failure as failure:
        print("calls: %s" % failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
