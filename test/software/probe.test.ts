/** What the probe is on a host, and by which rule it takes media hosts out of service. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell, type CellInput } from '../../lib/fleet/schema/cell.ts';
import { cellAlerts } from '../../lib/observability/alerts.ts';
import { hostConfig } from '../../lib/software/cell-host.ts';

const cellWith = (more: Partial<CellInput> = {}) =>
  deriveCell(parseCell({ name: 'probed', region: 'eu-west-1', local: {}, ...more }));
const textOf = (cell: ReturnType<typeof cellWith>, host: 'sbcs' | 'media') =>
  hostConfig(cell, cell[host][0]!)
    .files.map(({ text }) => text)
    .join('\n');

describe('the probe', () => {
  it('lets media hosts alone reach its audio, and a relay nothing else of an SBC', () => {
    const cell = cellWith();
    const ports = hostConfig(cell, cell.sbcs[0]).ports.filter(({ name }) => name === 'probe-audio');
    expect(ports).toMatchObject([{ protocol: 'udp', from: 2240, to: 2271, peers: [{ role: 'media' }] }]);
    expect(textOf(cell, 'media')).toContain('ip daddr @sbcs udp dport 2240-2271 accept');
  });

  it('wakes somebody when its calls fail, and when it says nothing', () => {
    expect(cellAlerts(cellWith()).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['sbc-1-probe', 'sbc-2-probe', 'sbc-1-probe-age', 'sbc-2-probe-age']),
    );
  });

  it('is on no SBC of a cell that has switched it off, whose media hosts still let one go on until its SBC is renewed', () => {
    const cell = cellWith({ probe: { intervalSeconds: 'off' } });
    expect(hostConfig(cell, cell.sbcs[0]).services.map(({ name }) => name)).not.toContain('cellstamp-probe');
    expect(hostConfig(cell, cell.sbcs[0]).ports.map(({ name }) => name)).not.toContain('probe-audio');
    expect(textOf(cell, 'sbcs')).not.toContain('CALL_OF_PROBE');
    expect(textOf(cell, 'media')).toContain('udp dport 2240');
    expect(cellAlerts(cell).some(({ id }) => id.includes('probe'))).toBe(false);
  });

  it('calls inside the cell where no client speaks UDP', () => {
    const cell = cellWith({ sbc: { transports: { udp: 'off', tcp: 'off', tls: 5061 } } });
    const [settings] = hostConfig(cell, cell.sbcs[0]).files.filter(({ path }) => path === '/etc/cellstamp/probe.json');
    expect(JSON.parse(settings!.text)).toMatchObject({ kamailio: [cell.sbcs[0].address, 5090] });
  });
});

/**
 * Judges calls of some hosts, one after the other, ten seconds apart, as the program does.
 * @param tiers of each host, by its number
 * @param calls numbers of hosts; a negative one is a call that fails
 * @returns numbers of the hosts that are out after each call
 */
function outAfter(tiers: readonly (readonly string[])[], calls: readonly number[]): readonly (readonly number[])[] {
  const program = `
import json, runpy, sys
probe = runpy.run_path("lib/software/probe/probe.py")
tiers, calls = json.loads(sys.argv[1])
hosts = []
for number, serves in enumerate(tiers, 1):
    host = probe["Host"](number)
    host.tiers = serves
    hosts.append(host)
out = []
for turn, call in enumerate(calls):
    host = hosts[abs(call) - 1]
    host.note(None if call > 0 else "no audio")
    probe["judge"](host, hosts, 10 * turn)
    out.append([host.number for host in hosts if host.out])
print(json.dumps(out))
`;
  const { stdout, stderr, status } = spawnSync('python3', ['-B', '-c', program, JSON.stringify([tiers, calls])], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as readonly (readonly number[])[];
}

const repeat = <T>(times: number, calls: readonly T[]) => Array.from({ length: times }, () => calls).flat();
const pool = (hosts: number) => Array.from({ length: hosts }, () => ['standard']);

describe('a media host whose calls fail', () => {
  it('is out after two failures in a row, and back after three good calls in a row', () => {
    expect(outAfter(pool(4), [-1, 1, -1, -1, 1, 1, -1, 1, 1, 1])).toEqual([
      [],
      [],
      [],
      [1],
      [1],
      [1],
      [1],
      [1],
      [1],
      [],
    ]);
  });

  it('must be good for twice as long each time that it fails again within an hour', () => {
    const failAndPass = (good: number) => [...repeat(2, [-1]), ...repeat(good, [1])];
    const after = outAfter(pool(4), [...failAndPass(3), ...failAndPass(6), ...failAndPass(11)]);
    expect([after[4], after[6], after[11], after[12], after.at(-1)]).toEqual([[], [1], [1], [], [1]]);
  });

  it('stays in service where half of a tier is out, and where it is the only host', () => {
    expect(outAfter(pool(1), repeat(5, [-1])).at(-1)).toEqual([]);
    expect(outAfter(pool(2), repeat(3, [-1])).at(-1)).toEqual([1]);
    expect(outAfter(pool(3), [...repeat(3, [-1]), ...repeat(3, [-2])]).at(-1)).toEqual([1]);
    expect(outAfter(pool(4), [...repeat(2, [-1]), ...repeat(2, [-2]), ...repeat(2, [-3])]).at(-1)).toEqual([1, 2]);
    // A tier with one host keeps it, whatever the other tier has.
    expect(outAfter([['standard', 'gold'], ['standard'], ['standard']], repeat(4, [-1])).at(-1)).toEqual([]);
  });

  it('stays in service while more than half fail at once: what they have in common is broken', () => {
    expect(outAfter(pool(4), repeat(4, [-1, -2, -3, -4])).at(-1)).toEqual([]);
    expect(outAfter(pool(3), [...repeat(3, [-1, -2]), 2, 2, -1]).at(-1)).toEqual([1]);
  });
});
