/**
 * The bundle of a host: everything of its configuration that is known at synth time, as one archive named by its content.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { file, script, type HostConfig, type HostFile, type Service } from '../../../software/host-config.ts';
import { systemdUnit, unitName } from '../../../software/systemd.ts';
import { hostLogGroup, type Site } from '../site.ts';
import { applyScript, renderScript } from './apply.ts';
import { logsScript, logsScriptPath } from './logs-script.ts';
import { metricsScript, metricsScriptPath } from './metrics-script.ts';
import { tar, type TarFile } from './tar.ts';
import { timed } from './timer.ts';
import { valueScript, type AskedValue } from './value-script.ts';

export interface Bundle {
  /** SHA-256 of the archive, in hexadecimal: the same files give the same name on every machine. */
  readonly sha256: string;
  /** The archive, compressed. These bytes may differ between versions of zlib; the hash is of what they contain. */
  readonly gzip: Buffer;
}

export interface BundledHost {
  readonly name: string;
  readonly address: string;
}

/** What AWS adds to the programs of a role's hosts, beyond what every host gets. */
export interface RoleExtras {
  /** Lines of the metrics script. */
  readonly metrics: string;
  readonly files: readonly HostFile[];
  readonly packages: readonly string[];
  readonly values: readonly AskedValue[];
  /** Units of `files` that are started at boot. */
  readonly units: readonly string[];
  /** Text of the script that opens the user of Redis, where the host does that. */
  readonly redisUser?: string;
}

/** The files of the archive, in its order. */
export function bundleFiles(site: Site, host: BundledHost, config: HostConfig, place: RoleExtras): readonly TarFile[] {
  const metrics = timed({
    name: 'cellstamp-metrics',
    description: 'Metrics to CloudWatch',
    command: metricsScriptPath,
    every: 'minute',
  });
  const logs = timed({
    name: 'cellstamp-logs',
    description: 'Journal to CloudWatch Logs',
    command: logsScriptPath,
    every: 'minute',
  });
  const placeFiles: readonly HostFile[] = [
    file('/etc/sysctl.d/60-cellstamp.conf', sysctl(config)),
    script(
      metricsScriptPath,
      metricsScript({ site, host, services: config.services.map(unitName), role: place.metrics }),
    ),
    script(logsScriptPath, logsScript({ region: site.region, logGroup: hostLogGroup(site), stream: host.name })),
    ...metrics.files,
    ...logs.files,
    ...place.files,
  ];
  const packages = ['curl', 'ethtool', 'iproute2', 'jq', ...place.packages];
  const programs: readonly HostFile[] = [
    ...config.files,
    ...config.services.map((service) => file(`/etc/systemd/system/${unitName(service)}`, systemdUnit(service))),
  ];
  const lines = (items: readonly string[]) => items.map((item) => `${item}\n`).join('');
  const manifest = (files: readonly HostFile[], change: HostFile['change']) =>
    lines(files.map((file) => [file.change ?? change, file.mode, file.owner, file.group, file.path].join(' ')));
  const program = (path: string, text: string): TarFile => ({ path, mode: '0755', text });
  const data = (path: string, text: string): TarFile => ({ path, mode: '0644', text });
  return [
    program('apply', applyScript),
    program('render', renderScript),
    program('values', valueScript(site.region, [...config.values, ...place.values])),
    ...(place.redisUser === undefined ? [] : [program('redis-user', place.redisUser)]),
    data('packages', lines([...new Set([...config.packages, ...packages])].sort())),
    data('services', lines(config.services.map(unitName))),
    data('needs', lines(neededValues(config.services))),
    data('timers', lines([metrics.timer, logs.timer, ...place.units])),
    data(
      'modules',
      lines(config.kernelModules.filter((module) => module.need === 'required').map((module) => module.name)),
    ),
    data('manifest', manifest(programs, 'restart') + manifest(placeFiles, 'nothing')),
    ...[...programs, ...placeFiles].map((file) => data(`files${file.path}`, file.text)),
  ];
}

/** A line a service that is off without values: its unit, and the values. What comes after such a service needs the same. */
function neededValues(services: readonly Service[]): readonly string[] {
  const needed = (service: Service): readonly string[] => [
    ...service.needs.map(({ name }) => name),
    ...services.filter(({ name }) => service.after.includes(name)).flatMap(needed),
  ];
  return services.flatMap((service) => {
    const names = [...new Set(needed(service))];
    return names.length === 0 ? [] : [[unitName(service), ...names].join(' ')];
  });
}

function sysctl(config: HostConfig): string {
  return Object.entries(config.sysctl)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');
}

export function bundle(files: readonly TarFile[]): Bundle {
  const archive = tar(files);
  return { sha256: createHash('sha256').update(archive).digest('hex'), gzip: gzipSync(archive) };
}
