/** The cell's own probe: what it finds, what it does about it, whom it does not touch, and who can't use it. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probedIn, probeFaults, type Probed } from '../../../lib/operations/probes.ts';
import { prove } from '../../../lib/operations/prove.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { internalPorts, probeAudioPorts } from '../../../lib/fleet/schema/fixed.ts';
import { probeProgram } from '../../../lib/software/probe/paths.ts';
import { localCell } from '../../../lib/targets/local/cell-port.ts';
import { checkedStatus, exec, primaryHost, spawnOutside, up } from '../../../lib/targets/local/index.ts';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallSteps } from '../../../lib/user-agent/scenario.ts';
import { describeWith } from '../../requirements.ts';
import { acme, acmeCell, anna, bert, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, until } from '../lab/lab.ts';
import { invite, RawParties, sdp, sdpContent } from '../lab/raw-parties.ts';
import { freeze, thaw } from '../lab/relays.ts';

const input = {
  ...acmeCell('lab-probe', '10.93.48.0/20'),
  media: { hosts: 3, kernelForwarding: 'preferred' },
  probe: { intervalSeconds: 10 },
  // The probe calls every 3 s, and looks again after 1 s.
  calls: { timerSpeedup: 3 },
  tenants: [{ ...acme, limits: { calls: 12, callsPerSecond: 100, burst: 100 } }],
} satisfies CellInput;

const stranger = '203.0.113.50:5060';
const all = ['media-1', 'media-2', 'media-3', 'sbc', 'record', 'database'];

describeWith(['root', 'debian-packages'], 'the probe', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up({ ...input, probe: { intervalSeconds: 'off' } });
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert)]);
  });
  afterAll(() => lab?.down());

  const ask = async (sbc: string, ...hosts: readonly string[]): Promise<ReadonlyMap<string, Probed>> =>
    probedIn((await exec(input.name, sbc, [probeProgram, 'now', ...hosts])).stdout);
  const bothSay = async (why: (found: ReadonlyMap<string, Probed>) => boolean) =>
    (await Promise.all(lab.cell.sbcs.map(({ name }) => ask(name)))).every(why);
  const good = (found: ReadonlyMap<string, Probed>) => all.every((part) => found.get(part)?.good === true);
  const allIsGood = () => until(() => bothSay(good), 60);
  const silent = async (sbc: string = lab.active!) =>
    [...(await lab.kamcmd(sbc, 'htable.dump', 'silent_media')).matchAll(/name: (\d+)/g)].map(([, number]) => number);
  /** Audio to a host's relays is lost, and nothing else. */
  const cutAudio = (host: string) =>
    lab.run(
      host,
      ...['nft', 'add table inet cut; add chain inet cut in { type filter hook input priority -5; };'],
      `add rule inet cut in udp dport ${lab.spec.media.relay.ports.from}-${lab.spec.media.relay.ports.to} drop`,
    );
  const mendAudio = (host: string) => lab.run(host, 'nft', 'delete', 'table', 'inet', 'cut');
  const call = async (calls: number) => (await agents.run({ kinds: [withinTenant], calls, ratePerSecond: 2 })).results;
  it('comes to a running cell with its file, host by host, and no call ends', async () => {
    const calls = agents.run({ kinds: [withinTenant], calls: 4, ratePerSecond: 2, talkSeconds: 45 });
    await up(parseCell(input));
    expect(failuresOf((await calls).results)).toEqual([]);
  });

  it('finds every part well, on both SBCs, of which one stands by', async () => {
    await allIsGood();
    expect(await probeFaults(localCell(input.name), ['sbc-1', 'sbc-2'])).toEqual(new Map());
    // What has started a moment ago may have been slow to answer.
    await until(async () => (await checkedStatus(input.name)).state === 'running', 30);
    const { hosts } = await checkedStatus(input.name);
    expect(hosts.filter(({ probe }) => probe?.good).map(({ name }) => name)).toEqual([
      ...lab.cell.media.map(({ name }) => name),
      ...lab.cell.sbcs.map(({ name }) => name),
    ]);
  });

  it('counts as nobody’s traffic', async () => {
    const before = await lab.records();
    const counted = () =>
      Promise.all(
        lab.cell.sbcs.flatMap(({ name }) =>
          ['setups_total', 'answered_total', 'ended_total', 'rejected_total', 'media_samples_total'].map(
            async (counter) => [name, counter, await lab.metric(counter, '', name)],
          ),
        ),
      );
    const countedBefore = await counted();
    for (let round = 0; round < 3; round++) {
      for (const { name } of lab.cell.sbcs) {
        const placing = ask(name);
        expect(await lab.load(name)).toEqual({});
        expect((await lab.run(name, '/usr/local/lib/cellstamp/calls', 'list')).trim()).toBe('');
        await placing;
      }
    }
    for (const { name } of lab.cell.sbcs) {
      expect(await lab.load(name)).toEqual({});
      expect(await lab.metric('probe_good', 'media-2', name)).toBe(1);
      expect(await lab.metric('probe_failing', '', name)).toBe(0);
      expect(await lab.kamcmd(name, 'htable.dump', 'tokens')).not.toMatch(/name: (t:|cell)/);
    }
    expect(await counted()).toEqual(countedBefore);
    expect(await lab.records()).toEqual(before);
  });

  it('leaves records that are marked, in a stream of their own', async () => {
    await ask(lab.active!);
    const dump = await lab.run(
      primaryHost(input.name, 'redis'),
      ...['bash', '-c'],
      `REDISCLI_AUTH=$(</etc/redis/password) redis-cli -h ${primaryAddress()} --tls --cacert /etc/cellstamp/data-ca.pem xrevrange probe-records + - COUNT 30`,
    );
    const events = [...dump.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line!) as Record<string, unknown>);
    expect(events.length).toBeGreaterThan(10);
    expect(new Set(events.map(({ kind, tenant }) => `${kind} '${tenant}'`))).toEqual(new Set([`probe ''`]));
    expect(events.some(({ event, reason }) => event === 'end' && reason === 'hung_up')).toBe(true);
  });

  const primaryAddress = () => lab.cell.redis[0]!.primaryAddress;

  it('takes a media host out that answers and carries no audio, and back once it does', async () => {
    await allIsGood();
    await cutAudio('media-2');
    try {
      const cut = Date.now();
      await until(async () => (await silent()).includes('2'), 60);
      console.log(`media-2 got no new calls ${((Date.now() - cut) / 1000).toFixed(1)} s after its audio was cut`);
      // It answers all the same.
      expect(await lab.metric('media_host_up', 'media-2')).toBe(1);
      await sleep(1500);
      const during = await call(6);
      expect(failuresOf(during)).toEqual([]);
      expect(during.flatMap((result) => lab.mediaHostsOf(result))).not.toContain('media-2');
      const { hosts } = await checkedStatus(input.name);
      const found = hosts.find(({ name }) => name === 'media-2')!;
      expect(found).toMatchObject({ state: 'faulty', probe: { good: false, inService: false } });
      expect(JSON.stringify(found.services)).toMatch(/rtpengine.*its call has no audio in either direction/);
      // Whoever proves or rolls the cell learns of it.
      const { good: proved, troubles } = await prove(localCell(input.name), async () => ({ good: true }));
      expect(proved).toBe(false);
      expect(troubles.join('\n')).toMatch(/finds media-2 at fault: its call has no audio/);
    } finally {
      await mendAudio('media-2');
    }
    const mended = Date.now();
    await until(async () => (await silent()).length === 0, 60);
    console.log(`media-2 got new calls again ${((Date.now() - mended) / 1000).toFixed(1)} s after its audio was back`);
    await sleep(1500);
    const after = await call(9);
    expect(failuresOf(after)).toEqual([]);
    expect(after.flatMap((result) => lab.mediaHostsOf(result))).toContain('media-2');
  });

  it('leaves hosts in service when most of them fail, and says so', async () => {
    await allIsGood();
    for (const { name } of lab.cell.media) await cutAudio(name);
    try {
      await until(async () => (await lab.metric('probe_failing')) === 3, 60);
      await sleep(5000);
      expect((await silent()).length).toBeLessThan(2);
      expect((await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')).match(/\d+:/g)!.length).toBeGreaterThan(
        1,
      );
    } finally {
      for (const { name } of lab.cell.media) await mendAudio(name);
    }
    await until(async () => (await silent()).length === 0, 60);
    await allIsGood();
  });

  it('says that the database does not answer, while calls go on', async () => {
    await allIsGood();
    const database = primaryHost(input.name, 'database');
    freeze(input.name, database);
    try {
      await until(async () => (await ask(lab.active!)).get('database')?.good === false, 60);
      expect((await ask(lab.active!, 'media-1')).get('media-1')?.good).toBe(true);
      expect(failuresOf(await call(3))).toEqual([]);
      expect(await silent()).toEqual([]);
    } finally {
      thaw(input.name, database);
    }
    await allIsGood();
  });

  it('takes nothing from a tenant’s limit', async () => {
    // They are all that it may have.
    const run = agents.startRun({ kinds: [{ ...withinTenant, steps: talk }], calls: 12, ratePerSecond: 8 });
    await sleep(2500);
    const during = await ask(lab.active!);
    expect([...during.values()].map(({ good: well }) => well)).toEqual(all.map(() => true));
    expect((await lab.load())['t:acme']).toBe(12);
    expect(failuresOf((await run.finished).results)).toEqual([]);
    await until(async () => Object.keys(await lab.load()).length === 0);
  });

  const talk: CallSteps = [
    { step: 'ring', seconds: 0 },
    { step: 'answer' },
    { step: 'talk', seconds: 6 },
    { step: 'bye', by: 'caller' },
  ];

  it('can be used by nobody else', async () => {
    const raw = await RawParties.open(input.name, [stranger]);
    try {
      const secret = /value: ([0-9a-f]{32})/.exec(await lab.kamcmd(lab.active!, 'htable.get', 'probe', 'ha1'))![1]!;
      const uri = 'sip:media-2@probe.invalid';
      const callIds: string[] = [];
      const tried = async (from: string, ...headers: readonly string[]) => {
        const id = raw.newCallId();
        callIds.push(id);
        const text = invite(stranger, uri, from, id, sdpContent(sdp('203.0.113.50', 40000)));
        raw.send(
          stranger,
          `${lab.floating}:5060`,
          text.replace('Max-Forwards', [...headers, 'Max-Forwards'].join('\r\n')),
        );
        return (await raw.message(stranger, id, 'SIP/2.0')).split('\r\n')[0];
      };
      // From outside, as anybody; and by somebody who has got hold of the password.
      expect(await tried('sip:probe@probe.invalid')).toMatch(/^SIP\/2.0 403/);
      const hash = (text: string) => createHash('md5').update(text).digest('hex');
      const response = hash(`${secret}:nonce:00000001:made:auth:${hash(`INVITE:${uri}`)}`);
      expect(
        await tried(
          'sip:probe@probe.invalid',
          `Proxy-Authorization: Digest username="probe", realm="probe.invalid", nonce="nonce", uri="${uri}", response="${response}", cnonce="made", qop=auth, nc=00000001`,
        ),
      ).toMatch(/^SIP\/2.0 403/);
      // The probe's own calls may be among them.
      const calls = await lab.kamcmd(lab.active!, 'htable.dump', 'calls');
      expect(callIds.filter((id) => calls.includes(`|${id}|`))).toEqual([]);
      // A user of a tenant can't choose its media host, and the standby answers nobody outside.
      const standby = lab.cell.sbcs.find(({ name }) => name !== lab.active)!;
      for (const address of [standby.floatingSide, standby.address]) {
        const id = raw.newCallId();
        raw.send(
          stranger,
          `${address}:5060`,
          invite(stranger, uri, 'sip:probe@probe.invalid', id, sdpContent(sdp('203.0.113.50', 40000))),
        );
        await sleep(500);
        expect(raw.of(stranger, id)).toEqual([]);
      }
    } finally {
      await raw.close();
    }
    await forged();
    // On the host itself, without the password; and with a call that is to go elsewhere.
    const sbc = lab.cell.sbcs.find(({ name }) => name === lab.active)!;
    const local = (uri: string) =>
      lab.run(
        sbc.name,
        ...['python3', '-c', askLocally, sbc.floatingSide, uri, String(internalPorts.probeCaller + 20), sbc.address],
      );
    expect(await local('sip:media-2@probe.invalid')).toMatch(/^SIP\/2.0 407/);
    expect(await local('sip:bert@probe.invalid')).toMatch(/^SIP\/2.0 403/);
    expect(await local('sip:media-2@acme.example.com')).toMatch(/^SIP\/2.0 403/);
    // An SBC's user of the database writes its probe's row, and nothing else.
    const asSbc = (sql: string) =>
      exec(input.name, sbc.name, [
        'setpriv',
        '--reuid=kamailio',
        '--regid=kamailio',
        '--clear-groups',
        'psql',
        '-h',
        '/run/database-pool',
        '-U',
        'cellstamp_sbc',
        '-d',
        'cellstamp',
        '-c',
        `BEGIN READ WRITE; ${sql}; COMMIT`,
      ]);
    expect((await asSbc(`SELECT sbc.probe('sbc-3', 'x')`)).status).not.toBe(0);
    expect((await asSbc(`INSERT INTO cellstamp.probes VALUES ('sbc-1', 'x')`)).status).not.toBe(0);
    expect((await asSbc(`UPDATE cellstamp.tenants SET calls = 9`)).status).not.toBe(0);
    expect((await asSbc(`SELECT sbc.probe('sbc-1', 'x')`)).status).toBe(0);
    // Its audio's ports are open to media hosts alone.
    const rules = await lab.run(sbc.name, 'nft', 'list', 'table', 'inet', 'cellstamp');
    expect(rules).toContain(`udp dport ${probeAudioPorts.from}-${probeAudioPorts.to}`);
    await allIsGood();
  });

  it('goes from a running cell with its file, host by host, and no call ends', async () => {
    const calls = agents.run({ kinds: [withinTenant], calls: 4, ratePerSecond: 2, talkSeconds: 45 });
    await up(parseCell({ ...input, probe: { intervalSeconds: 'off' } }));
    expect(failuresOf((await calls).results)).toEqual([]);
    const { hosts } = await checkedStatus(input.name);
    expect(hosts.filter(({ probe }) => probe !== undefined)).toEqual([]);
  });

  /** A packet from the wire with the address of loopback: the kernel takes none. */
  async function forged(): Promise<void> {
    const before = await lab.metric('dropped_total');
    const child = spawnOutside(input.name, ['python3', '-c', forge, lab.floating]);
    const [code] = await new Promise<[number | null]>((ended) => child.on('exit', (status) => ended([status])));
    expect(code).toBe(0);
    await sleep(500);
    expect(await lab.kamcmd(lab.active!, 'htable.dump', 'calls')).not.toContain('|forged|');
    expect(await lab.metric('dropped_total')).toBe(before);
  }
});

/** Places an INVITE from 127.0.0.1 of the host, and prints the first line of the answer. */
const askLocally = `
import socket, sys
address, uri, port, own = sys.argv[1:]
body = "v=0\\r\\no=- 0 0 IN IP4 %s\\r\\ns=-\\r\\nc=IN IP4 %s\\r\\nt=0 0\\r\\nm=audio 4000 RTP/AVP 8\\r\\n" % (own, own)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(port)))
s.settimeout(3)
head = ["INVITE %s SIP/2.0" % uri, "Via: SIP/2.0/UDP 127.0.0.1:%s;branch=z9hG4bKx%s" % (port, hash(uri)), "Max-Forwards: 9",
        "From: <sip:probe@probe.invalid>;tag=x", "To: <sip:probe@probe.invalid>", "Call-ID: local-%s" % hash(uri), "CSeq: 1 INVITE",
        "Contact: <sip:probe@127.0.0.1:%s>" % port, "Content-Type: application/sdp", "Content-Length: %d" % len(body)]
s.sendto(("\\r\\n".join(head) + "\\r\\n\\r\\n" + body).encode(), (address, 5060))
while True:
    line = s.recv(4096).decode().split("\\r\\n")[0]
    if not line.startswith("SIP/2.0 100"):
        print(line)
        break
`;

/** Sends an INVITE of the probe with 127.0.0.1 as its source. */
const forge = `
import socket, struct, sys
body = b"INVITE sip:media-2@probe.invalid SIP/2.0\\r\\nVia: SIP/2.0/UDP 127.0.0.1:5093;branch=z9hG4bKforged\\r\\nMax-Forwards: 9\\r\\nFrom: <sip:probe@probe.invalid>;tag=f\\r\\nTo: <sip:probe@probe.invalid>\\r\\nCall-ID: forged\\r\\nCSeq: 1 INVITE\\r\\nContact: <sip:probe@127.0.0.1:5093>\\r\\nContent-Length: 0\\r\\n\\r\\n"
udp = struct.pack("!HHHH", 5093, 5060, 8 + len(body), 0) + body
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton("127.0.0.1"), socket.inet_aton(sys.argv[1]))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
s.sendto(ip + udp, (sys.argv[1], 0))
`;
