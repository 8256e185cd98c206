/** The program with which an SBC lists and ends its calls, and its service, which ends calls with one silent side. */
import type { Cell } from '../../cell/cell.ts';
import { callTimer } from '../../spec/call-timers.ts';
import { internalPorts } from '../../spec/fixed.ts';
import { emptyHostConfig, type HostConfig, type Service } from '../host-config.ts';
import { callFields, selfAddress } from '../kamailio/sbc/call-entry.ts';
import { paths } from '../kamailio/sbc/paths.ts';
import { callsConfig, callsProgram } from './paths.ts';
import { callsProgramText } from './program.ts';

/** Seconds from the begin of one round to that of the next, if it takes no longer. */
const roundSeconds = 15;

export function callWatch(cell: Cell): HostConfig {
  const settings = {
    rpc: paths.jsonRpc,
    self: [selfAddress, internalPorts.sbcSelf],
    fields: callFields,
    relays: Object.fromEntries(
      cell.media.map(({ number, name, address }) => [
        number,
        { name, control: [address, internalPorts.rtpengineControl] },
      ]),
    ),
    roundSeconds: callTimer(cell.spec, roundSeconds),
  };
  return {
    ...emptyHostConfig,
    packages: ['python3'],
    files: [
      { path: callsProgram, mode: '0755', owner: 'root', group: 'root', text: callsProgramText },
      {
        path: callsConfig,
        mode: '0640',
        owner: 'root',
        group: 'kamailio',
        text: `${JSON.stringify(settings, null, 2)}\n`,
      },
    ],
    services: [service],
  };
}

const service: Service = {
  name: 'cellstamp-call-watch',
  description: 'Ends calls with one silent side',
  command: ['/usr/bin/python3', callsProgram, 'watch'],
  kind: 'daemon',
  user: 'kamailio',
  group: 'kamailio',
  capabilities: [],
  environment: { PYTHONUNBUFFERED: '1' },
  before: [],
  after: ['kamailio'],
  runDirectories: [],
  stateDirectories: [],
  openFiles: 1024,
  restart: 'always',
  // It waits for whatever it needs, and no call for it.
  ready: ['/bin/true'],
  readyTimeoutSeconds: 20,
  stopTimeoutSeconds: 5,
};
