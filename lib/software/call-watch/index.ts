/** The program with which an SBC lists and ends its calls, and its service, which ends calls with one silent side, and sessions of no call. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { callTimer } from '../../fleet/call-timers.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { emptyHostConfig, file, script, service, type HostConfig } from '../host-config.ts';
import { callFields, selfAddress } from '../kamailio/sbc/call-entry.ts';
import { paths } from '../kamailio/sbc/paths.ts';
import { mediaHostsFolder } from '../media-hosts/paths.ts';
import { callsConfig, callsProgram } from './paths.ts';
import { calls as programText } from '../program-texts.ts';

/** Seconds from the begin of one round to that of the next, if it takes no longer. */
const roundSeconds = 15;

export function callWatch(cell: Cell): HostConfig {
  const settings = {
    rpc: paths.jsonRpc,
    self: [selfAddress, internalPorts.sbcSelf],
    fields: callFields,
    media: `${mediaHostsFolder}/hosts`,
    controlPort: internalPorts.rtpengineControl,
    metricsPort: internalPorts.rtpengineMetrics,
    roundSeconds: callTimer(cell.spec, roundSeconds),
    quietSeconds: callTimer(cell.spec, cell.spec.calls.silentSeconds),
  };
  return {
    ...emptyHostConfig,
    packages: ['python3'],
    files: [
      script(callsProgram, programText),
      file(callsConfig, `${JSON.stringify(settings, null, 2)}\n`, { mode: '0640', group: 'kamailio' }),
    ],
    services: [watch],
  };
}

const watch = service({
  name: 'cellstamp-call-watch',
  description: 'Ends calls with one silent side, and audio of no call',
  command: ['/usr/bin/python3', callsProgram, 'watch'],
  user: 'kamailio',
  environment: { PYTHONUNBUFFERED: '1' },
  after: ['kamailio'],
  // It waits for whatever it needs, and no call for it.
  ready: ['/bin/true'],
  readyTimeoutSeconds: 20,
});
