/** The probe of a cell: on each SBC a program that places calls through it and through every media host, and judges them by their audio. */
import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { callTimer } from '../../fleet/call-timers.ts';
import { internalPorts, probeAudioPorts, probeCallsAtOnce } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { emptyHostConfig, file, script, service, type HostConfig } from '../host-config.ts';
import { selfAddress } from '../kamailio/sbc/call-entry.ts';
import { testedCountries } from '../kamailio/sbc/emergency-test.ts';
import { paths } from '../kamailio/sbc/paths.ts';
import { probeSocket } from '../kamailio/sbc/sockets.ts';
import { probeRecordStream } from '../kamailio/sbc/records.ts';
import { psql } from '../kamailio/sbc/table-copy.ts';
import { mediaHostsFolder } from '../media-hosts/paths.ts';
import { probe as programText } from '../program-texts.ts';
import { redisTunnelPort } from '../stunnel/index.ts';
import { values } from '../values.ts';
import { probeConfig, probeDomain, probeFolder, probeProgram } from './paths.ts';

const healthPath = '/usr/local/lib/cellstamp/probe-health';
/** The probe says every two seconds that it is there, unless Kamailio keeps it waiting. */
const silentSeconds = 30;

/** Nothing where the spec switches it off. */
export function probe(cell: Cell, host: SbcHost): HostConfig {
  const { intervalSeconds } = cell.spec.probe;
  if (intervalSeconds === 'off') return emptyHostConfig;
  const { address, port } = probeSocket(cell, host);
  const settings = {
    sbc: host.name,
    intervalSeconds: callTimer(cell.spec, intervalSeconds),
    kamailio: [address, port],
    self: selfAddress,
    ports: { caller: internalPorts.probeCaller, callee: internalPorts.probeCallee },
    audio: { address: host.address, firstPort: probeAudioPorts.from, calls: probeCallsAtOnce },
    domain: probeDomain,
    // Countries whose emergency services have something that may be called for a test.
    emergency: testedCountries(cell),
    rpc: paths.jsonRpc,
    hosts: `${mediaHostsFolder}/hosts`,
    folder: probeFolder,
    redis: { port: redisTunnelPort, password: late(values.redisPassword.name), stream: probeRecordStream },
    psql,
  };
  return {
    ...emptyHostConfig,
    packages: ['python3'],
    files: [
      script(probeProgram, programText),
      script(healthPath, healthScript),
      file(probeConfig, `${JSON.stringify(settings, null, 2)}\n`, { mode: '0640', group: 'kamailio' }),
    ],
    services: [daemon],
    ports: [
      {
        name: 'probe-audio',
        protocol: 'udp',
        ...probeAudioPorts,
        peers: [{ role: 'media' }],
        description: 'Audio of the calls of the probe',
      },
    ],
    values: [values.redisPassword],
  };
}

/** Not the program itself: this is asked often, and takes no time. */
const healthScript = `#!/bin/bash
# Exit status 0 while the probe says something, and this SBC, records and the database are well; else says what is wrong.
read -r at faults <${probeFolder}/health || { echo 'it has said nothing yet'; exit 1; }
printf -v now '%(%s)T'
((now - at <= ${silentSeconds})) || { echo "it has said nothing for $((now - at)) s"; exit 1; }
[[ -z $faults ]] || { echo "$faults"; exit 1; }
`;

const daemon = service({
  name: 'cellstamp-probe',
  description: 'Places calls through every media host and judges them',
  command: ['/usr/bin/python3', probeProgram, 'serve'],
  user: 'kamailio',
  environment: { PYTHONUNBUFFERED: '1' },
  after: ['kamailio'],
  runDirectories: [probeFolder],
  // It waits for whatever it needs, and no call for it; but it is there.
  ready: ['/usr/bin/test', '-s', `${probeFolder}/health`],
  readyTimeoutSeconds: 20,
  health: [healthPath],
});
