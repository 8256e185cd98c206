/**
 * The bundle of a host: everything of its configuration that is known at synth time, as one archive named by its content.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Cell, MediaHost, SbcHost } from '../../cell/cell.ts';
import { hostConfig } from '../../software/cell-host.ts';
import { late, type HostConfig, type HostFile, type LateBoundValue } from '../../software/host-config.ts';
import { claimScriptPath } from '../../software/keepalived/index.ts';
import { systemdUnit, unitName } from '../../software/systemd.ts';
import { values } from '../../software/values.ts';
import { hostLogGroup, resourceName } from '../names.ts';
import { applyScript, renderScript } from './apply.ts';
import { claimAddressesScript } from './claim-addresses.ts';
import { logsScript, logsScriptPath } from './logs-script.ts';
import { metricsScript, metricsScriptPath } from './metrics-script.ts';
import { redisUserScript } from './redis-user.ts';
import { secondAddressFiles, secondAddressUnit } from './second-address.ts';
import { tar, type TarFile } from './tar.ts';
import { minutely } from './timer.ts';
import { valueScript } from './value-script.ts';

export interface Bundle {
  /** SHA-256 of the archive, in hexadecimal: the same files give the same name on every machine. */
  readonly sha256: string;
  /** The archive, compressed. These bytes may differ between versions of zlib; the hash is of what they contain. */
  readonly gzip: Buffer;
}

const root = { owner: 'root', group: 'root' } as const;

/** What AWS adds to the programs of a host. */
interface Place {
  readonly files: readonly HostFile[];
  readonly packages: readonly string[];
  readonly values: readonly Pick<LateBoundValue, 'name'>[];
  readonly timers: readonly string[];
}

/** The files of the archive, in its order. */
export function bundleFiles(
  cell: Cell,
  host: SbcHost | MediaHost,
  config: HostConfig = hostConfig(cell, host),
): readonly TarFile[] {
  const place = placeOf(cell, host, config);
  const programs: readonly HostFile[] = [
    ...config.files,
    ...config.services.map((service) => ({
      ...root,
      path: `/etc/systemd/system/${unitName(service)}`,
      mode: '0644',
      text: systemdUnit(service),
    })),
  ];
  const lines = (items: readonly string[]) => items.map((item) => `${item}\n`).join('');
  const manifest = (kind: 'program' | 'place', files: readonly HostFile[]) =>
    lines(files.map((file) => [kind, file.mode, file.owner, file.group, file.path].join(' ')));
  const script = (path: string, text: string): TarFile => ({ path, mode: '0755', text });
  const data = (path: string, text: string): TarFile => ({ path, mode: '0644', text });
  return [
    script('apply', applyScript),
    script('render', renderScript),
    script('values', valueScript(cell.spec.region, [...config.values, ...place.values])),
    ...(host.role === 'sbc' ? [script('redis-user', redisUserScript(resourceName(cell)))] : []),
    data('packages', lines([...new Set([...config.packages, ...place.packages])].sort())),
    data('services', lines(config.services.map(unitName))),
    data('timers', lines(place.timers)),
    data(
      'modules',
      lines(config.kernelModules.filter((module) => module.need === 'required').map((module) => module.name)),
    ),
    data('manifest', manifest('program', programs) + manifest('place', place.files)),
    ...[...programs, ...place.files].map((file) => data(`files${file.path}`, file.text)),
  ];
}

function placeOf(cell: Cell, host: SbcHost | MediaHost, config: HostConfig): Place {
  const metrics = minutely('cellstamp-metrics', 'Metrics to CloudWatch', metricsScriptPath);
  const logs = minutely('cellstamp-logs', 'Journal to CloudWatch Logs', logsScriptPath);
  const { region } = cell.spec;
  const script = (path: string, text: string): HostFile => ({ ...root, path, mode: '0755', text });
  const common: readonly HostFile[] = [
    { ...root, path: '/etc/sysctl.d/60-cellstamp.conf', mode: '0644', text: sysctl(config) },
    script(
      metricsScriptPath,
      metricsScript({
        cell: cell.name,
        host,
        region,
        services: config.services.map(unitName),
        overlayAddress: cell.overlayAddress,
      }),
    ),
    script(logsScriptPath, logsScript({ region, logGroup: hostLogGroup(cell), stream: host.name })),
    ...metrics.files,
    ...logs.files,
  ];
  const packages = ['curl', 'ethtool', 'iproute2', 'jq'];
  const timers = [metrics.timer, logs.timer];
  if (host.role === 'media') return { files: common, packages, values: [], timers };
  const allocation = { name: 'floating_allocation' };
  const routeTables = { name: 'overlay_route_tables' };
  return {
    files: [
      ...common,
      ...secondAddressFiles(host),
      script(
        claimScriptPath,
        claimAddressesScript({
          allocationId: late(allocation.name),
          routeTableIds: late(routeTables.name),
          region,
          overlayAddress: cell.overlayAddress,
          floatingSide: host.floatingSide,
        }),
      ),
    ],
    packages: [...packages, 'openssl', 'redis-tools'],
    // redis-user logs in with these, also where no program of the host does.
    values: [values.redisHost, values.redisPassword, values.dataCaCertificate, allocation, routeTables].filter(
      (value) => !config.values.some((known) => known.name === value.name),
    ),
    timers: [...timers, secondAddressUnit],
  };
}

function sysctl(config: HostConfig): string {
  return Object.entries(config.sysctl)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');
}

export function bundle(cell: Cell, host: SbcHost | MediaHost): Bundle {
  const archive = tar(bundleFiles(cell, host));
  return { sha256: createHash('sha256').update(archive).digest('hex'), gzip: gzipSync(archive) };
}
