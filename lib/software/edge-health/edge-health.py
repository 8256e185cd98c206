#!/usr/bin/python3
"""Answers the health checks of the world-wide entry: 200 while what serves calls here takes new ones, else 503.

  entry  --HTTP-->  this program  --OPTIONS, twice a second-->  each socket of Kamailio that callers and cells use

Kamailio says itself whether it takes new calls: 200, or 503 while it drains or does not know all tenants yet. An answer counts for
ageSeconds. Where this program hangs or dies there is no answer at all, and the check fails, too.
"""
import asyncio, json, os, socket, ssl, sys, time

CONFIG = "/etc/cellstamp/edge-health.json"
# Seconds: from one question to the next, and how long an answer is waited for.
PERIOD, PATIENCE = 0.5, 1.0
# Connections at once; each has this number of seconds and bytes for its request.
MOST, REQUEST_SECONDS, REQUEST_BYTES = 64, 2.0, 4096


class Probe:
    """One socket of Kamailio, asked again and again, as a caller would."""

    def __init__(self, age, transport, address, port):
        self.age, self.transport, self.address, self.port = age, transport, address, port
        self.status, self.at, self.number = None, 0.0, 0

    def problem(self):
        """Why it does not take new calls; None if it does."""
        if self.status is None or time.monotonic() - self.at > self.age:
            return "%s %s:%d does not answer" % (self.transport, self.address, self.port)
        return None if self.status == 200 else "Kamailio says %d" % self.status

    async def run(self):
        while True:
            begin = time.monotonic()
            try:
                answer = await asyncio.wait_for(self.ask(), PATIENCE)
                self.status, self.at = int(answer.split(b" ", 2)[1]), time.monotonic()
            except (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError, ValueError, IndexError):
                # Silence, or no answer at all: the last one counts until it is too old.
                pass
            await asyncio.sleep(max(0.05, PERIOD - (time.monotonic() - begin)))

    def ask(self):
        return self.ask_datagram() if self.transport == "udp" else self.ask_stream()

    def request(self, own):
        self.number += 1
        here, mark = "%s:%d" % own, "%d-%d-%d" % (os.getpid(), self.port, self.number)
        there = "%s:%d" % (self.address, self.port)
        lines = [
            "OPTIONS sip:%s SIP/2.0" % there,
            "Via: SIP/2.0/%s %s;rport;branch=z9hG4bK%s" % (self.transport.upper(), here, mark),
            "Max-Forwards: 1",
            "From: <sip:health@%s>;tag=%s" % (here, mark),
            "To: <sip:%s>" % there,
            "Call-ID: %s@%s" % (mark, own[0]),
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def ask_datagram(self):
        # A socket of its own for each question, so that no late answer is taken for a new one.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            s.connect((self.address, self.port))
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(s, self.request(s.getsockname()))
            return await loop.sock_recv(s, 4096)

    async def ask_stream(self):
        context = None
        if self.transport == "tls":
            # It asks whether the socket works; who has the certificate is the callers' question.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(self.address, self.port, ssl=context, limit=4096)
        try:
            writer.write(self.request(writer.get_extra_info("sockname")))
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            return answer
        except BaseException:
            writer.transport.abort()
            raise


class Answers:
    """The port that health checks ask: nothing but a status, whatever is asked."""

    def __init__(self, probes):
        self.probes, self.open, self.told = probes, 0, None

    def problem(self):
        return next(filter(None, (probe.problem() for probe in self.probes)), None)

    async def answer(self, reader, writer):
        if self.open >= MOST:
            writer.transport.abort()
            return
        self.open += 1
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_SECONDS)
            status = b"503 Service Unavailable" if self.problem() else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self.open -= 1

    async def log(self):
        """Says what changes, for the journal."""
        while True:
            problem = self.problem() or "ready"
            if problem != self.told:
                print(problem, flush=True)
                self.told = problem
            await asyncio.sleep(PERIOD)


async def main():
    with open(CONFIG) as file:
        config = json.load(file)
    probes = [Probe(config["ageSeconds"], **probe) for probe in config["probes"]]
    answers = Answers(probes)
    where = config["listen"]
    server = await asyncio.start_server(
        answers.answer, where["address"], where["port"], limit=REQUEST_BYTES, backlog=MOST
    )
    # Where one of them ends, all do, and the check fails until the program is back.
    await asyncio.gather(server.serve_forever(), answers.log(), *(probe.run() for probe in probes))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
