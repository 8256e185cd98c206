/** What AWS adds to the programs of a cell's SBCs and media hosts. */
import type { Cell, MediaHost, SbcHost } from '../../../fleet/derive/cell.ts';
import { hostConfig } from '../../../software/cell-host.ts';
import { late } from '../../../fleet/late-bound.ts';
import { file, script, type HostConfig } from '../../../software/host-config.ts';
import { claimScriptPath } from '../../../software/keepalived/index.ts';
import { ownerPasswordProgram } from '../../../software/postgresql/owner.ts';
import { values } from '../../../software/values.ts';
import { cellSite, resourceName } from '../site.ts';
import { addressFiles, addressUnits } from './addresses.ts';
import { bundle, bundleFiles, type Bundle, type RoleExtras } from './bundle.ts';
import { certificateExtras } from './certificate.ts';
import { claimAddressesScript } from './claim-addresses.ts';
import { learnEdges, learnEdgesScript, type EdgeList } from './learn-edges.ts';
import { mediaLines, sbcLines } from './metrics-script.ts';
import { ownerPasswordScript } from './owner-password.ts';
import { redisUserScript } from './redis-user.ts';
import type { TarFile } from './tar.ts';

/** @param edges where the cell's SBCs read the addresses of the front's edges; none: there is no front */
export function cellBundle(cell: Cell, host: SbcHost | MediaHost, edges?: EdgeList): Bundle {
  return bundle(cellBundleFiles(cell, host, edges));
}

export function cellBundleFiles(
  cell: Cell,
  host: SbcHost | MediaHost,
  edges?: EdgeList,
  config: HostConfig = hostConfig(cell, host),
): readonly TarFile[] {
  const place = host.role === 'media' ? mediaPlace(host) : sbcPlace(cell, host, config, edges);
  return bundleFiles(cellSite(cell), host, config, place);
}

function mediaPlace(host: MediaHost): RoleExtras {
  return { metrics: mediaLines(host), files: addressFiles(host), packages: [], values: [], units: addressUnits };
}

function sbcPlace(cell: Cell, host: SbcHost, config: HostConfig, edges?: EdgeList): RoleExtras {
  const allocation = { name: 'floating_allocation' } as const;
  const routeTables = { name: 'overlay_route_tables' } as const;
  const certificate = certificateExtras(cell.spec.region, config);
  return {
    metrics: sbcLines(host, cell.overlayAddress) + certificate.metrics,
    files: [
      ...addressFiles({ ...host, second: host.floatingSide }),
      script(
        claimScriptPath,
        claimAddressesScript({
          allocationId: late(allocation.name),
          routeTableIds: late(routeTables.name),
          region: cell.spec.region,
          overlayAddress: cell.overlayAddress,
          floatingSide: host.floatingSide,
        }),
      ),
      file(ownerPasswordProgram, ownerPasswordScript(cell.spec.region), { mode: '0700' }),
      ...certificate.files,
      ...(edges ? [script(learnEdges.path, learnEdgesScript(edges)), ...learnEdges.files] : []),
    ],
    packages: ['openssl', 'redis-tools'],
    // redis-user logs in with these, also where no program of the host does.
    values: [values.redisHost, values.redisPassword, values.dataCaCertificate, allocation, routeTables].filter(
      (value) => !config.values.some((known) => known.name === value.name),
    ),
    units: [...addressUnits, ...certificate.units, ...(edges ? [learnEdges.timer] : [])],
    redisUser: redisUserScript(resourceName(cell)),
  };
}
