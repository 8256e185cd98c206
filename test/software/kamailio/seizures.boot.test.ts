/** How Kamailio counts calls that leave: a tenant's exchange calls through an SBC and a relay, and two carriers answer as the number says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { internalPorts } from '../../../lib/fleet/schema/fixed.ts';
import { outcomes } from '../../../lib/observability/kamailio-pages.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { customersSql, tableRows } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { describeWith } from '../../requirements.ts';
import { SbcLab } from './sbc-lab.ts';

const exchange = '203.0.113.7';
const customers = parseCell({
  name: 'x',
  region: 'eu-west-1',
  aws: {},
  trunks: [
    { name: 'carrier-a', address: '192.0.2.10' },
    { name: 'carrier-b', address: '192.0.2.11' },
  ],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930000001': '@exchange' },
      exchange: { address: exchange },
      sources: [`${exchange}/32`],
    },
  ],
});

/**
 * The last three digits of a number are what carrier-a says to it; carrier-b answers every call. Prints the final status of each call.
 * (No party confirms or ends a call: that counts nothing here.)
 */
const parties = String.raw`
import socket, sys, threading, time
sbc, numbers = sys.argv[1], sys.argv[2:]
SDP = "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
def bound(address):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, 5060))
    return one
def carrier(address, status_of):
    one = bound(address)
    while True:
        message, peer = one.recvfrom(65535)
        lines = message.decode().split("\r\n")
        if not lines[0].startswith("INVITE "):
            continue
        status = status_of(lines[0])
        kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq", "Record-Route")]
        to = next(line for line in lines if line.startswith("To:")) + ";tag=" + address.replace(".", "")
        for code in ([180] if status != 503 else []) + [status]:
            head = ["SIP/2.0 %d Said" % code, *kept, to, "Contact: <sip:carrier@%s:5060>" % address]
            body = SDP % (address, address) if code == 200 else ""
            if body:
                head.append("Content-Type: application/sdp")
            one.sendto("\r\n".join([*head, "Content-Length: %d" % len(body), "", body]).encode(), peer)
            # Of two answers at the same moment, two workers may handle the later one first.
            time.sleep(0.1)
for address, status_of in (("192.0.2.10", lambda line: int(line.split("@")[0][-3:])), ("192.0.2.11", lambda line: 200)):
    threading.Thread(target=carrier, args=(address, status_of), daemon=True).start()
caller = bound("${exchange}")
caller.settimeout(5)
for at, number in enumerate(numbers):
    body = SDP % ("${exchange}", "${exchange}")
    caller.sendto("\r\n".join([
        "INVITE sip:%s@acme.example.com SIP/2.0" % number, "Via: SIP/2.0/UDP ${exchange}:5060;branch=z9hG4bK%d" % at, "Max-Forwards: 70",
        "From: <sip:+4930000001@acme.example.com>;tag=%d" % at, "To: <sip:%s@acme.example.com>" % number, "Call-ID: call-%d" % at,
        "CSeq: 1 INVITE", "Contact: <sip:pbx@${exchange}:5060>", "Content-Type: application/sdp", "Content-Length: %d" % len(body), "", body]).encode(), (sbc, 5060))
    while True:
        answer = caller.recv(65535).decode()
        if "Call-ID: call-%d\r\n" % at in answer and int(answer.split(" ")[1]) >= 200:
            print(answer.split(" ")[1])
            break
time.sleep(0.5)
`;

describeWith(['root', 'debian-packages'], 'calls over carriers', () => {
  let lab: SbcLab;
  beforeAll(async () => {
    lab = await SbcLab.open();
  });
  afterAll(async () => {
    await lab.stop();
    lab.close();
  });

  it('count by what became of them and by the trunk, each trunk that was tried', async () => {
    const input = { name: 'lab', region: 'eu-west-1', aws: {}, size: 'test', media: { hosts: 1 } } as const;
    const [media] = deriveCell(parseCell(input)).media;
    for (const address of [media!.address, exchange, '192.0.2.10', '192.0.2.11'])
      lab.run(['ip', 'address', 'replace', `${address}/32`, 'dev', 'lo']);
    const interfaces = ['public', 'private'].map((name) => `--interface=${name}/${media!.address}`);
    const control = `--listen-ng=${media!.address}:${internalPorts.rtpengineControl}`;
    lab.run(['rtpengine', '--table=-1', ...interfaces, control, '--pidfile=/run/relay.pid']);

    const { sbcs } = await lab.start(input);
    const [sbc] = sbcs;
    const kamailio = (...words: readonly string[]) => lab.run(['kamcmd', '-s', `unix:${paths.control}`, ...words]);
    lab.sql(customersSql(customers));
    for (const table of Object.keys(tableRows(customers))) kamailio('htable.reload', table);
    // No keepalived says so here.
    kamailio('pv.shvSet', 'active', 'int', '1');
    const page = () => lab.run(['curl', '-s', `http://${sbc.address}:${internalPorts.sbcMetrics}/metrics`]);
    while (!page().includes('media_host_up{media="media-1"} 1')) await sleep(200);

    const numbers = ['200', '486', '480', '503', '404'].map((status) => `+4989700${status}`);
    const statuses = lab.run(['python3', '-', sbc.floatingSide, ...numbers], parties);
    // What the callee says stands; what a carrier says makes room for the next one.
    expect(statuses.trim().split('\n')).toEqual(['200', '486', '480', '200', '200']);

    const counted = page();
    const count = (name: string, labels: string) =>
      Number(new RegExp(`^cellstamp_sbc_${name}{${labels}} ([\\d.]+)`, 'm').exec(counted)?.[1]);
    const outcomesOf = (trunk: string) =>
      outcomes.map((outcome) => count('seizures_total', `outcome="${outcome}", trunk="${trunk}"`));
    expect(outcomesOf('carrier-a')).toEqual([1, 2, 2]);
    expect(outcomesOf('carrier-b')).toEqual([2, 0, 0]);
    expect(outcomesOf('-')).toEqual([0, 0, 0]);
    // Of the call that carrier-a refused at once, carrier-b rang; of the other one carrier-a had rung before.
    expect(count('post_dial_delay_milliseconds_count', 'trunk="carrier-a"')).toBe(4);
    expect(count('post_dial_delay_milliseconds_count', 'trunk="carrier-b"')).toBe(1);
    expect(count('post_dial_delay_milliseconds_bucket', 'trunk="carrier-a", le="11000.000000"')).toBe(4);
    expect(count('trunk_calls', 'trunk="carrier-b"')).toBe(2);
  });
});
