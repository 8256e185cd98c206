/** What runs on a host says nothing about its processor: which packages and paths depend on that is for a target to know. */
import { expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { hostConfig } from '../../lib/software/cell-host.ts';
import { edgeHostConfig } from '../../lib/software/edge-host.ts';

const cell = deriveCell(
  parseCell({
    name: 'euw1-a',
    region: 'eu-west-1',
    aws: {},
    sbc: { transports: { udp: 5060, tcp: 5060, tls: 5061 } },
    media: { kernelForwarding: 'required', freeswitch: { install: 'signalwire' } },
  }),
);
const front = deriveFront(
  parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }], aws: {} }),
);
const hosts = [
  ...cell.hosts.map((host) => [host.name, hostConfig(cell, host)] as const),
  ...front.edges.map((host) => [host.name, edgeHostConfig(front, host)] as const),
];

it.each(hosts)('%s has no architecture in its packages, paths and commands', (_, config) => {
  const text = JSON.stringify(config);
  expect([...text.matchAll(/[^"\s]*(?:amd64|x86_64|arm64|aarch64)[^"\s]*/g)].map(([found]) => found)).toEqual([]);
});
