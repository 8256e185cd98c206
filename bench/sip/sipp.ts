/** Load by SIPp: calls without audio, a number of them at the same time, as fast as they are answered. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A call as a carrier places it: the route set is followed, and it lasts 50 ms, so that no BYE overtakes an ACK. */
const scenario = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="calls">
  <send retrans="500"><![CDATA[
INVITE sip:[field0]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:+4989700700@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[field0]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:+4989700700@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 8 0
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
]]></send>
  <recv response="100" optional="true"></recv>
  <recv response="180" optional="true"></recv>
  <recv response="200" rrs="true"></recv>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From: <sip:+4989700700@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[field0]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
  <pause milliseconds="50"/>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From: <sip:+4989700700@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[field0]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
  <recv response="200"></recv>
</scenario>
`;

/** Answers at once, without ringing, which could overtake the answer. SIPp's own scenario leaves Record-Route out. */
const answering = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="answers">
  <recv request="INVITE" crlf="true"></recv>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 6000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv request="ACK" optional="true" crlf="true"></recv>
  <recv request="BYE"></recv>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`;

export interface Load {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly retransmissions: number;
}

/** Starts a program in the network of whoever calls, or is called. */
export type Spawn = (argv: readonly string[], options: SpawnOptions) => ChildProcess;

export class Sipp {
  readonly #atCaller: Spawn;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cellstamp-bench-'));
  readonly #answering: ChildProcess;

  /** Answers every call at the callee's address. */
  constructor(
    atCaller: Spawn,
    atCallee: Spawn,
    { address, port }: { readonly address: string; readonly port: number },
  ) {
    this.#atCaller = atCaller;
    writeFileSync(join(this.#folder, 'calls.xml'), scenario);
    writeFileSync(join(this.#folder, 'answers.xml'), answering);
    const program = ['sipp', '-sf', 'answers.xml', '-i', address, '-p', String(port), '-nostdin', '-mp', '27000'];
    this.#answering = atCallee(program, { stdio: 'ignore', cwd: this.#folder });
  }

  /** @throws Error when a call fails */
  async call(from: string, to: string, numbers: readonly string[], calls: number, atOnce: number): Promise<Load> {
    writeFileSync(join(this.#folder, 'numbers.csv'), `RANDOM\n${numbers.join('\n')}\n`);
    const statistics = join(this.#folder, 'statistics.csv');
    const errors = join(this.#folder, 'errors.log');
    for (const file of [statistics, errors]) rmSync(file, { force: true });
    const [address, port] = from.split(':') as [string, string];
    const program = ['sipp', '-sf', 'calls.xml', '-inf', 'numbers.csv', '-i', address, '-p', port, '-nostdin'];
    const amount = ['-m', String(calls), '-l', String(atOnce), '-r', '5000', '-timeout', '120'];
    const trace = ['-trace_err', '-error_file', errors, '-trace_stat', '-stf', statistics, '-fd', '1'];
    const child = this.#atCaller([...program, ...amount, ...trace, to], { stdio: 'ignore', cwd: this.#folder });
    const status = await new Promise<number | null>((resolve) => child.on('exit', resolve));
    const [names, ...lines] = readFileSync(statistics, 'utf8').trim().split('\n');
    const last = lines.at(-1)!.split(';');
    const value = (name: string) => Number(last[names!.split(';').indexOf(name)]);
    if (status !== 0) {
      const first = readFileSync(errors, 'utf8').slice(0, 2000);
      throw new Error(`SIPp: ${value('FailedCall(C)')} of ${calls} calls failed (status ${status}): ${first}`);
    }
    return {
      calls: value('SuccessfulCall(C)'),
      callsPerSecond: value('CallRate(C)'),
      retransmissions: value('Retransmissions(C)'),
    };
  }

  close(): void {
    this.#answering.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true });
  }
}
