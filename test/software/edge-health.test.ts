import { describe, expect, it } from 'vitest';
import { edgeHealth } from '../../lib/software/edge-health/index.ts';
import type { FrontInput } from '../../lib/fleet/schema/front.ts';
import { frontOf, minimalFront } from '../targets/aws/synth.ts';

function made(transports: NonNullable<NonNullable<FrontInput['edge']>['transports']>) {
  const front = frontOf({ ...minimalFront, edge: { transports } });
  const edge = front.edges[0]!;
  const config = edgeHealth(front, edge);
  const settings = config.files.find(({ path }) => path.endsWith('.json'))!.text;
  return { edge, config, settings: JSON.parse(settings) as { readonly listen: unknown; readonly probes: unknown } };
}

describe('the health check of an edge', () => {
  it('asks the workers of each UDP socket, and those that TCP and TLS share', () => {
    const { edge, settings } = made({});
    expect(settings.probes).toEqual([
      { transport: 'udp', address: edge.address, port: 5060 },
      { transport: 'udp', address: edge.unicastSide, port: 5060 },
      { transport: 'tcp', address: edge.address, port: 5060 },
    ]);
  });

  it('asks over TLS where there is no TCP, and cells’ own socket where callers have no UDP', () => {
    const { edge, settings } = made({ udp: 'off', tcp: 'off' });
    expect(settings.probes).toEqual([
      { transport: 'udp', address: edge.unicastSide, port: 5080 },
      { transport: 'tls', address: edge.address, port: 5061 },
    ]);
  });

  it('listens on the address that the entry speaks to, for its health checkers alone, as a user without rights', () => {
    const { edge, config, settings } = made({});
    expect(settings.listen).toEqual({ address: edge.address, port: 8088 });
    expect(config.ports).toMatchObject([{ from: 8088, to: 8088, peers: [{ healthCheckers: true }] }]);
    const [, user, group, groups] = config.services[0]!.command;
    expect([user, group, groups]).toEqual(['--reuid=59224', '--regid=59224', '--clear-groups']);
  });
});
