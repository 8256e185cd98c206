/** The front's names on this machine: the zone of its domain, by the records that it has everywhere, served by NSD. */
import type { Front } from '../../../fleet/derive/front.ts';
import { frontRecords } from '../../../fleet/dns-records.ts';
import { file, service, type HostFile } from '../../../software/host-config.ts';
import { directoryAddress, edgePublicAddress, serviceAddress } from './addresses.ts';

/** Beside the directory. */
export const nameServer = { address: directoryAddress, port: 53 } as const;

const configPath = '/etc/nsd/front.conf';
const zonePath = '/etc/nsd/front.zone';

export function nameFiles(front: Front): readonly HostFile[] {
  const { domain } = front.spec;
  const config = `server:
  ip-address: ${nameServer.address}
  port: ${nameServer.port}
  username: ""
  server-count: 1
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonelistfile: "/run/nsd/zone.list"
  xfrdir: "/run/nsd"
remote-control:
  control-enable: no
zone:
  name: ${domain}
  zonefile: ${zonePath}
`;
  return [file(configPath, config), file(zonePath, zoneText(front))];
}

function zoneText(front: Front): string {
  const { domain } = front.spec;
  const records = frontRecords(front, {
    service: [serviceAddress],
    edges: Object.fromEntries(front.edges.map((edge) => [edge.name, edgePublicAddress(front, edge)])),
  });
  return [
    `${domain}. 300 IN SOA ns.${domain}. hostmaster.${domain}. 1 3600 600 86400 60`,
    `${domain}. 300 IN NS ns.${domain}.`,
    `ns.${domain}. 300 IN A ${nameServer.address}`,
    ...records.flatMap(({ name, type, ttlSeconds, values }) =>
      values.map((value) => `${name}. ${ttlSeconds} IN ${type} ${value}`),
    ),
    '',
  ].join('\n');
}

export const nameService = service({
  name: 'names',
  description: 'Names of the front (NSD)',
  command: ['/usr/sbin/nsd', '-d', '-c', configPath],
  user: 'nsd',
  capabilities: ['CAP_NET_BIND_SERVICE'],
  runDirectories: ['/run/nsd'],
  ready: ['/bin/bash', '-c', `exec 3<>/dev/tcp/${nameServer.address}/${nameServer.port}`],
  readyTimeoutSeconds: 20,
});
