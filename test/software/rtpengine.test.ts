import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/cell/cell.ts';
import { rtpengine } from '../../lib/software/rtpengine/index.ts';
import { parseCell, type CellInput } from '../../lib/spec/cell.ts';

function configOf(media: CellInput['media'] = {}) {
  const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', media }));
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
    expect(config.services.flatMap((service) => [...service.before, ...service.capabilities])).toEqual([]);
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

  it('keeps outgoing connections off the ports of calls', () => {
    const { sysctl } = configOf({ relay: { ports: '31000-41999' }, freeswitch: { ports: '17000-18999' } });
    expect(sysctl['net.ipv4.ip_local_reserved_ports']).toBe('17000-18999,31000-41999');
  });
});
