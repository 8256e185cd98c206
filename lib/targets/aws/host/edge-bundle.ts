/** What AWS adds to the programs of an edge. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { edgeHostConfig } from '../../../software/edge-host.ts';
import type { HostConfig } from '../../../software/host-config.ts';
import { frontSite } from '../site.ts';
import { addressFiles, addressUnits } from './addresses.ts';
import { bundle, bundleFiles, type Bundle } from './bundle.ts';
import { edgeLines } from './metrics-script.ts';
import type { TarFile } from './tar.ts';

export function edgeBundle(front: Front, host: EdgeHost): Bundle {
  return bundle(edgeBundleFiles(front, host));
}

export function edgeBundleFiles(
  front: Front,
  host: EdgeHost,
  config: HostConfig = edgeHostConfig(front, host),
): readonly TarFile[] {
  return bundleFiles(frontSite(front, host), host, config, {
    metrics: edgeLines(front, host),
    files: addressFiles({ ...host, second: host.unicastSide }),
    packages: ['openssl'],
    values: [],
    units: addressUnits,
  });
}
