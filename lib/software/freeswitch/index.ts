/**
 * FreeSWITCH on a media host: what needs audio processed (echo, tone, conference, voicemail, menus). It stands behind the
 * SBCs and does what their request URI says; `features.ts` is the contract.
 */
import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, script, service, type HostConfig, type HostFile, type Service } from '../host-config.ts';
import { values } from '../values.ts';
import { coreXml, eventSocketXml, freeswitchXml } from './core-xml.ts';
import { dialplanXml } from './dialplan-xml.ts';
import { installScript, tokenFile } from './install.ts';
import { mailboxLua, mediaXml } from './media-xml.ts';
import { paths } from './paths.ts';
import { promptsXml } from './prompts-xml.ts';
import { cliConfig, cliScript, drainScript, prepareScript, readyScript } from './scripts.ts';
import { sipXml } from './sip-xml.ts';

const xml = (name: string, text: string): HostFile => file(`${paths.etc}/${name}`, text);
/** Root's alone; `freeswitch-prepare` opens to FreeSWITCH's group what it must read, once that group is there. */
const secret = (path: string, text: string): HostFile => file(path, text, { mode: '0600' });

/** @example freeswitch(cell, cell.media[0]).services.map((service) => service.name) // ['freeswitch-install', 'freeswitch'] */
export function freeswitch(cell: Cell, host: MediaHost): HostConfig {
  const { install, ports } = cell.spec.media.freeswitch;
  const fromSignalwire = install === 'signalwire';
  return {
    packages: ['openssl', ...(fromSignalwire ? ['ca-certificates', 'curl'] : [])],
    files: [
      xml('freeswitch.xml', freeswitchXml(cell, host)),
      xml('core.xml', coreXml(cell, host)),
      secret(paths.eventSocket, eventSocketXml()),
      xml('sip.xml', sipXml(host)),
      xml('dialplan.xml', dialplanXml(cell)),
      xml('media.xml', mediaXml(cell)),
      xml('prompts.xml', promptsXml()),
      file(`${paths.etc}/mailbox.lua`, mailboxLua()),
      secret(paths.cliConfig, cliConfig(late(values.eventSocketPassword.name))),
      script(paths.cli, cliScript),
      script(paths.prepare, prepareScript),
      script(paths.ready, readyScript(host)),
      script(paths.drain, drainScript),
      ...(fromSignalwire
        ? [{ ...secret(paths.token, tokenFile()), change: 'nothing' } as const, script(paths.install, installScript)]
        : []),
    ],
    services: [...(fromSignalwire ? [installation] : []), daemon(cell)],
    sysctl: {},
    kernelModules: [],
    ports: [
      {
        name: 'freeswitch-sip',
        protocol: 'udp',
        from: internalPorts.freeswitchSip,
        to: internalPorts.freeswitchSip,
        // The active SBC sends from its overlay address, which no security group knows as its own.
        peers: [{ role: 'sbc' }, { ranges: [`${cell.overlayAddress}/32`] }],
        description: 'SIP from the SBCs to FreeSWITCH',
      },
      {
        name: 'freeswitch-rtp',
        protocol: 'udp',
        from: ports.from,
        to: ports.to,
        // Every call's media is anchored on an rtpengine of the cell.
        peers: [{ role: 'media' }],
        description: 'RTP and RTCP between rtpengine and FreeSWITCH',
      },
    ],
    values: [values.eventSocketPassword, ...(fromSignalwire ? [values.signalwireToken] : [])],
  };
}

/** The packages come in the preparation, which root runs outside the unit's sandbox; the service itself only proves them. */
const installation = service({
  name: 'freeswitch-install',
  description: 'FreeSWITCH from SignalWire, where it is not installed yet',
  command: ['/usr/bin/env', 'freeswitch', '-version'],
  kind: 'oneshot',
  phase: 'install',
  user: 'root',
  before: [[paths.install]],
  needs: [values.signalwireToken],
  ready: ['/bin/true'],
  readyTimeoutSeconds: 600,
});

/** It must be restarted always: without its address FreeSWITCH gives up after three tries, with exit status 0. */
function daemon(cell: Cell): Service {
  const { install, sessions, voicemailDirectory } = cell.spec.media.freeswitch;
  return service({
    name: 'freeswitch',
    description: 'Media server: echo, tone, conference, voicemail, menus',
    command: [
      // A line at a time: FreeSWITCH itself would keep the last 4 kB of its log back. Finds it on the path, as env does.
      '/usr/bin/stdbuf',
      '-oL',
      'freeswitch',
      '-nf',
      // No look-up of a public address and no port mapping at a router: the address is the spec's.
      '-nonat',
      ...['-conf', paths.etc],
      ...['-log', paths.log],
      ...['-run', paths.run],
      ...['-db', `${paths.state}/db`],
      ...['-storage', `${paths.state}/storage`],
      ...['-recordings', `${paths.state}/recordings`],
      ...['-cache', `${paths.state}/cache`],
      ...['-certs', paths.certificates],
      ...['-temp', `${paths.state}/temp`],
    ],
    user: 'freeswitch',
    before: [[paths.prepare]],
    after: install === 'signalwire' ? [installation.name] : [],
    runDirectories: [paths.run],
    stateDirectories: [paths.state, paths.log, paths.prompts, voicemailDirectory],
    // 2 sockets and some pipes a session; 4,096 for the rest (database, modules, event socket).
    openFiles: sessions * 8 + 4096,
    ready: [paths.ready],
    // Measured: 1.7 s, on two cores that do nothing else.
    readyTimeoutSeconds: 60,
    drain: { command: [paths.drain], deadlineSeconds: 1800 },
    reload: [paths.cli, '-x', 'reloadxml'],
    // Measured: 5.4 to 7 s.
    stopTimeoutSeconds: 30,
  });
}
