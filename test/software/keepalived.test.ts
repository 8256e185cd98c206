import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { keepalived } from '../../lib/software/keepalived/index.ts';
import { parseCell, type CellInput } from '../../lib/fleet/schema/cell.ts';

const cellOf = (sbc: CellInput['sbc'] = {}) =>
  deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, sbc }));
const cell = cellOf();
const [one, two] = cell.sbcs.map((host) => keepalived(cell, host)) as [
  ReturnType<typeof keepalived>,
  ReturnType<typeof keepalived>,
];
const text = (config: typeof one, name: string) => config.files.find((file) => file.path.endsWith(`/${name}`))!.text;

describe('keepalived', () => {
  it('speaks to the other SBC by unicast, from its own address', () => {
    const [a, b] = cell.sbcs;
    expect(text(one, 'keepalived.conf')).toContain(
      `unicast_src_ip ${a.address}\n    unicast_peer {\n        ${b.address}\n`,
    );
    expect(text(two, 'keepalived.conf')).toContain(
      `unicast_src_ip ${b.address}\n    unicast_peer {\n        ${a.address}\n`,
    );
  });

  it('lets the active one keep its role when the other comes back', () => {
    for (const config of [one, two]) {
      expect(text(config, 'keepalived.conf')).toMatch(/state BACKUP\n\s+nopreempt/);
    }
  });

  it('holds the overlay address and tells the target of every change, also when it stops', () => {
    expect(text(one, 'keepalived.conf')).toContain(`virtual_ipaddress {\n        ${cell.overlayAddress}/32\n`);
    const calls = [...text(one, 'keepalived.conf').matchAll(/notify_(\w+) "(.*)"/g)].map(([, event, call]) => [
      event,
      call,
    ]);
    const claim = '/usr/local/lib/cellstamp/sbc-change';
    expect(calls).toEqual([
      ['master', `${claim} MASTER`],
      ['backup', `${claim} BACKUP`],
      ['fault', `${claim} FAULT`],
      ['stop', `${claim} BACKUP`],
    ]);
  });

  it('has no address before Kamailio has answered once', () => {
    expect(one.services[0]!.after).toEqual(['kamailio']);
    expect(text(one, 'keepalived.conf')).toContain('init_fail');
  });

  it.each([
    ['UDP where callers use it', {}, "Proto => 'udp', PeerAddr => '10.16.0.21', PeerPort => 5060"],
    ['its own port', { transports: { udp: 5080 } }, "Proto => 'udp', PeerAddr => '10.16.0.21', PeerPort => 5080"],
    [
      'TCP where UDP is off',
      { transports: { udp: 'off' } },
      "Proto => 'tcp', PeerAddr => '10.16.0.21', PeerPort => 5060",
    ],
    [
      'the private socket where only TLS is open',
      { transports: { udp: 'off', tcp: 'off' } },
      "Proto => 'udp', PeerAddr => '10.16.0.11', PeerPort => 5090",
    ],
  ] as const)('asks for a sign of life over %s', (_, sbc, expected) => {
    const other = cellOf(sbc);
    expect(text(keepalived(other, other.sbcs[0]), 'kamailio-health')).toContain(expected);
  });
});
