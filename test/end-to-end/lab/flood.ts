/** Floods from one source. */
import { domain } from '../front/bed.ts';

/** Messages a second and how long, seconds. */
export const floods = {
  udp: { rate: 10_000, seconds: 10 },
  tcp: { rate: 10_000, seconds: 4 },
  tls: { rate: 10_000, seconds: 4 },
} as const;
/** The n-th caller of the first place. */
export const floodSources = { udp: 77, tcp: 78, tls: 79 } as const;
/**
 * Sends junk in datagrams, or registrations over connections, at a rate: PROTOCOL ADDRESS TO PORT RATE SECONDS. Prints how many it
 * sent.
 */
export const floodProgram = `
import os, socket, ssl, sys, threading, time
protocol, source, to, port, rate, seconds = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6])
register = "REGISTER sip:${domain} SIP/2.0\\r\\nVia: SIP/2.0/TCP %s;branch=z9hG4bKflood%d\\r\\nMax-Forwards: 70\\r\\n" \\
    "From: <sip:flood@${domain}>;tag=flood\\r\\nTo: <sip:flood@${domain}>\\r\\nCall-ID: flood-%d\\r\\nCSeq: 1 REGISTER\\r\\n" \\
    "Contact: <sip:flood@%s>\\r\\nContent-Length: 0\\r\\n\\r\\n"
junk = os.urandom(200)
def listen(sender):
    # Whoever does not take its answers is hung up on before it floods.
    while True:
        try:
            if not sender.recv(65536): return
        except TimeoutError:
            pass
        except OSError:
            return
def connect():
    if protocol == "udp":
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind((source, 0))
        sender.connect((to, port))
        return sender
    sender = socket.create_connection((to, port), 1, (source, 0))
    if protocol == "tls":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        sender = context.wrap_socket(sender)
    threading.Thread(target=listen, args=(sender,), daemon=True).start()
    return sender
begin, sent = time.monotonic(), 0
ends = begin + seconds
while time.monotonic() < ends:
    # One that is hung up on comes back until it is banned.
    try:
        sender = connect()
        while time.monotonic() < ends:
            while sent < (time.monotonic() - begin) * rate:
                sender.sendall(junk if protocol == "udp" else (register % (source, sent, sent, source)).encode())
                sent += 1
            time.sleep(0.001)
    except OSError:
        pass
print(sent)
`;
