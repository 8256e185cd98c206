import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { rtpengine } from '../../lib/software/rtpengine/index.ts';
import { parseCell, type CellInput } from '../../lib/fleet/schema/cell.ts';

function configOf(media: CellInput['media'] = {}) {
  const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, media }));
  return rtpengine(cell, cell.media[0]!);
}

function textOf(media: CellInput['media'], path: string): string {
  return configOf(media).files.find((file) => file.path === path)!.text;
}

const conf = '/etc/rtpengine/rtpengine.conf';

/** Lines of the one text that the other does not have. */
function changedLines(a: string, b: string): readonly string[] {
  const other = b.split('\n');
  return a.split('\n').filter((line) => !other.includes(line));
}

describe('rtpengine', () => {
  it('may not fall back to userspace where kernel forwarding is required, and checks the module before every start', () => {
    const config = configOf({ kernelForwarding: 'required' });
    expect(textOf({ kernelForwarding: 'required' }, conf)).toMatch(/^table = 0\nno-fallback = true$/m);
    const daemon = config.services.find((service) => service.name === 'rtpengine')!;
    expect(daemon.before).toEqual([['/usr/local/lib/cellstamp/rtpengine-kernel']]);
    expect(config.kernelModules).toEqual([{ name: 'xt_RTPENGINE', need: 'required' }]);
  });

  it('says of a missing module where it has to be: the kernel of a pod is its node’s', () => {
    expect(textOf({ kernelForwarding: 'required' }, '/usr/local/lib/cellstamp/rtpengine-kernel')).toContain(
      'give_up "no module xt_RTPENGINE for the kernel $(uname -r): the machine, of a pod its node, must have it (packages rtpengine-kernel-dkms and the headers of this kernel)"',
    );
  });

  it('falls back where it is preferred', () => {
    expect(textOf({ kernelForwarding: 'preferred' }, conf)).toMatch(/^table = 0\nno-fallback = false$/m);
    expect(textOf({ kernelForwarding: 'preferred' }, '/usr/local/lib/cellstamp/rtpengine-kernel')).not.toContain(
      'exit 1',
    );
  });

  it('knows nothing of the kernel where it is off: no table, no module, no package, no capability', () => {
    const config = configOf({ kernelForwarding: 'off' });
    expect(textOf({ kernelForwarding: 'off' }, conf)).toMatch(/^table = -1$/m);
    expect(config.kernelModules).toEqual([]);
    expect(config.packages.filter((name) => /dkms|headers|iptables/.test(name))).toEqual([]);
    const daemon = config.services.find((service) => service.name === 'rtpengine')!;
    expect([...daemon.before, ...daemon.capabilities]).toEqual([]);
  });

  it('changes only the lines that a changed value decides', () => {
    const before = textOf({}, conf);
    expect(changedLines(textOf({ relay: { calls: 1234 } }, conf), before)).toEqual(['max-sessions = 1234']);
    expect(changedLines(textOf({ relay: { ports: '31000-41999' } }, conf), before)).toEqual([
      'port-min = 31000',
      'port-max = 41999',
    ]);
  });

  it('has a socket for each of the 4 ports of every call that it admits', () => {
    const daemon = configOf({ relay: { calls: 10_000 } }).services.find((service) => service.name === 'rtpengine')!;
    expect(daemon.openFiles).toBeGreaterThanOrEqual(40_000);
  });

  it('is told what to do by the SBCs alone', () => {
    const { ports } = configOf();
    expect(ports.find((port) => port.name === 'rtpengine-control')!.peers).toEqual([{ role: 'sbc' }]);
    expect(ports.filter((port) => port.peers.some((peer) => 'internet' in peer)).map((port) => port.name)).toEqual([
      'rtp',
    ]);
  });

  it('does not start before the media guard is in place', () => {
    const { services, packages } = configOf();
    const daemon = services.find(({ name }) => name === 'rtpengine')!;
    const guard = services.find(({ name }) => name === 'media-guard')!;
    expect(daemon.after).toContain(guard.name);
    expect(guard).toMatchObject({
      kind: 'oneshot',
      command: ['/usr/sbin/nft', '-f', '/etc/cellstamp/media-guard.nft'],
    });
    expect(guard.ready).not.toEqual(['/bin/true']);
    expect(packages).toContain('nftables');
  });

  it('is asked for its health by a user that the media guard lets speak to the control port', () => {
    const { ready } = configOf().services.find(({ name }) => name === 'rtpengine')!;
    const [user] = ready.flatMap((word) => /^--reuid=(\d+)$/.exec(word)?.[1] ?? []);
    expect(textOf({}, '/etc/cellstamp/media-guard.nft')).toContain(`meta skuid ${user} accept`);
  });

  it('is kept to the ports of the spec by the media guard', () => {
    const media = { relay: { ports: '31000-41999' }, freeswitch: { ports: '17000-18999' } };
    const guard = textOf(media, '/etc/cellstamp/media-guard.nft');
    expect(guard).toContain('udp sport 31000-41999 goto from_relay');
    expect(guard).toContain('ip daddr @media_hosts udp dport 17000-18999 accept');
    const { spec } = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, media }));
    expect(guard).toContain(`elements = { ${spec.network}, `);
  });

  it('keeps outgoing connections off the ports of calls', () => {
    const { sysctl } = configOf({ relay: { ports: '31000-41999' }, freeswitch: { ports: '17000-18999' } });
    expect(sysctl['net.ipv4.ip_local_reserved_ports']).toBe('17000-18999,31000-41999');
  });
});
