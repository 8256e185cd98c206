/**
 * What a cloud's world-wide entry does, on the router of a region: it asks every edge each second over HTTP whether it takes new
 * calls, spreads clients over those that do by their address, and leaves the service address to other regions while there is none.
 * Where no region has any it fails open, as Global Accelerator does: drained edges still hear what belongs to their calls.
 *
 * A TCP connection stays at its edge. Of datagrams it keeps no memory: a client's edge follows from its address, and only the
 * clients of an edge that fails move.
 */
import type { Front, FrontRegion } from '../../../fleet/derive/front.ts';
import { file, script, service, type HostFile, type Service } from '../../../software/host-config.ts';
import { anycastRange, serviceAddress } from './addresses.ts';
import { accelerator as programText } from './program-texts.ts';

const program = '/usr/local/lib/cellstamp/accelerator';
const settingsPath = '/etc/cellstamp/accelerator.json';

/** Where the accelerator says which edges it holds healthy, on the router. */
export const acceleratorStatus = 'accelerator.json';

export function acceleratorFiles(
  front: Front,
  region: FrontRegion,
  routing: { readonly bgp: boolean; readonly elsewhere: string | undefined },
): readonly HostFile[] {
  const settings = {
    service: serviceAddress,
    range: anycastRange,
    affinity: front.spec.anycast.clientAffinity,
    port: front.spec.health.port,
    edges: Object.fromEntries(region.edges.map((edge) => [edge.name, edge.address])),
    bgp: routing.bgp,
    elsewhere: routing.elsewhere ?? null,
  };
  return [script(program, programText), file(settingsPath, `${JSON.stringify(settings, null, 2)}\n`)];
}

export function acceleratorService(bgp: boolean): Service {
  return service({
    name: 'accelerator',
    description: 'Spreads clients over the healthy edges of the region',
    command: ['/usr/bin/python3', program],
    user: 'root',
    capabilities: ['CAP_NET_ADMIN'],
    environment: { PYTHONUNBUFFERED: '1' },
    after: bgp ? ['bird'] : [],
    ready: ['/usr/bin/test', '-s', `/run/cellstamp/${acceleratorStatus}`],
    stopTimeoutSeconds: 2,
  });
}
