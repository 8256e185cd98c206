/**
 * The frame of the configuration: which modules run, how much this host takes, who may send calls, and the operator's socket.
 */
import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { values } from '../values.ts';
import { paths } from './paths.ts';
import { attribute } from './xml.ts';

/** Module to why it is here; each is also the Debian package `freeswitch-mod-...`. */
export const modules = {
  mod_console: 'log to standard output',
  mod_event_socket: 'fs_cli',
  mod_commands: 'the commands of fs_cli: show, fsctl, reloadxml',
  mod_sofia: 'SIP',
  mod_dialplan_xml: 'dialplan.xml',
  mod_dptools: 'answer, echo, playback, play_and_get_digits',
  mod_hash: 'counts call legs: limit',
  mod_opus: 'codec; G.711 and G.722 are built in',
  mod_tone_stream: 'tones in place of prompts',
  mod_sndfile: 'WAV files',
  mod_native_file: 'prompts stored in a codec, such as .PCMU',
  mod_say_en: 'numbers and dates, where the sounds are installed',
  mod_conference: 'conference rooms',
  mod_voicemail: 'voicemail boxes',
  mod_lua: 'mailbox.lua: tells mod_voicemail that a box exists',
  mod_curl: 'asks the configuration service',
} as const;

/** `freeswitch.xml`: the file that FreeSWITCH reads first. */
export function freeswitchXml(cell: Cell, host: MediaHost): string {
  return `<?xml version="1.0"?>
<!--
  FreeSWITCH on ${host.hostname}: echo, tone, conference, voicemail and menus for cell ${cell.name}.
  It stands behind the SBCs and does what their request URI says (dialplan.xml); it decides nothing.

  Where to look:
    core.xml          modules, limits, who may call, log
    event-socket.xml  the socket of fs_cli and its password
    sip.xml           the SIP profile towards the SBCs
    dialplan.xml      what each feature does
    media.xml         conference rooms and voicemail
    prompts.xml       what voicemail says
  FreeSWITCH's own view of all of them, after includes: ${paths.log}/freeswitch.xml.fsxml

  At three in the morning (fs_cli with its password: ${paths.cli}):
    ${paths.cli} -x 'status'                   calls now, at most, and since the start
    ${paths.cli} -x 'show channels'            every call leg
    ${paths.cli} -x 'sofia status profile sbc' is SIP up?
    ${paths.cli} -x 'fsctl pause inbound'      no new calls, running ones go on; undo: fsctl resume inbound
    ${paths.ready}                     the health probe; exit 0 is healthy
-->
<document type="freeswitch/xml">
  <section name="configuration">
    <X-PRE-PROCESS cmd="include" data="core.xml"/>
    <X-PRE-PROCESS cmd="include" data="event-socket.xml"/>
    <X-PRE-PROCESS cmd="include" data="sip.xml"/>
    <X-PRE-PROCESS cmd="include" data="media.xml"/>
  </section>
  <section name="dialplan">
    <X-PRE-PROCESS cmd="include" data="dialplan.xml"/>
  </section>
  <section name="languages">
    <X-PRE-PROCESS cmd="include" data="prompts.xml"/>
  </section>
</document>
`;
}

export function coreXml(cell: Cell, host: MediaHost): string {
  const { sessions, sessionsPerSecond, ports } = cell.spec.media.freeswitch;
  const sbcs = [...cell.sbcs.map((sbc) => [sbc.address, sbc.name] as const), sbcOverlay(cell)];
  return `<include>
  <!-- Modules, in the order in which they are loaded. A module that is not here does not run. -->
  <configuration name="modules.conf" description="Modules">
    <modules>
${Object.entries(modules)
  .map(([name, why]) => `      <load module="${name}"/> <!-- ${why} -->`)
  .join('\n')}
    </modules>
  </configuration>

  <configuration name="switch.conf" description="Limits">
    <settings>
      <param name="switchname" value="${attribute(host.hostname)}"/>

      <!-- Call legs at once: media.freeswitch.sessions, which dialplan.xml keeps ("limit"), and one second of new ones
           beside. Only a backstop: a leg that meets this limit is refused and still counts for half a minute, so under
           a steady overload the refused would take the places of all calls. -->
      <param name="max-sessions" value="${sessions + sessionsPerSecond}"/>
      <!-- New call legs a second: media.freeswitch.sessionsPerSecond. Calls above it get 503. -->
      <param name="sessions-per-second" value="${sessionsPerSecond}"/>
      <!-- RTP: media.freeswitch.ports, two a leg. With too few ports, calls would get 488 instead of 503. -->
      <param name="rtp-start-port" value="${ports.from}"/>
      <param name="rtp-end-port" value="${ports.to}"/>

      <!-- Level at run time: fsctl loglevel debug. -->
      <param name="loglevel" value="notice"/>
      <param name="colorize-console" value="false"/>
      <!-- The dialplan asks whether a recorded prompt exists, and encodes what it sends to the configuration service. -->
      <param name="api-expansion" value="true"/>
      <!-- No mail is sent. -->
      <param name="mailer-app" value="/bin/false"/>
    </settings>
  </configuration>

  <configuration name="console.conf" description="Log to standard output">
    <mappings>
      <map name="all" value="console,notice,warning,err,crit,alert"/>
    </mappings>
    <settings>
      <param name="colorize" value="false"/>
      <param name="loglevel" value="notice"/>
      <param name="uuid" value="true"/>
    </settings>
  </configuration>

  <!-- Who may send an INVITE: this cell's SBCs. All others get 403. A typo here shuts the SBCs out too. -->
  <configuration name="acl.conf" description="Who may call">
    <network-lists>
      <list name="sbc" default="deny">
${sbcs.map(([address, name]) => `        <node type="allow" cidr="${address}/32"/> <!-- ${name} -->`).join('\n')}
      </list>
    </network-lists>
  </configuration>

  <configuration name="opus.conf" description="Opus">
    <settings/>
  </configuration>

  <configuration name="lua.conf" description="Voicemail boxes">
    <settings>
      <param name="xml-handler-script" value="${paths.mailboxes}"/>
      <param name="xml-handler-bindings" value="directory"/>
    </settings>
  </configuration>

  <!-- The time-outs of a request are with the request, in dialplan.xml. -->
  <configuration name="curl.conf" description="HTTP client">
    <settings>
      <param name="validate-certs" value="true"/>
      <param name="max-bytes" value="1024"/>
    </settings>
  </configuration>
</include>
`;
}

function sbcOverlay(cell: Cell): readonly [address: string, name: string] {
  return [cell.overlayAddress, 'the active SBC, whichever it is'];
}

/** Apart from the rest because it holds the password: readable by FreeSWITCH's user alone. */
export function eventSocketXml(): string {
  return `<include>
  <!-- The socket of fs_cli: on loopback, with a password of this host. ${paths.prepare} refuses to start FreeSWITCH
       where the password is missing: FreeSWITCH itself would then take a well-known one. -->
  <configuration name="event_socket.conf" description="Socket of fs_cli">
    <settings>
      <param name="listen-ip" value="127.0.0.1"/>
      <param name="listen-port" value="${internalPorts.eventSocket}"/>
      <param name="password" value="${late(values.eventSocketPassword.name)}"/>
      <param name="nat-map" value="false"/>
      <param name="stop-on-bind-error" value="true"/>
    </settings>
  </configuration>
</include>
`;
}
