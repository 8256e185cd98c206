/**
 * What runs on a host, as data: the one description from which AWS makes an instance, Kubernetes a workload, and the local
 * target processes.
 *
 * A program's folder beside this file exports a function from the cell and a host to a `HostConfig`; `cell-host.ts` adds up
 * the programs of a host.
 */
import { isAddressName } from '../fleet/derive/addressing.ts';
import { lateNames } from '../fleet/late-bound.ts';
import { addressValue, type LateBoundValue } from './values.ts';

export interface HostFile {
  /** Absolute path. */
  readonly path: string;
  /** `0640` */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly text: string;
  /** What has to happen where nothing but such files has changed. @default restart: all programs of the host */
  readonly change?: 'restart' | 'reload' | 'nothing';
}

/** Runs once, in the foreground, as root unless the service's user is named. Paths are absolute. */
export type Command = readonly [program: string, ...args: string[]];

export interface Service {
  /** Name of the unit: `kamailio`. */
  readonly name: string;
  /** One line for operators. */
  readonly description: string;
  /** Stays in the foreground; logs to standard output and error. A `oneshot` ends with status 0 when its work is done. */
  readonly command: Command;
  readonly kind: 'daemon' | 'oneshot';
  /** install: it brings a program to the host. A target whose hosts come with their programs leaves it out. */
  readonly phase: 'install' | 'run';
  readonly user: string;
  readonly group: string;
  /** Linux capabilities the user needs, for example `CAP_NET_BIND_SERVICE`; none by default. */
  readonly capabilities: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Root's preparation before every start, in order; a failure stops the start. */
  readonly before: readonly Command[];
  /** Services of the same host that must be ready first. */
  readonly after: readonly string[];
  /** What an operator fills in: as long as one of them is empty the service is off, those after it too, and the host does without. */
  readonly needs: readonly LateBoundValue[];
  /** Directories made before the start, owned by the user: `/run/kamailio`. State survives restarts, run does not. */
  readonly runDirectories: readonly string[];
  readonly stateDirectories: readonly string[];
  readonly openFiles: number;
  readonly restart: 'always' | 'on-failure' | 'no';
  /** Exit status 0 once the service does its work; asked again and again until `readyTimeoutSeconds` have passed. */
  readonly ready: Command;
  readonly readyTimeoutSeconds: number;
  /**
   * Exit status 0 while the service does its work; else the last line that it prints says why not. Asked at any time, and killed
   * after a second: whoever is frozen does not answer. Default: `ready`.
   */
  readonly health?: Command;
  /** How to take work off the service before it stops, and how long that may take. None: it stops at once. */
  readonly drain?: { readonly command: Command; readonly deadlineSeconds: number };
  /**
   * Whether other services of the host end it, so that it starts again. A target starts it again at once then, however often.
   * Default: false.
   */
  readonly endedByOthers?: true;
  /** Makes the service read its files again without interrupting its work. */
  readonly reload?: Command;
  /** Seconds between the stop signal and the kill. */
  readonly stopTimeoutSeconds: number;
}

/** What every service has that says nothing else. */
const usualService = {
  kind: 'daemon',
  phase: 'run',
  capabilities: [],
  environment: {},
  before: [],
  after: [],
  needs: [],
  runDirectories: [],
  stateDirectories: [],
  openFiles: 1024,
  readyTimeoutSeconds: 10,
  stopTimeoutSeconds: 5,
} as const satisfies Partial<Service>;

/**
 * A service by what is special about it. By default a daemon in the phase run that is always restarted (a `oneshot` after a failure), with the group of
 * its user's name, no capability, nothing before or after it, no directory, 1024 open files, 10 s to be ready and 5 s to stop.
 */
export function service(
  own: Pick<Service, 'name' | 'description' | 'command' | 'user' | 'ready'> & Partial<Service>,
): Service {
  return { ...usualService, group: own.user, restart: own.kind === 'oneshot' ? 'on-failure' : 'always', ...own };
}

/** A file by what is special about it. By default everybody may read it, and root alone may write it. */
export function file(
  path: string,
  text: string,
  own: Partial<Pick<HostFile, 'mode' | 'owner' | 'group' | 'change'>> = {},
): HostFile {
  return { path, mode: '0644', owner: 'root', group: 'root', ...own, text };
}

/** A program that everybody may run, and root alone may write. */
export const script = (path: string, text: string): HostFile => file(path, text, { mode: '0755' });

/**
 * Who may reach a port: a role of the same cell, everybody, the health checks of the target's load balancer, or ranges.
 * Security groups, network policies and host firewalls are made from this alone.
 */
export type Peer =
  | { readonly role: 'sbc' | 'media' | 'database' | 'redis' }
  | { readonly internet: true }
  | { readonly healthCheckers: true }
  | { readonly ranges: readonly string[] };

export interface ListeningPort {
  /** `sip-udp` */
  readonly name: string;
  readonly protocol: 'udp' | 'tcp' | 'vrrp';
  /** Both ends included; 0 to 0 for vrrp, which has no ports. */
  readonly from: number;
  readonly to: number;
  readonly peers: readonly Peer[];
  /** One line for operators, ASCII. */
  readonly description: string;
}

export interface KernelModule {
  readonly name: string;
  /** required: without it the host's services do not start. */
  readonly need: 'required' | 'preferred';
}

export interface HostConfig {
  /** Debian 12 packages. */
  readonly packages: readonly string[];
  readonly files: readonly HostFile[];
  readonly services: readonly Service[];
  readonly sysctl: Readonly<Record<string, string>>;
  readonly kernelModules: readonly KernelModule[];
  readonly ports: readonly ListeningPort[];
  /** What its files contain as `@@name@@`; nothing else of a configuration has marks. */
  readonly values: readonly LateBoundValue[];
}

export const emptyHostConfig: HostConfig = {
  packages: [],
  files: [],
  services: [],
  sysctl: {},
  kernelModules: [],
  ports: [],
  values: [],
};

/**
 * Adds up the configurations of the programs of one host, whose files say which late-bound addresses it needs.
 * @throws Error when two programs want the same file or service, or different values of one kernel setting.
 */
export function mergeHostConfigs(configs: readonly HostConfig[]): HostConfig {
  const files = unique(
    configs.flatMap((config) => config.files),
    (file) => file.path,
    'file',
  );
  const services = unique(
    configs.flatMap((config) => config.services),
    (service) => service.name,
    'service',
  );
  const sysctl: Record<string, string> = {};
  for (const [key, value] of configs.flatMap((config) => Object.entries(config.sysctl))) {
    if (sysctl[key] !== undefined && sysctl[key] !== value) {
      throw new Error(`kernel setting ${key} is wanted as ${sysctl[key]} and as ${value}`);
    }
    sysctl[key] = value;
  }
  const modules = new Map<string, KernelModule>();
  for (const module of configs.flatMap((config) => config.kernelModules)) {
    if (modules.get(module.name)?.need !== 'required') modules.set(module.name, module);
  }
  const addresses = [...new Set(files.flatMap((file) => lateNames(file.text)))].filter(isAddressName).map(addressValue);
  const values = new Map(
    [...configs.flatMap((config) => config.values), ...addresses].map((value) => [value.name, value]),
  );
  return {
    packages: [...new Set(configs.flatMap((config) => config.packages))].sort(),
    files,
    services,
    sysctl,
    kernelModules: [...modules.values()],
    ports: configs.flatMap((config) => config.ports),
    values: [...values.values()],
  };
}

function unique<T>(items: readonly T[], key: (item: T) => string, what: string): readonly T[] {
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(key(item))) throw new Error(`two programs of one host define the ${what} ${key(item)}`);
    seen.add(key(item));
  }
  return items;
}
