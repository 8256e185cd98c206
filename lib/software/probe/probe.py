#!/usr/bin/python3
"""Places test calls through this SBC and each media host of the cell, and checks that audio arrives in both directions.

  probe serve              runs as the service cellstamp-probe
  probe now [HOST ...]     places the calls immediately and prints the results as JSON; exit status 1 if a check fails
  probe now emergency-DE   calls what is there to test the route to a country's emergency services, as the service does once a day

This program is the caller and the callee of every call. Signalling stays on loopback; each side sends a tone through the media host's relay.
Two failures in a row are a fault. A media host at fault gets no new calls from this SBC until several test calls in a row have succeeded. The
probe takes out at most half of the media hosts of a tier. If more than half fail, the cause is likely shared, and it takes out none.
"""
import array, asyncio, hashlib, json, math, os, re, socket, sys, time

CONFIG = "/etc/cellstamp/probe.json"
# Seconds: for Kamailio's answer, for tones in both directions, for the end; for anything else on this host or in the cell's stores.
ANSWER, AUDIO, END, PATIENCE = 3, 3, 2, 4
# A request over UDP is repeated as RFC 3261 has it (T1).
REPEAT = 0.5
# Frames of 20 ms in which the other side's tone must be heard.
HEARD = 15
TONES = {"caller": 800, "callee": 1250}
# Good calls until a host is trusted again; twice as many each time it fails within an hour of that, up to the most.
TRUST, MOST_TRUST, FORGIVEN = 3, 24, 3600
# Seconds between two repetitions of what Kamailio forgets within half a minute.
TELL = 2
# Emergency services are called once a day to test the way to them: seconds between two such calls, after a failure, until an answer, and
# between two looks whether one is due.
DAILY, TEST_AGAIN, TEST_ANSWER, DUE = 86400, 600, 25, 5


class Failure(Exception):
    """Why a test call or check failed, in words for an operator."""


class OwnFailure(Failure):
    """The same, where this SBC is at fault and not a media host."""


def log(text):
    print(text, file=sys.stderr, flush=True)


# --- Tones: G.711 A-law, frames of 20 ms


def alaw_byte(sample):
    """A sample of 13 bits as ITU-T G.711 has it."""
    mask = 0xD5
    if sample < 0:
        mask, sample = 0x55, -sample - 1
    segment = max(0, (min(sample, 4095) >> 5).bit_length())
    step = (sample >> 1) & 15 if segment < 2 else (sample >> segment) & 15
    return ((segment << 4) | step) ^ mask


def alaw_sample(byte):
    byte ^= 0x55
    segment, step = (byte >> 4) & 7, byte & 15
    sample = (step << 1) + 1 + (32 if segment else 0)
    if segment > 1:
        sample <<= segment - 1
    return sample if byte & 0x80 else -sample


SAMPLES = [alaw_sample(byte) for byte in range(256)]


def frame_of(hertz):
    return bytes(alaw_byte(round(2000 * math.sin(2 * math.pi * hertz * at / 8000))) for at in range(160))


def has_tone(frame, hertz):
    """Whether most of a frame's power is at one frequency (Goertzel)."""
    before = last = total = 0.0
    factor = 2 * math.cos(2 * math.pi * hertz / 8000)
    for byte in frame:
        sample = SAMPLES[byte]
        total += sample * sample
        before, last = last, sample + factor * last - before
    power = before * before + last * last - factor * before * last
    return total > 0 and power / (total * len(frame) / 2) > 0.5


class Sound(asyncio.DatagramProtocol):
    """One end's audio: a port that sends a tone and listens for the other one."""

    def __init__(self, own, other):
        self.frame, self.other = frame_of(TONES[own]), TONES[other]
        self.peer, self.heard, self.sent, self.done = None, 0, 0, asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        if sender == self.peer and len(data) == 172 and data[1] & 127 == 8 and has_tone(data[12:], self.other):
            self.heard += 1
            if self.heard >= HEARD:
                self.done.set()

    def error_received(self, error):
        pass

    async def send(self):
        begin = time.monotonic()
        while True:
            head = array.array("H", [0x8008 if self.sent else 0x8088, self.sent & 0xFFFF])
            head.byteswap()
            rest = (160 * self.sent).to_bytes(4, "big") + id(self).to_bytes(8, "big")[-4:]
            self.transport.sendto(head.tobytes() + rest + self.frame, self.peer)
            self.sent += 1
            await asyncio.sleep(max(0, begin + 0.02 * self.sent - time.monotonic()))


# --- SIP


class Message:
    def __init__(self, data):
        head, _, self.body = data.decode(errors="replace").partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        self.status = int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0 ") else None
        self.method = self.get("cseq").split(" ")[-1] if self.status else self.first.split(" ")[0]

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def get(self, name):
        return next(iter(self.all(name)), "")


class End(asyncio.DatagramProtocol):
    """A port of one end, for all calls."""

    def __init__(self, calls, own):
        self.calls, self.own = calls, own

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, _sender):
        try:
            message = Message(data)
            call = self.calls.get(message.get("call-id"))
        except (ValueError, IndexError):
            return
        if call:
            call.take(self.own, message)

    def error_received(self, error):
        pass


class Call:
    """A call of the probe, both of its ends."""

    def __init__(self, probe, number, slot):
        self.probe, self.config, self.number = probe, probe.config, number
        self.id, self.tags = os.urandom(12).hex(), {"caller": os.urandom(6).hex(), "callee": os.urandom(6).hex()}
        audio = self.config["audio"]
        self.ports = {"caller": audio["firstPort"] + 4 * slot, "callee": audio["firstPort"] + 4 * slot + 2}
        self.answers, self.sounds, self.branches, self.hung_up = asyncio.Queue(), {}, 0, asyncio.Event()
        self.tasks = []

    @property
    def name(self):
        """As Kamailio names it: see NAME_CALL."""
        return hashlib.md5(("%s|%s|2" % (self.id, self.tags["caller"])).encode()).hexdigest()[:20]

    def address(self, own):
        return "%s:%d" % (self.config["self"], self.config["ports"][own])

    def send(self, own, lines, body=""):
        head = lines + (["Content-Type: application/sdp"] if body else []) + ["Content-Length: %d" % len(body)]
        self.probe.ends[own].transport.sendto(("\r\n".join(head) + "\r\n\r\n" + body).encode(), tuple(self.config["kamailio"]))

    def description(self, own):
        where = self.config["audio"]["address"]
        lines = ["v=0", "o=- 0 0 IN IP4 " + where, "s=-", "c=IN IP4 " + where, "t=0 0"]
        return "\r\n".join(lines + ["m=audio %d RTP/AVP 8" % self.ports[own], "a=rtpmap:8 PCMA/8000", "a=ptime:20", ""])

    def request(self, method, uri, number, to, more=(), body="", branch=None):
        self.branches += branch is None
        branch = branch or self.branches
        lines = [
            "%s %s SIP/2.0" % (method, uri),
            "Via: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s.%d" % (self.address("caller"), self.id, branch),
            "Max-Forwards: 20",
            "From: <sip:probe@%s>;tag=%s" % (self.config["domain"], self.tags["caller"]),
            "To: " + to,
            "Call-ID: " + self.id,
            "CSeq: %d %s" % (number, method),
            "Contact: <sip:probe@%s>" % self.address("caller"),
            *more,
        ]
        self.send("caller", lines, body)
        return branch

    async def ask(self, patience, *request, **more):
        """Sends a request, with retransmissions, until its final answer arrives."""
        deadline, wait = time.monotonic() + patience, REPEAT
        branch, answer = self.request(*request, **more), None
        while time.monotonic() < deadline:
            try:
                answer = await asyncio.wait_for(self.answers.get(), min(wait, max(0.01, deadline - time.monotonic())))
            except asyncio.TimeoutError:
                wait *= 2
                self.request(*request, **more, branch=branch)
                continue
            if answer.status >= 200 and answer.get("cseq") == "%d %s" % (request[2], request[0]):
                return answer
        return None

    def take(self, own, message):
        if message.status:
            if own == "caller":
                self.answers.put_nowait(message)
        elif own == "callee" and message.method in ("INVITE", "BYE"):
            self.reply(message)

    def reply(self, message):
        """The callee answers at once."""
        copied = [name + ": " + value for name in ("Via", "Record-Route", "From", "Call-ID", "CSeq") for value in message.all(name.lower())]
        to = message.get("to")
        to += "" if ";tag=" in to else ";tag=" + self.tags["callee"]
        lines = ["SIP/2.0 200 OK", *copied, "To: " + to, "Contact: <sip:probe@%s>" % self.address("callee")]
        if message.method == "BYE":
            self.send("callee", lines)
            self.hung_up.set()
            return
        self.send("callee", lines, self.description("callee"))
        self.listen("callee", message)

    def listen(self, own, message):
        """Starts to send audio to the address in a description."""
        address = re.search(r"^c=IN IP4 ([0-9.]+)\r?$", message.body, re.M)
        port = re.search(r"^m=audio ([0-9]+) ", message.body, re.M)
        if not address or not port or self.sounds[own].peer:
            return
        self.sounds[own].peer = (address.group(1), int(port.group(1)))
        self.tasks.append(asyncio.ensure_future(self.sounds[own].send()))

    async def place(self):
        """Places the call. Returns the milliseconds until audio arrived both ways. @raise Failure"""
        loop, other = asyncio.get_running_loop(), {"caller": "callee", "callee": "caller"}
        self.probe.calls[self.id] = self
        ended = True
        try:
            for own, port in self.ports.items():
                where = (self.config["audio"]["address"], port)
                _, self.sounds[own] = await loop.create_datagram_endpoint(lambda own=own: Sound(own, other[own]), local_addr=where)
            begin = time.monotonic()
            uri, to = "sip:media-%d@%s" % (self.number, self.config["domain"]), "<sip:probe@%s>" % self.config["domain"]
            proof = await self.log_in(uri, to)
            self.probe.note_call(self.name)
            ended = False
            answer = await self.ask(ANSWER, "INVITE", uri, 2, to, [proof], self.description("caller"))
            if answer is None:
                raise Failure("its call is not answered within %d s" % ANSWER)
            if answer.status != 200:
                self.acknowledge(uri, 2, answer)
                ended = True
                raise (OwnFailure if answer.status in (403, 407) else Failure)("its call is refused: %s" % answer.first[8:])
            target, way = self.answered(answer)
            self.listen("caller", answer)
            try:
                await self.hear()
                return round(1000 * (time.monotonic() - begin))
            finally:
                over = await self.ask(END, "BYE", target, 3, answer.get("to"), way)
                ended = over is not None and over.status == 200
                if not ended and not sys.exc_info()[0]:
                    raise Failure("its BYE is not answered")
        finally:
            self.probe.calls.pop(self.id, None)
            for task in self.tasks:
                task.cancel()
            for sound in self.sounds.values():
                sound.transport.close()
            if not ended:
                await self.probe.forget_call(self.name)
            self.probe.note_call(None, self.name)

    async def log_in(self, uri, to):
        """Sends an INVITE that is challenged. Returns the header that answers the challenge. @raise OwnFailure"""
        answer = await self.ask(ANSWER, "INVITE", uri, 1, to, body=self.description("caller"))
        if answer is None:
            raise OwnFailure("Kamailio does not answer an INVITE within %d s" % ANSWER)
        self.acknowledge(uri, 1, answer)
        if answer.status != 407:
            raise OwnFailure("Kamailio answers an INVITE with %s" % answer.first[8:])
        return self.probe.credentials(answer.get("proxy-authenticate"), uri)

    def answered(self, answer):
        """Confirms a 200. Returns where requests of the call go, and by which way."""
        target = re.sub(r"^.*<|>.*$", "", answer.get("contact"))
        routes = [route for header in answer.all("record-route") for route in re.findall(r"<[^>]*>", header)]
        way = ["Route: " + route for route in reversed(routes)]
        self.request("ACK", target, 2, answer.get("to"), way)
        return target, way

    async def test_emergency(self, country):
        """Calls the test number or service of a country's emergency services. Its audio is not looked at. @raise Failure"""
        self.probe.calls[self.id] = self
        uri, to = "sip:emergency-%s-%d@%s" % (country, self.number, self.config["domain"]), "<sip:probe@%s>" % self.config["domain"]
        ended = True
        try:
            begin = time.monotonic()
            proof = await self.log_in(uri, to)
            self.probe.note_call(self.name)
            ended = False
            answer = await self.ask(TEST_ANSWER, "INVITE", uri, 2, to, [proof], self.description("caller"))
            if answer is None:
                # Its final answer, 487, needs nobody who waits for it.
                self.request("CANCEL", uri, 2, to, branch=self.branches)
                raise Failure("its test call is not answered within %d s" % TEST_ANSWER)
            if answer.status >= 300:
                self.acknowledge(uri, 2, answer)
                ended = True
                raise Failure("its test call is refused: %s" % answer.first[8:])
            target, way = self.answered(answer)
            over = await self.ask(END, "BYE", target, 3, answer.get("to"), way)
            ended = over is not None
            return round(1000 * (time.monotonic() - begin))
        finally:
            self.probe.calls.pop(self.id, None)
            if not ended:
                await self.probe.forget_call(self.name)
            self.probe.note_call(None, self.name)

    def acknowledge(self, uri, number, answer):
        """Of a refusal: in its INVITE's transaction."""
        self.request("ACK", uri, number, answer.get("to"), branch=self.branches)

    async def hear(self):
        waits = [asyncio.ensure_future(sound.done.wait()) for sound in self.sounds.values()]
        _, missing = await asyncio.wait(waits, timeout=AUDIO)
        for wait in missing:
            wait.cancel()
        silent = [own for own, sound in self.sounds.items() if not sound.done.is_set()]
        if len(silent) == 2:
            raise Failure("its call has no audio in either direction")
        if silent:
            raise Failure("its call has no audio towards its %s" % silent[0])


# --- What is found


class Part:
    """Something that is checked periodically."""

    def __init__(self, name):
        self.name, self.good, self.bad, self.why, self.at, self.milliseconds = name, 0, 0, None, None, None

    @property
    def failing(self):
        return self.bad >= 2

    def note(self, why, milliseconds=None):
        before = self.failing
        self.at, self.why, self.milliseconds = time.time(), why, milliseconds
        self.good, self.bad = (self.good + 1, 0) if why is None else (0, self.bad + 1)
        if self.failing != before:
            log("%s: %s" % (self.name, "well again" if not before else why))

    def told(self):
        return {"good": self.bad == 0, "failing": self.failing, "at": self.at, "why": self.why, "milliseconds": self.milliseconds}


class Host(Part):
    def __init__(self, number):
        super().__init__("media-%s" % number)
        self.number, self.tiers, self.out, self.kept = number, [], False, False
        self.needed, self.back_at, self.lock = TRUST, None, asyncio.Lock()

    def told(self):
        return {**super().told(), "out": self.out, "kept": self.kept}


def may_leave(host, hosts):
    """Whether a failing host may be taken out: in each of its tiers at least half of the hosts stay in service, and at most half fail."""
    for tier in host.tiers:
        serving = [other for other in hosts if tier in other.tiers]
        most = len(serving) // 2
        if sum(other.out for other in serving) + 1 > most or sum(other.out or other.bad > 0 for other in serving) > most:
            return False
    return True


def judge(host, hosts, now):
    """After a call: takes a host out, or back."""
    host.kept = False
    if host.out and host.good >= host.needed:
        host.out, host.back_at = False, now
        log("%s gets new calls again" % host.name)
    elif not host.out and host.failing:
        if not may_leave(host, hosts):
            host.kept = True
            return
        recently = host.back_at is not None and now - host.back_at < FORGIVEN
        host.needed = min(2 * host.needed, MOST_TRUST) if recently else TRUST
        host.out = True
        log("%s gets no new calls: %s" % (host.name, host.why))


class Probe:
    def __init__(self, config):
        self.config, self.interval = config, config["intervalSeconds"]
        self.password, self.calls, self.ends, self.hosts = os.urandom(16).hex(), {}, {}, {}
        self.parts = {name: Part(name) for name in ("sbc", "record", "database")}
        # Not among the parts: that somebody else's route fails does not make this host unwell.
        self.tests = {country: Part("emergency-" + country) for country in config.get("emergency", [])}
        self.testing = asyncio.Lock()
        self.slots, self.begun, self.in_flight, self.last_call = asyncio.Queue(), time.time(), set(), None
        for slot in range(config["audio"]["calls"]):
            self.slots.put_nowait(slot)

    # --- Kamailio

    async def rpc(self, method, *params):
        """The result of a JSON-RPC command; None if Kamailio refuses it. @raise OwnFailure"""
        return await asyncio.to_thread(self.ask_kamailio, method, params)

    def ask_kamailio(self, method, params):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(PATIENCE)
            try:
                # An address of its own, to which the answer goes; it makes no file.
                s.bind("")
                s.connect(self.config["rpc"])
                s.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1}).encode())
                return json.loads(s.recv(65536)).get("result")
            except (OSError, ValueError) as error:
                raise OwnFailure("Kamailio does not answer: %s" % error)

    def ha1(self):
        return hashlib.md5(("probe:%s:%s" % (self.config["domain"], self.password)).encode()).hexdigest()

    def credentials(self, challenge, uri):
        """The header by which the caller logs in (RFC 2617)."""
        nonce, made = re.search(r'nonce="([^"]*)"', challenge), os.urandom(8).hex()
        nonce = nonce.group(1) if nonce else ""
        asked = hashlib.md5(("INVITE:" + uri).encode()).hexdigest()
        answer = hashlib.md5((":".join([self.ha1(), nonce, "00000001", made, "auth", asked])).encode()).hexdigest()
        named = [("username", "probe"), ("realm", self.config["domain"]), ("nonce", nonce), ("uri", uri), ("response", answer), ("cnonce", made)]
        return "Proxy-Authorization: Digest %s, qop=auth, nc=00000001, algorithm=MD5" % ", ".join('%s="%s"' % pair for pair in named)

    async def keep_telling(self):
        while True:
            try:
                await self.rpc("htable.sets", "probe", "ha1", self.ha1())
                for host in [host for host in self.hosts.values() if host.out]:
                    await self.rpc("htable.seti", "silent_media", str(host.number), 1)
                await self.rpc("pv.shvSet", "probed", "int", int(time.time()))
                for part in [part for part in self.tests.values() if part.at is not None]:
                    await self.rpc("htable.seti", "probed", part.name, 0 if part.failing else 1)
            except OwnFailure:
                # It forgets by itself.
                pass
            faults = ["%s: %s" % (part.name, part.why) for part in self.parts.values() if part.failing]
            self.put("health", "%d %s\n" % (time.time(), "; ".join(faults)))
            await asyncio.sleep(TELL)

    async def tell(self, part):
        try:
            await self.rpc("htable.seti", "probed", part.name, 0 if part.failing else 1)
            if isinstance(part, Host):
                if part.out:
                    await self.rpc("htable.seti", "silent_media", str(part.number), 1)
                else:
                    await self.rpc("htable.delete", "silent_media", str(part.number))
        except OwnFailure:
            pass

    # --- Calls

    def note_call(self, begun, ended=None):
        """Records which calls Kamailio may still hold, for the next start of this program."""
        self.in_flight = (self.in_flight | {begun} if begun else self.in_flight) - {ended}
        self.put("calls", json.dumps(sorted(self.in_flight)))

    async def forget_call(self, name):
        """One that did not end: no timer of the standby's ends it."""
        try:
            await self.rpc("htable.delete", "calls", name)
        except OwnFailure:
            pass

    async def away(self, host):
        """Why a host gets no test call; None if it does."""
        if await self.rpc("htable.get", "drains", str(host.number)):
            return "drained"
        return "its relay is with another host" if await self.rpc("htable.get", "guests", str(host.number)) else None

    async def look_at(self, host):
        """Places a test call through a host and returns the result."""
        async with host.lock:
            sbc, slot = self.parts["sbc"], await self.slots.get()
            try:
                skipped = await self.away(host)
                if skipped:
                    host.good = host.bad = 0
                    host.at, host.out, host.kept, host.why = None, False, False, skipped
                    await self.tell_gone(host)
                    return {"good": None, "why": skipped}
                call = Call(self, host.number, slot)
                try:
                    why, took = None, await call.place()
                    self.last_call = call.id
                except OwnFailure:
                    raise
                except (Failure, OSError) as failure:
                    why, took = str(failure), None
                sbc.note(None)
                host.note(why, took)
                judge(host, list(self.hosts.values()), time.time())
            except (OwnFailure, OSError) as failure:
                sbc.note(str(failure))
                await self.tell(sbc)
                self.write()
                return {"good": False, "why": "%s: %s" % (self.config["sbc"], failure)}
            finally:
                self.slots.put_nowait(slot)
            await self.tell(host)
            await self.tell(sbc)
            self.write()
            return host.told()

    async def tell_gone(self, host):
        for table, key in (("silent_media", str(host.number)), ("probed", host.name)):
            await self.rpc("htable.delete", table, key)
        self.write()

    async def watch(self, host):
        # Not all of them, nor both SBCs, at the same moment.
        await asyncio.sleep(1 + self.interval * (int.from_bytes(os.urandom(2), "big") / 65536) / 4)
        while True:
            begin = time.monotonic()
            await self.look_at(host)
            soon = host.out or host.bad or self.parts["sbc"].bad
            # From call to call, however long one takes.
            wait = self.interval / 4 if soon else self.interval - (time.monotonic() - begin)
            await asyncio.sleep(max(1, wait))

    async def follow_hosts(self):
        """The media hosts that this SBC has, which come and go."""
        tasks = {}
        while True:
            try:
                with open(self.config["hosts"]) as file:
                    lines = [line.split() for line in file if line.strip()]
            except OSError:
                lines = []
            tiers = {int(line[0]): [] if line[2] == "-" else line[2].split(",") for line in lines}
            for number in [number for number in self.hosts if not tiers.get(number)]:
                tasks.pop(number).cancel()
                del self.hosts[number]
                self.write()
            for number in [number for number, serves in tiers.items() if serves]:
                if number not in self.hosts:
                    self.hosts[number] = Host(number)
                    self.remember(self.hosts[number])
                    tasks[number] = asyncio.ensure_future(self.watch(self.hosts[number]))
                self.hosts[number].tiers = tiers[number]
            await asyncio.sleep(1)

    # --- Emergency services

    async def test_emergency(self, country):
        """Places the test call of a country and returns the result."""
        part = self.tests[country]
        async with self.testing:
            # Any host that this SBC does not find at fault.
            hosts = [host for host in self.hosts.values() if not host.failing] or list(self.hosts.values())
            slot = await self.slots.get()
            try:
                if not hosts:
                    raise Failure("there is no media host")
                part.note(None, await Call(self, hosts[0].number, slot).test_emergency(country))
            except (Failure, OSError) as failure:
                part.note(str(failure))
            finally:
                self.slots.put_nowait(slot)
        if part.why is None:
            self.put("tested-" + country, "%d\n" % time.time())
        self.write()
        return part.told()

    def tested(self, country):
        """When the last good test of a country was, in seconds since 1970; 0 if there was none since the host has started."""
        try:
            with open(self.path("tested-" + country)) as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    async def keep_testing(self):
        """Once a day, from the active SBC: the other one has no address that carriers know."""
        while True:
            await asyncio.sleep(DUE)
            try:
                role = await self.rpc("pv.shvGet", "active")
            except OwnFailure:
                continue
            if not self.hosts or not role or str(role.get("value")) != "1":
                # What it found while it was active says nothing of now.
                for part in self.tests.values():
                    part.at, part.bad = None, 0
                continue
            for country, part in self.tests.items():
                last = part.at if part.bad and part.at else None
                if time.time() - last >= TEST_AGAIN if last else time.time() - self.tested(country) >= DAILY:
                    await self.test_emergency(country)

    # --- Records, and the database

    async def check(self, part, look):
        try:
            done = await asyncio.wait_for(look(), PATIENCE + 1)
            why = None
        except asyncio.TimeoutError:
            done, why = True, "no answer within %d s" % (PATIENCE + 1)
        except (Failure, OSError, EOFError, ValueError) as failure:
            done, why = True, str(failure) or type(failure).__name__
        if done:
            part.note(why)
            await self.tell(part)
            self.write()

    async def keep_checking(self, name, look):
        part = self.parts[name]
        while True:
            await asyncio.sleep(max(1, self.interval / 4) if part.bad else self.interval / 2)
            await self.check(part, look)

    async def look_for_record(self):
        """Checks that Redis has the record of the last call. False if there was no call."""
        call, redis = self.last_call, self.config["redis"]
        if call is None:
            return False
        reader, writer = await asyncio.open_connection("127.0.0.1", redis["port"], limit=1 << 22)
        try:
            for _ in range(2 * (PATIENCE - 1)):
                command = (["AUTH", redis["password"]], ["XREVRANGE", redis["stream"], "+", "-", "COUNT", "100"], ["ECHO", call + "."])
                writer.write(b"".join(b"*%d\r\n%s" % (len(words), b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words)) for words in command))
                answer = await reader.readuntil((call + ".\r\n").encode())
                if b"\n-" in answer or answer.startswith(b"-"):
                    raise Failure("Redis says %s" % re.search(rb"(?:^|\n)-([^\r]*)", answer).group(1).decode(errors="replace"))
                if re.search(rb'"event":"end","call":"%s"' % call.encode(), answer):
                    return True
                await asyncio.sleep(0.5)
        finally:
            writer.close()
        raise Failure("the record of a call is not in Redis after %d s" % (PATIENCE - 1))

    async def write_and_read(self):
        mark, sbc = os.urandom(8).hex(), self.config["sbc"]
        sql = "BEGIN READ WRITE; SELECT sbc.probe('%s', '%s'); COMMIT;\nSELECT mark FROM sbc.probes WHERE sbc = '%s';\n" % (sbc, mark, sbc)
        pipe = asyncio.subprocess.PIPE
        psql = await asyncio.create_subprocess_exec(*self.config["psql"], stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            said, error = await psql.communicate(sql.encode())
        finally:
            if psql.returncode is None:
                psql.kill()
        if psql.returncode != 0:
            raise Failure("the database: %s" % (error.decode(errors="replace").strip().splitlines() or ["no reason"])[-1])
        if mark not in said.decode():
            raise Failure("the database does not have what was written to it")
        return True

    # --- For others

    def path(self, name):
        return os.path.join(self.config["folder"], name)

    def put(self, name, text):
        with open(self.path(name) + ".new", "w") as file:
            file.write(text)
        os.replace(self.path(name) + ".new", self.path(name))

    def results(self):
        parts = [*self.hosts.values(), *self.parts.values(), *self.tests.values()]
        return {part.name: part.told() for part in parts if part.at is not None}

    def write(self):
        self.put("results.json", json.dumps({"at": time.time(), "begun": self.begun, "intervalSeconds": self.interval, "parts": self.results()}))

    def remember(self, host):
        """A host that was out of service at the last exit stays out until it passes."""
        if self.before.get(host.name, {}).get("out"):
            host.out, host.bad, host.why = True, 2, self.before[host.name]["why"]

    async def answer(self, reader, writer):
        try:
            asked = json.loads(await asyncio.wait_for(reader.readline(), PATIENCE))
            hosts = [host for host in self.hosts.values() if not asked or host.name in asked]
            found = dict(zip([host.name for host in hosts], await asyncio.gather(*(self.look_at(host) for host in hosts))))
            if not asked:
                await asyncio.gather(
                    self.check(self.parts["record"], self.look_for_record), self.check(self.parts["database"], self.write_and_read)
                )
                found.update({name: part.told() for name, part in self.parts.items() if part.at is not None})
            for country, part in self.tests.items():
                if part.name in asked:
                    found[part.name] = await self.test_emergency(country)
            for name in set(asked) - set(found):
                found[name] = {"good": None, "why": "not a media host of this SBC"}
            writer.write(json.dumps(found).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    async def serve(self):
        loop = asyncio.get_running_loop()
        self.before = read_results(self.config).get("parts", {})
        try:
            with open(self.path("calls")) as file:
                for name in json.load(file):
                    await self.forget_call(name)
        except (OSError, ValueError):
            pass
        self.write()
        for own, port in self.config["ports"].items():
            where = (self.config["self"], port)
            _, self.ends[own] = await loop.create_datagram_endpoint(lambda own=own: End(self.calls, own), local_addr=where)
        path = self.path("socket")
        if os.path.exists(path):
            os.unlink(path)
        os.umask(0o077)
        server = await asyncio.start_unix_server(self.answer, path)
        os.umask(0o022)
        await asyncio.gather(
            server.serve_forever(),
            self.keep_telling(),
            self.follow_hosts(),
            self.keep_checking("record", self.look_for_record),
            self.keep_checking("database", self.write_and_read),
            self.keep_testing(),
        )


def read_results(config):
    try:
        with open(os.path.join(config["folder"], "results.json")) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def now(config, hosts):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(os.path.join(config["folder"], "socket"))
            s.sendall(json.dumps(hosts).encode() + b"\n")
            found = json.loads(s.makefile().readline())
    except (OSError, ValueError) as error:
        found = {"probe": {"good": False, "why": "it does not answer: %s" % error}}
    print(json.dumps(found, indent=2))
    return 1 if any(part["good"] is False for part in found.values()) else 0


def main(*words):
    verb, *rest = words or [""]
    if verb not in ("serve", "now") or (rest and verb != "now"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(CONFIG) as file:
            config = json.load(file)
        if verb == "serve":

            async def serve():
                await Probe(config).serve()

            return asyncio.run(serve())
        return now(config, rest)
    except (OSError, ValueError) as error:
        print("probe: %s" % error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
