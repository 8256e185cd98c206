/** The firewall of a node, in a kernel: who gets through to the cell's ports, and what it leaves alone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cellOnNodes } from '../../../lib/targets/kubernetes/cell-on-nodes.ts';
import { firewallPath } from '../../../lib/targets/kubernetes/host/firewall.ts';
import { hostFiles } from '../../../lib/targets/kubernetes/host/host-files.ts';
import { nodeSettingsPath } from '../../../lib/targets/kubernetes/host/node-settings.ts';
import { describeWith } from '../../requirements.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { minimal, minimalInput } from './cells.ts';

const cell = cellOnNodes(minimal);
/** What the first container puts in: one neighbour is not there. */
const addresses: Readonly<Record<string, string>> = {
  sbc_1_address: '10.16.0.61',
  sbc_2_address: '192.0.0.8',
  media_1_address: '10.16.0.51',
  media_2_address: '10.16.0.52',
  media_3_address: '192.0.0.8',
};
const textOf = (host: string, wanted: string, of = cell) =>
  hostFiles(of, { name: host })
    .config.files.find(({ path }) => path === wanted)!
    .text.replaceAll(/@@(\w+)@@/g, (_, name: string) => addresses[name]!);
const rulesOf = (host: string) => textOf(host, firewallPath);

/** Sends from each source to each port of the node, and prints which datagrams arrive. */
const probe = `
import json, socket, subprocess, sys
sources, ports = json.loads(sys.argv[1])
listening = {}
for port in ports:
    listening[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening[port].bind(("10.16.0.51", port))
    listening[port].settimeout(0.2)
send = "import socket,sys; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1],0)); s.sendto(b'x',('10.16.0.51',int(sys.argv[2])))"
for source in sources:
    for port in ports:
        subprocess.run(["nsenter", "--net=/run/netns/" + sys.argv[2], sys.executable, "-c", send, source, str(port)], check=True)
        try:
            listening[port].recv(9)
            print(source, port)
        except TimeoutError:
            pass
`;

describeWith(['root', 'debian-packages'], 'the firewall of a node', () => {
  let folder: string;
  const suffix = String(process.pid);
  const [node, outside] = [`fwn${suffix}`, `fwo${suffix}`];
  const ip = (...words: string[]) => execFileSync('ip', words);
  const inNode = (...words: [string, ...string[]]) =>
    spawnSync('ip', ['netns', 'exec', node, ...words], { encoding: 'utf8' });
  const load = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    const { status, stderr } = inNode('nft', '-f', join(folder, name));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-firewall-'));
    for (const name of [node, outside]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    ip('-n', node, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside);
    ip('-n', node, 'address', 'add', '10.16.0.51/20', 'dev', 'eth0');
    for (const address of ['10.16.0.61', '10.16.0.52', '10.16.0.99']) {
      ip('-n', outside, 'address', 'add', `${address}/20`, 'dev', 'eth0');
    }
    for (const name of [node, outside]) ip('-n', name, 'link', 'set', 'eth0', 'up');
    writeFileSync(join(folder, 'probe.py'), probe);
  });
  afterAll(() => {
    for (const name of [node, outside]) spawnSync('ip', ['netns', 'delete', name]);
    rmSync(folder, { recursive: true, force: true });
  });

  const arrived = (sources: readonly string[], ports: readonly number[]) =>
    inNode('python3', join(folder, 'probe.py'), JSON.stringify([sources, ports]), outside)
      .stdout.trim()
      .split('\n');

  it('lets through to the cell’s ports whom the ports say, and to all others everybody', () => {
    load('media', rulesOf('media-1'));
    const [sbc, media, stranger] = ['10.16.0.61', '10.16.0.52', '10.16.0.99'];
    // Control of the relay; FreeSWITCH's SIP and audio; the relay's audio; another program's port.
    expect(arrived([sbc, media, stranger], [2223, 5070, 16384, 20000, 10250])).toEqual([
      `${sbc} 2223`,
      `${sbc} 5070`,
      `${sbc} 20000`,
      `${sbc} 10250`,
      `${media} 16384`,
      `${media} 20000`,
      `${media} 10250`,
      `${stranger} 20000`,
      `${stranger} 10250`,
    ]);
  });

  it('lets whoever collects metrics through to their ports, and to no other', () => {
    const monitoring = { from: ['10.16.0.99/32'] };
    const watched = parseCell({ ...minimalInput, kubernetes: { ...minimalInput.kubernetes, monitoring } });
    load('watched', textOf('media-1', firewallPath, cellOnNodes(watched)));
    const isOpen = (source: string, port: number) =>
      inNode('nft', 'list', 'table', 'inet', 'cellstamp_node')
        .stdout.split('\n')
        .some((rule) => rule.includes(`dport ${port} `) && rule.includes(source) && rule.includes('accept'));
    expect([isOpen('10.16.0.99', 9900), isOpen('10.16.0.99', 2223)]).toEqual([true, false]);
  });

  it('leaves the tables of others as they are, and is the same when it is loaded again', () => {
    load('others', 'table ip kube { chain in { type filter hook input priority 0; udp dport 53 accept; }; }\n');
    const others = () => inNode('nft', 'list', 'table', 'ip', 'kube').stdout;
    const before = others();
    load('sbc', rulesOf('sbc-1'));
    // A table that is made again stands last.
    const tables = () =>
      inNode('nft', 'list', 'ruleset')
        .stdout.trim()
        .split(/\n(?=table)/)
        .sort();
    const once = tables();
    expect(once).toHaveLength(3);
    load('sbc', rulesOf('sbc-1'));
    expect(tables()).toEqual(once);
    expect(others()).toBe(before);
  });

  it('keeps the floating address where it is when the rules of an SBC are loaded again', () => {
    load('sbc', rulesOf('sbc-1'));
    const mapped = '{ 203.0.113.10 : 10.16.0.21 }';
    inNode('nft', 'add', 'element', 'ip', 'cellstamp_floating', 'inbound', mapped);
    load('sbc', rulesOf('sbc-1'));
    expect(inNode('nft', 'list', 'map', 'ip', 'cellstamp_floating', 'inbound').stdout).toContain(
      '203.0.113.10 : 10.16.0.21',
    );
  });

  it('gives up what an SBC held that was killed, before the next one starts; a first one finds nothing', () => {
    // Without the kernel settings, which are the machine's.
    const text = textOf('sbc-1', nodeSettingsPath);
    const addressesOnly = `set -eu\n${text.slice(text.indexOf('# What a pod held'))}`;
    const prepare = () => inNode('bash', '-c', addressesOnly.replaceAll('10.16.0.61', '10.16.0.51'));
    inNode('nft', 'delete', 'table', 'ip', 'cellstamp_floating');
    const first = prepare();
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: '' });
    expect(first.stdout).not.toContain('held');
    load('sbc', rulesOf('sbc-1'));
    for (const [map, element] of [
      ['inbound', '{ 203.0.113.10 : 10.16.0.21 }'],
      ['outbound', '{ 10.16.0.21 : 203.0.113.10 }'],
    ] as const) {
      inNode('nft', 'add', 'element', 'ip', 'cellstamp_floating', map, element);
    }
    for (const held of ['203.0.113.10', cell.overlayAddress]) inNode('ip', 'address', 'add', held, 'dev', 'eth0');
    const again = prepare();
    expect({ status: again.status, stderr: again.stderr }).toEqual({ status: 0, stderr: '' });
    expect(again.stdout).toContain('node-settings: 203.0.113.10 is given up, which a pod held that was killed');
    const kept = [...inNode('ip', '-oneline', '-4', 'address', 'show', 'dev', 'eth0').stdout.matchAll(/inet (\S+)/g)];
    expect(kept.map(([, address]) => address).sort()).toEqual(['10.16.0.21/32', '10.16.0.51/20']);
    expect(inNode('nft', 'list', 'table', 'ip', 'cellstamp_floating').stdout).not.toContain('203.0.113.10');
  });
});
