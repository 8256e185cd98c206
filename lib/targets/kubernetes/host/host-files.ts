/** All that one host of a cell is made from on Kubernetes: its HostConfig with what this target adds, and its ConfigMap. */
import { createHash } from 'node:crypto';
import type { Cell } from '../../../fleet/derive/cell.ts';
import { lateNames } from '../../../fleet/late-bound.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { kubernetesOf, isOnKubernetes } from '../../../fleet/schema/targets/on-kubernetes.ts';
import { hostConfig } from '../../../software/cell-host.ts';
import { script, type HostConfig, type HostFile, type ListeningPort } from '../../../software/host-config.ts';
import { claimScriptPath, configPath as keepalivedPath } from '../../../software/keepalived/index.ts';
import { mediaHostsProgram, mediaHostsTable } from '../../../software/media-hosts/paths.ts';
import { mediaGuardPath } from '../../../software/rtpengine/media-guard.ts';
import { claimRelayPath, relaysConfig } from '../../../software/take-over/paths.ts';
import { values } from '../../../software/values.ts';
import {
  cellName,
  hostLabels,
  hostsService,
  keptWhenPruned,
  nodeHosts,
  publicAddressAnnotation,
  type NodeHost,
} from '../names.ts';
import type { KubernetesObject, Metadata } from '../objects.ts';
import { nodeFiles as nodeFilesText } from '../program-texts.ts';
import { hostValues, type HostValues } from '../values.ts';
import { claimScript } from './claim-addresses.ts';
import { claimRelayScript } from './claim-relay.ts';
import { firewallFile, firewallPath, firewallTable, partnerTable } from './firewall.ts';
import { knownSbcs } from './known.ts';
import { nodeSettingsFile } from './node-settings.ts';
import { startScript } from './start-script.ts';

export interface HostFiles {
  readonly config: HostConfig;
  readonly values: HostValues;
  readonly configMap: KubernetesObject;
}

/** Seconds that a host waits until it knows where all the others are. */
export const patienceSeconds = 30;

/** Where a file's text is in the ConfigMap. */
const keyOf = ({ path }: Pick<HostFile, 'path'>): string => path.slice(1).replaceAll('/', '_');

/** @param cell as its nodes carry it */
export function hostFiles(cell: Cell, { name }: Pick<NodeHost, 'name'>): HostFiles {
  const host = nodeHosts(cell).find((one) => one.name === name)!;
  const config = onNode(cell, host);
  const { spec } = cell;
  if (!isOnKubernetes(spec)) throw new Error(`${cell.name} is not on Kubernetes`);
  const known = hostValues(spec, host, config);
  const configMap = filesObject(
    { name: host.name, namespace: cellName(cell), labels: hostLabels(cell, host) },
    config,
    settings(cell, host, config, known),
  );
  return { config, values: known, configMap };
}

/** The ConfigMap with the files of a host. @param settings what `node-files.py` is to do with them */
export function filesObject(host: Metadata, config: HostConfig, settings: object): KubernetesObject {
  const data = {
    'host.json': `${JSON.stringify(settings, null, 2)}\n`,
    'node-files': nodeFilesText,
    ...Object.fromEntries(config.files.map((file) => [keyOf(file), file.text])),
  };
  const hash = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 10);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...host, name: `${host.name}-${hash}`, annotations: keptWhenPruned },
    // A pod that comes back after its node has lost its power gets the files of its own release.
    immutable: true,
    data,
  };
}

/** A port of metrics lets in whoever collects them, too. */
export const askedFor = (port: ListeningPort, ranges: readonly string[] | undefined): ListeningPort =>
  ranges === undefined || !/(^|-)metrics$/.test(port.name) ? port : { ...port, peers: [...port.peers, { ranges }] };

/** The HostConfig as a node carries it out. */
function onNode(cell: Cell, host: NodeHost): HostConfig {
  const { floatingAddress, mediaAddresses = [], monitoring } = kubernetesOf(cell.spec);
  const relays = cell.media.flatMap(({ guest, relayAddress }) => (guest === undefined ? [] : [relayAddress]));
  const config = hostConfig(cell, host);
  const installed = (file: HostFile) => !lateNames(file.text).includes(values.signalwireToken.name);
  const services = config.services.filter(({ phase }) => phase === 'run');
  const names = services.map(({ name }) => name);
  const running = services.map((service) => ({
    ...service,
    after: service.after.filter((name) => names.includes(name)),
  }));
  return {
    ...config,
    services: running,
    files: [
      ...config.files.filter(installed),
      firewallFile(
        cell,
        host,
        config.ports.map((port) => askedFor(port, monitoring?.from)),
      ),
      nodeSettingsFile({
        sysctl: config.sysctl,
        address: host.address,
        ...(host.role === 'sbc'
          ? { floatingSide: host.floatingSide, whileActive: [floatingAddress, cell.overlayAddress], relays }
          : { overlayAddress: cell.overlayAddress, relays: [...relays, ...mediaAddresses] }),
      }),
      ...(host.role === 'sbc' ? [script(claimScriptPath, claimScript(host, floatingAddress))] : []),
      ...(host.role === 'media' && host.guest !== undefined
        ? [script(claimRelayPath, claimRelayScript(cell, host))]
        : []),
      ...running.map(startScript),
    ],
  };
}

/** What `node-files.py` does, as data. */
function settings(cell: Cell, host: NodeHost, config: HostConfig, known: HostValues): object {
  const nameOf = ({ address }: NodeHost): string => lateNames(address)[0]!;
  const others = nodeHosts(cell).filter(({ name }) => name !== host.name);
  const { publicAddressFrom } = kubernetesOf(cell.spec).nodes;
  return {
    host: host.name,
    network: cell.spec.network,
    service: hostsService,
    patienceSeconds,
    own: nameOf(host),
    // No host may have them as its address.
    taken: [
      ...cell.sbcs.map(({ floatingSide }) => floatingSide),
      ...cell.media.flatMap(({ guest, relayAddress }) => (guest === undefined ? [] : [relayAddress])),
    ],
    hosts: Object.fromEntries(others.map((other) => [other.name, nameOf(other)])),
    sbcs: {
      names: others.filter(({ role }) => role === 'sbc').map(({ name }) => name),
      known: knownSbcs,
    },
    ...(host.role === 'sbc' ? { mediaHosts: mediaHosts(cell), partner: partner(config) } : {}),
    ...(host.role === 'media' && host.guest !== undefined ? { followed } : {}),
    publicAddress: known.publicAddress
      ? {
          value: values.publicAddress.name,
          annotation: publicAddressFrom === 'annotation' ? publicAddressAnnotation : null,
        }
      : null,
    values: known.given,
    secrets: known.secrets,
    ...placement(config),
  };
}

/** Folders and files, and whose they are. */
export function placement(config: HostConfig): object {
  return {
    directories: config.services.flatMap((service) =>
      [...service.runDirectories, ...service.stateDirectories].map((path) => ({
        path,
        owner: service.user,
        group: service.group,
      })),
    ),
    files: config.files.map((file) => ({
      key: keyOf(file),
      path: file.path,
      mode: file.mode,
      owner: file.owner,
      group: file.group,
    })),
  };
}

/** Files of a media host that say where the others are, and which of them the kernel has. The lease's program looks for itself. */
const followed: object = { paths: [relaysConfig, mediaGuardPath, firewallPath], load: [mediaGuardPath, firewallPath] };

/** How an SBC learns that the other one is on another node. Kamailio has its address in its configuration, which it reads at its start alone. */
const partner = ({ services }: HostConfig): object => ({
  paths: [keepalivedPath],
  allow: ['/usr/sbin/nft', 'add', 'element', 'inet', firewallTable, 'sbc'],
  load: ['/usr/sbin/nft', '-f', '-'],
  table: partnerTable,
  port: internalPorts.sbcReplication,
  reload: services.find(({ name }) => name === 'keepalived')!.reload,
});

/** The table that an SBC follows, and how Kamailio comes to it. */
const mediaHosts = ({ media }: Cell): object => ({
  numbers: Object.fromEntries(media.map(({ name, number }) => [name, number])),
  key: keyOf({ path: mediaHostsTable }),
  path: mediaHostsTable,
  // What is in the set stays: an address that a host had is a node's of the cell.
  allow: ['/usr/sbin/nft', 'add', 'element', 'inet', firewallTable, 'media'],
  reload: [mediaHostsProgram, 'reload'],
});
