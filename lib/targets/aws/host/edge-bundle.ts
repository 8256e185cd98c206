/** What AWS adds to the programs of an edge. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { edgeHostConfig } from '../../../software/edge-host.ts';
import type { HostConfig } from '../../../software/host-config.ts';
import { frontSite } from '../site.ts';
import { addressFiles, addressUnits } from './addresses.ts';
import { bundle, bundleFiles, type Bundle } from './bundle.ts';
import { certificateExtras } from './certificate.ts';
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
  const site = frontSite(front, host);
  const certificate = certificateExtras(site.region, config);
  return bundleFiles(site, host, config, {
    metrics: edgeLines(front, host) + certificate.metrics,
    files: [...addressFiles({ ...host, second: host.unicastSide }), ...certificate.files],
    packages: ['openssl'],
    values: [],
    units: [...addressUnits, ...certificate.units],
  });
}
