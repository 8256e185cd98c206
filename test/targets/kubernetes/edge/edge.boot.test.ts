/** An edge's node in a kernel: what comes to the anycast address, who gets through to the other ports; and the drain of an edge with a real Kamailio. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deriveFront } from '../../../../lib/fleet/derive/front.ts';
import { kamailioPaths } from '../../../../lib/software/kamailio/common/paths.ts';
import { edgeDrain } from '../../../../lib/targets/kubernetes/edge/drain.ts';
import { edgeFiles, withAnycastSides } from '../../../../lib/targets/kubernetes/edge/files.ts';
import { firewallPath } from '../../../../lib/targets/kubernetes/host/firewall.ts';
import { describeWith } from '../../../requirements.ts';
import { maximalFront } from '../cells.ts';

const front = withAnycastSides(deriveFront(maximalFront, 'late'));
const edge = front.edges[0]!;
const node = '10.201.0.51';
const anycast = '198.51.100.1';
const rules = edgeFiles(front, edge)
  .config.files.find(({ path }) => path === firewallPath)!
  .text.replaceAll('@@edge_1_unicast_side@@', node);

/** Answers datagrams and connections at ADDRESS:PORT with where it heard them. */
const responder = `
import socket, sys, threading
def datagrams(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((address, port))
    while True:
        _, peer = s.recvfrom(99); s.sendto(b"%s:%d" % (address.encode(), port), peer)
def streams(address, port):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((address, port)); s.listen()
    while True:
        c, _ = s.accept(); c.sendall(b"%s:%d" % (address.encode(), port)); c.close()
for word in sys.argv[1:]:
    kind, address, port = word.split(",")
    threading.Thread(target=datagrams if kind == "udp" else streams, args=(address, int(port))).start()
open("ready", "w").close()
`;

/** What answers, or nothing. A datagram's answer counts only from where the question went. */
const asker = `
import socket, sys
kind, own, address, port = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.settimeout(1); s.bind((own, 0))
try:
    s.connect((address, int(port)))
    if kind == "udp": s.send(b"x")
    print(s.recv(99).decode())
except OSError:
    print("nothing")
`;

describeWith(['root', 'debian-packages'], 'the node of an edge', () => {
  let folder: string;
  let answering: ChildProcess;
  const suffix = String(process.pid);
  const [inside, outside] = [`edn${suffix}`, `edo${suffix}`];
  const ip = (...words: string[]) => execFileSync('ip', words);
  const client = '203.0.113.9';
  const router = '10.201.0.1';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-edge-'));
    for (const name of [inside, outside]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    ip('-n', inside, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside);
    ip('-n', inside, 'address', 'add', `${node}/22`, 'dev', 'eth0');
    ip('-n', inside, 'address', 'add', `${edge.address}/32`, 'dev', 'eth0');
    for (const address of [`${router}/22`, `${client}/32`]) ip('-n', outside, 'address', 'add', address, 'dev', 'eth0');
    for (const name of [inside, outside]) ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', inside, 'route', 'add', 'default', 'via', router);
    ip('-n', outside, 'route', 'add', `${anycast}/32`, 'via', node);
    for (const [name, text] of Object.entries({ rules, 'responder.py': responder, 'asker.py': asker })) {
      writeFileSync(join(folder, name), text);
    }
    // Twice, as when a pod comes back.
    const load = () => ip('netns', 'exec', inside, 'nft', '-f', join(folder, 'rules'));
    load();
    load();
    const { address } = edge;
    const sockets = [`udp,${address},5060`, `tcp,${address},5060`, `tcp,${address},8088`, `tcp,${address},9494`];
    const words = ['netns', 'exec', inside, 'python3', join(folder, 'responder.py'), ...sockets, `udp,${address},5090`];
    answering = spawn('ip', words, { cwd: folder, stdio: 'ignore' });
    while (!existsSync(join(folder, 'ready'))) await sleep(50);
  });
  afterAll(() => {
    answering.kill('SIGKILL');
    for (const name of [inside, outside]) spawnSync('ip', ['netns', 'delete', name]);
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (network: string, ...words: string[]) =>
    execFileSync('ip', ['netns', 'exec', network, 'python3', join(folder, 'asker.py'), ...words], {
      encoding: 'utf8',
    }).trim();

  it('answers clients at the anycast address, as that address', () => {
    expect(ask(outside, 'udp', client, anycast, '5060')).toBe(`${edge.address}:5060`);
    expect(ask(outside, 'tcp', client, anycast, '5060')).toBe(`${edge.address}:5060`);
  });

  it('lets nobody outside to the health check and to the port of the flood guard', () => {
    expect(ask(outside, 'tcp', client, anycast, '8088')).toBe('nothing');
    expect(ask(outside, 'udp', client, anycast, '5090')).toBe('nothing');
    expect(ask(inside, 'tcp', edge.address, edge.address, '8088')).toBe(`${edge.address}:8088`);
  });

  it('answers Prometheus at the node’s address, where it may ask', () => {
    expect(ask(outside, 'tcp', router, node, '9494')).toBe(`${edge.address}:9494`);
    expect(ask(outside, 'tcp', client, node, '9494')).toBe('nothing');
  });
});

describeWith(['debian-packages'], 'the drain of an edge', () => {
  let folder: string;
  let kamailio: ChildProcess;
  const control = () => join(folder, 'ctl');
  const kamcmd = (...words: string[]) =>
    execFileSync('kamcmd', ['-s', `unix:${control()}`, ...words], { encoding: 'utf8' });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-edge-drain-'));
    writeFileSync(
      join(folder, 'kamailio.cfg'),
      `debug=0
children=1
disable_tcp=yes
listen=udp:127.0.0.1:25060
loadmodule "ctl.so"
loadmodule "htable.so"
modparam("ctl", "binrpc", "unix:${control()}")
modparam("htable", "htable", "pinned=>size=4;")
request_route { exit; }
`,
    );
    const text = edgeDrain(front)
      .text.replaceAll('/run/cellstamp/draining', join(folder, 'draining'))
      .replaceAll(kamailioPaths.control, control())
      // Not the half minute that the entry has.
      .replace(/"\$mark"\) \+ \d+\)\)/, '"$mark") + 1))');
    writeFileSync(join(folder, 'edge-drain'), text);
    chmodSync(join(folder, 'edge-drain'), 0o755);
    kamailio = spawn('kamailio', ['-DD', '-E', '-f', join(folder, 'kamailio.cfg'), '-Y', folder], { stdio: 'ignore' });
    while (!existsSync(control())) await sleep(50);
  });
  afterAll(async () => {
    // It takes its workers along.
    kamailio.kill('SIGTERM');
    await new Promise((resolve) => kamailio.once('close', resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes the edge out of service, and waits for the last call', async () => {
    kamcmd('htable.seti', 'pinned', 'a-call@192.0.2.1', '1');
    const drain = spawn(join(folder, 'edge-drain'));
    let said = '';
    drain.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => drain.once('close', resolve));
    while (!said.includes('calls left: 1')) await sleep(50);
    expect(existsSync(join(folder, 'draining'))).toBe(true);
    kamcmd('htable.delete', 'pinned', 'a-call@192.0.2.1');
    expect(await ended).toBe(0);
    expect(said.trim().split('\n').at(-1)).toBe('edge-drain: no calls left');
  });
});
