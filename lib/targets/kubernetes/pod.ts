/** The DaemonSet of one host, for the one node with its labels: a container for each service, on the host's network. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { kubernetesOf } from '../../fleet/schema/targets/on-kubernetes.ts';
import type { HostConfig, Service } from '../../software/host-config.ts';
import { kernelScriptPath } from '../../software/rtpengine/kernel.ts';
import { firewallPath } from './host/firewall.ts';
import { hostFiles } from './host/host-files.ts';
import { drainedSince, knownFolder, withdrawnMark } from './host/known.ts';
import { nodeSettingsPath } from './host/node-settings.ts';
import { asksOtherHosts, isWithdrawable, startedMark, startScriptPath, startsAsRoot } from './host/start-script.ts';
import { cellName, hostLabels, hostsService, type NodeHost } from './names.ts';
import type { Container, KubernetesObject, Probe, SecurityContext, VolumeMount } from './objects.ts';
import { requests, type Requests } from './requests.ts';
import { userNumber } from './users.ts';

const folders = { config: '/cellstamp/config', secrets: '/cellstamp/secrets', files: '/cellstamp/files' } as const;
const account = '/var/run/secrets/kubernetes.io/serviceaccount';

const terminationMessagePolicy = 'FallbackToLogsOnError' as const;

/** What root needs that becomes another user, and prepares files of that user. */
const preparing = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETPCAP', 'SETUID'];

/** Work of a service on the node itself, where only a privileged container may write: interrupts and queues of the network card. */
const setsUpNode = new Set(['media-network']);

/** The ConfigMap of a host of a cell, and the DaemonSet that has it. */
export function hostObjects(cell: Cell, host: NodeHost): readonly KubernetesObject[] {
  const { config, values, configMap } = hostFiles(cell, host);
  const { images, secrets, drainMinutes } = kubernetesOf(cell.spec);
  const workload: Workload = {
    name: host.name,
    role: host.role,
    namespace: cellName(cell),
    labels: hostLabels(cell, host),
    tolerates: { key: 'cellstamp.io/cell', value: cell.name },
    image: images[host.role],
    secret: secrets[host.role],
    drainSeconds: drainMinutes * 60,
    state: `/var/lib/cellstamp/${cell.name}/${host.name}`,
    requests: (service) => requests(cell.spec, service),
    follows: host.role === 'sbc' || host.guest !== undefined,
  };
  return [configMap, daemonSet(workload, config, { configMap: configMap.metadata.name, secrets: values.secrets })];
}

/** A host as Kubernetes knows it, beside what runs there. */
export interface Workload {
  /** Of the host and of its DaemonSet. */
  readonly name: string;
  readonly role: 'sbc' | 'media' | 'edge';
  /** The PriorityClass has the same name. */
  readonly namespace: string;
  /** Of the pod, and of the one node that it runs on. */
  readonly labels: Readonly<Record<string, string>>;
  /** Taint of the nodes that carry nothing else. */
  readonly tolerates: { readonly key: string; readonly value: string };
  readonly image: string;
  /** Name of the Secret. */
  readonly secret: string;
  /** How long calls may go on when the pod is to end. */
  readonly drainSeconds: number;
  /** Folder of the node for what outlives a pod. */
  readonly state: string;
  readonly requests: (service: Service) => Requests;
  /** Whether it follows where the other hosts are, while it runs. */
  readonly follows: boolean;
}

export interface Sources {
  readonly configMap: string;
  /** Keys of the Secret. */
  readonly secrets: readonly string[];
}

export function daemonSet(workload: Workload, config: HostConfig, sources: Sources): KubernetesObject {
  const { name, role, namespace, labels, tolerates } = workload;
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      // Nobody ends a pod with calls but who has drained it.
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: {
          labels,
          annotations: {
            'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
            'karpenter.sh/do-not-disrupt': 'true',
          },
        },
        spec: {
          nodeSelector: labels,
          tolerations: [{ key: tolerates.key, operator: 'Equal', value: tolerates.value }],
          priorityClassName: namespace,
          serviceAccountName: role,
          // One container alone asks the API server, and has its own account.
          automountServiceAccountToken: false,
          hostNetwork: true,
          // The node's name servers: a start waits for no DNS of the cluster.
          dnsPolicy: 'Default',
          enableServiceLinks: false,
          // The first process of a namespace ends by no signal that it has not asked for.
          shareProcessNamespace: true,
          // By these the list of hosts says which one has an address.
          hostname: name,
          subdomain: hostsService,
          terminationGracePeriodSeconds: graceSeconds(workload, config.services),
          securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
          ...containers(workload, config, sources),
          volumes: volumes(workload, config, sources),
        },
      },
    },
  };
}

/** A drain as long as calls last, then the services: those that nobody waits for end at once, the others one after another. */
function graceSeconds({ drainSeconds }: Workload, services: readonly Service[]): number {
  const daemons = services.filter(({ kind }) => kind === 'daemon');
  const seconds = (some: readonly Service[]) => some.map(({ stopTimeoutSeconds }) => stopTimeoutSeconds);
  const sidecars = daemons.filter((service) => placeOf(service, services) !== 'container');
  const drain = daemons.some((service) => service.drain) ? drainSeconds : 0;
  return (
    drain +
    Math.max(...seconds(daemons.filter((service) => !sidecars.includes(service)))) +
    seconds(sidecars).reduce((sum, each) => sum + each, 0)
  );
}

/**
 * Where a service is in the pod. `first` ends before the others start; `sidecar` is ready before they start; `beside` starts before them, and
 * nobody waits for it; `container` starts last.
 */
type Place = 'first' | 'sidecar' | 'beside' | 'container';

function placeOf(service: Service, services: readonly Service[]): Place {
  if (asksOtherHosts.has(service.name)) return 'beside';
  if (service.kind === 'oneshot') return 'first';
  if (isAwaited(service, services)) return 'sidecar';
  const sidecars = services.filter((other) => other.kind === 'daemon' && isAwaited(other, services));
  // A sidecar may need it without waiting for it, so it can't come after that one is ready.
  return sidecars.length > 0 && !sidecars.some((sidecar) => comesAfter(service, sidecar, services))
    ? 'beside'
    : 'container';
}

const isAwaited = ({ name }: Service, services: readonly Service[]): boolean =>
  services.some(({ after }) => after.includes(name));

const comesAfter = ({ after }: Service, other: Service, services: readonly Service[]): boolean =>
  after.some(
    (name) =>
      name === other.name ||
      comesAfter(
        services.find((one) => one.name === name)!,
        other,
        services,
      ),
  );

function containers(
  workload: Workload,
  config: HostConfig,
  sources: Sources,
): { readonly initContainers: readonly Container[]; readonly containers: readonly Container[] } {
  const { image, follows } = workload;
  const mounts = sharedMounts(config);
  const services = inOrder(config.services);
  const state = stateMounts(config);
  const of = (service: Service) =>
    serviceContainer(workload, service, services, [
      ...mounts,
      // Operations ask Kamailio's container, which runs whether or not the SBC is drained.
      ...(workload.role === 'sbc' && (isWithdrawable(service) || service.name === 'kamailio')
        ? [{ name: 'known', mountPath: knownFolder }]
        : []),
      ...ownState(service, state),
    ]);
  const at = (...places: readonly Place[]) =>
    services.filter((service) => places.includes(placeOf(service, services))).map(of);
  return {
    initContainers: [
      fillFiles(workload, config, sources),
      nodeContainer('node-settings', image, [nodeSettingsPath], mounts),
      {
        name: 'node-firewall',
        image,
        command: ['/usr/sbin/nft', '-f', firewallPath],
        terminationMessagePolicy,
        securityContext: limited(['NET_ADMIN']),
        volumeMounts: mounts,
      },
      ...(config.kernelModules.length === 0
        ? []
        : [nodeContainer('kernel-module', image, [kernelScriptPath], [...mounts, ...kernelMounts])]),
      ...at('beside'),
      ...at('first', 'sidecar'),
    ],
    containers: [...at('container'), ...(follows ? [followHosts(image, mounts)] : [])],
  };
}

/** Services so that each comes after those that it waits for. */
function inOrder(services: readonly Service[]): readonly Service[] {
  const ordered: Service[] = [];
  const add = (service: Service) => {
    if (ordered.includes(service)) return;
    for (const name of service.after) add(services.find((other) => other.name === name)!);
    ordered.push(service);
  };
  services.forEach(add);
  return ordered;
}

function serviceContainer(
  workload: Workload,
  service: Service,
  services: readonly Service[],
  volumeMounts: readonly VolumeMount[],
): Container {
  const preStop = beforeStop(workload, service, services);
  const base = {
    name: service.name,
    image: workload.image,
    command: [startScriptPath(service)],
    terminationMessagePolicy,
    securityContext: setsUpNode.has(service.name) ? privileged : serviceContext(service),
    volumeMounts,
  };
  const place = placeOf(service, services);
  const always = place === 'first' || place === 'container' ? {} : { restartPolicy: 'Always' as const };
  if (service.kind === 'oneshot') return { ...base, ...always };
  const { startupProbe, ...readiness } = probes(service);
  return {
    ...base,
    ...always,
    ...(place === 'beside' || startupProbe === undefined ? {} : { startupProbe }),
    ...readiness,
    ...(preStop === undefined ? {} : { lifecycle: { preStop: { exec: { command: preStop } } } }),
    ...resources(workload.requests(service)),
  };
}

/** The service's own questions. A process that has ended is started again by the kubelet; one that hangs is for whoever operates the cell. */
function probes(service: Service): Pick<Container, 'startupProbe' | 'readinessProbe'> {
  const { health, readyTimeoutSeconds, stopTimeoutSeconds } = service;
  const says = service.ready[0] !== '/bin/true';
  const ready = isWithdrawable(service) ? onlyUnlessWithdrawn('exit 0', service.ready) : service.ready;
  const asked = isWithdrawable(service)
    ? onlyUnlessWithdrawn(`echo "${drainedSince}"; exit 1`, health ?? service.ready)
    : (health ?? (says ? ready : undefined));
  return {
    ...(says
      ? {
          startupProbe: {
            ...probe(ready, { period: 1, timeout: 5, failures: readyTimeoutSeconds }),
            // One that does not start has no calls: it is not given the time of a drain.
            terminationGracePeriodSeconds: stopTimeoutSeconds,
          },
        }
      : {}),
    ...(asked === undefined ? {} : { readinessProbe: probe(asked, { period: 5, timeout: 2, failures: 2 }) }),
  };
}

/** A drained SBC has started, and is not ready to take over. */
const onlyUnlessWithdrawn = (otherwise: string, command: readonly string[]): readonly string[] => [
  ...['/bin/bash', '-c', `[[ ! -e ${withdrawnMark} ]] || { ${otherwise}; }; exec "$@"`, 'probe', ...command],
];

const probe = (
  command: readonly string[],
  { period, timeout, failures }: { readonly period: number; readonly timeout: number; readonly failures: number },
): Probe => ({ exec: { command }, periodSeconds: period, timeoutSeconds: timeout, failureThreshold: failures });

/**
 * What a container does before it is stopped. One that has a drain waits until its last call has ended; all others of the pod wait for
 * those, since a call needs them too. Nobody waits for one that was never started or has died: it has no drain. A drain that is cut off ends
 * well, for the service is to stop then.
 */
function beforeStop(
  { drainSeconds }: Workload,
  { name, drain }: Service,
  services: readonly Service[],
): readonly string[] | undefined {
  const draining = services.filter((service) => service.drain);
  if (draining.length === 0) return undefined;
  const limit = ['/usr/bin/timeout', '--preserve-status', String(drainSeconds)];
  return drain === undefined
    ? [...limit, '/bin/bash', '-c', draining.map((service) => untilDrained(service.name)).join('; ')]
    : [
        '/bin/bash',
        '-c',
        `"$@"; status=$?; touch ${drainedMark(name)}; exit $status`,
        'drain',
        ...limit,
        ...drain.command,
      ];
}

/** Is there when the service has ended its drain; the pod's containers share the folder. */
const drainedMark = (service: string): string => `/run/drained-${service}`;

/** In bash: while the service runs and has not ended its drain. */
const untilDrained = (service: string): string =>
  `while [[ ! -e ${drainedMark(service)} ]] && { read -r pid <${startedMark(service)}; } 2>/dev/null && [[ -e /proc/$pid ]]; do sleep 1; done`;

const resources = (asked: Requests): Pick<Container, 'resources'> =>
  Object.keys(asked).length === 0 ? {} : { resources: { requests: asked } };

function serviceContext(service: Service): SecurityContext {
  const added = service.capabilities.map((name) => name.replace(/^CAP_/, ''));
  if (startsAsRoot(service)) return limited([...new Set([...preparing, ...added])].sort());
  const number = userNumber(service.user);
  return { ...limited([]), runAsUser: number, runAsGroup: userNumber(service.group), runAsNonRoot: true };
}

/** @param add capabilities that it has */
const limited = (add: readonly string[]): SecurityContext => ({
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsUser: 0,
  runAsGroup: 0,
  capabilities: { drop: ['ALL'], ...(add.length === 0 ? {} : { add }) },
});

const privileged: SecurityContext = { privileged: true, readOnlyRootFilesystem: true, runAsUser: 0, runAsGroup: 0 };

/** Sets the node up, and says what it changes. */
const nodeContainer = (
  name: string,
  image: string,
  command: readonly string[],
  volumeMounts: readonly VolumeMount[],
): Container => ({ name, image, command, terminationMessagePolicy, securityContext: privileged, volumeMounts });

function fillFiles({ image, role }: Workload, config: HostConfig, { secrets }: Sources): Container {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: 'node-files',
    image,
    command: [
      '/usr/bin/python3',
      `${folders.config}/node-files`,
      folders.config,
      folders.secrets,
      account,
      folders.files,
    ],
    env: [field('HOST_IP', 'status.hostIP'), field('NODE_NAME', 'spec.nodeName')],
    terminationMessagePolicy,
    securityContext: limited(['CHOWN', 'DAC_OVERRIDE', 'FOWNER']),
    volumeMounts: [
      { name: 'config', mountPath: folders.config, readOnly: true },
      ...(secrets.length === 0 ? [] : [{ name: 'secrets', mountPath: folders.secrets, readOnly: true as const }]),
      { name: 'api-access', mountPath: account, readOnly: true },
      { name: 'files', mountPath: folders.files },
      { name: 'run', mountPath: '/run' },
      ...(knowsSbcs(role) ? [{ name: 'known', mountPath: knownFolder }] : []),
      ...stateMounts(config),
    ],
  };
}

/** Whether its node keeps the addresses of the SBCs. */
const knowsSbcs = (role: Workload['role']): boolean => role !== 'edge';

/**
 * Hosts come and go: SBCs and relays that move hear of all while they run.
 */
const followHosts = (image: string, mounts: readonly VolumeMount[]): Container => ({
  name: 'follow-hosts',
  image,
  command: ['/usr/bin/python3', '-u', `${folders.config}/node-files`, 'follow', folders.config, account, folders.files],
  terminationMessagePolicy,
  // Kamailio's socket and its folder are Kamailio's; the firewall is the node's.
  securityContext: limited(['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'NET_ADMIN']),
  volumeMounts: [
    { name: 'config', mountPath: folders.config, readOnly: true },
    { name: 'api-access', mountPath: account, readOnly: true },
    { name: 'known', mountPath: knownFolder, readOnly: true },
    { name: 'files', mountPath: folders.files },
    ...mounts,
  ],
});

/** Folders that all containers of the pod have: their files, /run and /tmp. */
function sharedMounts({ files }: HostConfig): readonly VolumeMount[] {
  const all = [...new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf('/'))))].sort();
  return [
    ...outermost(all).map((path) => ({ name: 'files', mountPath: path, subPath: path.slice(1) })),
    { name: 'run', mountPath: '/run' },
    { name: 'tmp', mountPath: '/tmp' },
  ];
}

/** Folders with state, one in another once. They are on the node: state outlives the pod, and stays with the host's node. */
function stateMounts({ services }: HostConfig): readonly VolumeMount[] {
  const all = [...new Set(services.flatMap(({ stateDirectories }) => stateDirectories))].sort();
  return outermost(all).map((path, index) => ({ name: `state-${index + 1}`, mountPath: path }));
}

const outermost = (paths: readonly string[]): readonly string[] =>
  paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));

/** Those of the folders that a service has. */
const ownState = ({ stateDirectories }: Service, mounts: readonly VolumeMount[]): readonly VolumeMount[] =>
  mounts.filter(({ mountPath }) => stateDirectories.some((path) => `${path}/`.startsWith(`${mountPath}/`)));

/** Building and loading a module takes the node's modules and headers. */
const kernelMounts: readonly VolumeMount[] = [
  { name: 'node-modules', mountPath: '/lib/modules' },
  { name: 'node-sources', mountPath: '/usr/src', readOnly: true },
];

function volumes(workload: Workload, config: HostConfig, { configMap, secrets }: Sources): readonly object[] {
  const onNode = (name: string, path: string) => ({ name, hostPath: { path, type: 'DirectoryOrCreate' } });
  return [
    { name: 'config', configMap: { name: configMap } },
    ...(secrets.length === 0 ? [] : [{ name: 'secrets', secret: { secretName: workload.secret, defaultMode: 0o400 } }]),
    {
      name: 'api-access',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
    // In memory: secrets are in them.
    { name: 'files', emptyDir: { medium: 'Memory' } },
    { name: 'run', emptyDir: { medium: 'Memory' } },
    { name: 'tmp', emptyDir: {} },
    ...(knowsSbcs(workload.role) ? [onNode('known', `${workload.state}/known`)] : []),
    ...stateMounts(config).map(({ name, mountPath }) => onNode(name, `${workload.state}${mountPath}`)),
    ...(config.kernelModules.length === 0
      ? []
      : [onNode('node-modules', '/lib/modules'), onNode('node-sources', '/usr/src')]),
  ];
}
