/** Conference rooms and voicemail boxes. Neither is listed anywhere: a name that the SBC sends exists. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { tones } from './tones.ts';
import { attribute } from './xml.ts';

export const conferenceProfile = 'room';
/** The name that FreeSWITCH's vm_ commands take when none is given. */
export const voicemailProfile = 'default';
/** All boxes are in one domain: the tenant is part of the box's name. It is also a folder in the voicemail directory. */
export const voicemailDomain = 'boxes';

export function mediaXml(cell: Cell): string {
  const { voicemailDirectory } = cell.spec.media.freeswitch;
  return `<include>
  <!-- A room exists while it has participants. -->
  <configuration name="conference.conf" description="Conference rooms">
    <caller-controls>
      <group name="keys">
        <control action="mute" digits="0"/>
        <control action="energy dn" digits="7"/>
        <control action="energy equ" digits="8"/>
        <control action="energy up" digits="9"/>
      </group>
    </caller-controls>
    <profiles>
      <profile name="${conferenceProfile}">
        <param name="caller-controls" value="keys"/>
        <!-- Mixed at the rate of G.711, in 20 ms frames. -->
        <param name="rate" value="8000"/>
        <param name="interval" value="20"/>
        <!-- Frames below this loudness are not mixed in: background noise of 40 people adds up. -->
        <param name="energy-level" value="100"/>
        <param name="comfort-noise" value="true"/>
        <param name="enter-sound" value="${tones.done}"/>
        <param name="exit-sound" value="${tones.goodbye}"/>
      </profile>
    </profiles>
  </configuration>

  <!-- Messages are WAV files in FOLDER/${voicemailDomain}/BOX, listed in FOLDER/voicemail.db.
       FOLDER is media.freeswitch.voicemailDirectory. What is in a box: vm_list BOX@${voicemailDomain}. -->
  <configuration name="voicemail.conf" description="Voicemail">
    <settings/>
    <profiles>
      <profile name="${voicemailProfile}">
        <param name="storage-dir" value="${attribute(voicemailDirectory)}"/>
        <param name="dbname" value="${attribute(voicemailDirectory)}/voicemail.db"/>
        <param name="file-extension" value="wav"/>
        <param name="record-sample-rate" value="8000"/>
        <!-- Seconds. A shorter message is dropped, a longer one is cut. -->
        <param name="min-record-len" value="2"/>
        <param name="max-record-len" value="300"/>
        <!-- A recording ends after this many seconds below this loudness. -->
        <param name="record-silence-threshold" value="200"/>
        <param name="record-silence-hits" value="4"/>
        <!-- Milliseconds for a digit, then tries. -->
        <param name="digit-timeout" value="5000"/>
        <param name="max-retries" value="3"/>
        <!-- Messages are heard through mailbox-NAME. No key leads from leaving a message into the box, and no box
             opens to an empty PIN (FreeSWITCH's own default is yes). -->
        <param name="login-keys" value=""/>
        <param name="allow-empty-password-auth" value="false"/>
        <param name="max-login-attempts" value="1"/>
        <!-- "Call back" leads into a context where nothing is dialled. -->
        <param name="callback-dialplan" value="XML"/>
        <param name="callback-context" value="call-back"/>
      </profile>
    </profiles>
  </configuration>
</include>
`;
}

/**
 * mod_voicemail wants every box in FreeSWITCH's directory of users. The boxes are the tenants', who come and go at run time,
 * so this answers for every box that the SBC can name. It runs inside FreeSWITCH and reads nothing.
 */
export function mailboxLua(): string {
  return `-- A voicemail box exists when its name is one that the SBC may send (dialplan.xml).
-- FreeSWITCH runs this on every look-up in its directory of users; the answer is XML, so the name is checked first.

local box = params and params:getHeader("user") or ""
local known = XML_REQUEST["key_value"] == "${voicemailDomain}"
  and #box <= 127
  and box:match("^%w[%w._-]*$")

if known then
  XML_STRING = [[
<document type="freeswitch/xml"><section name="directory"><domain name="${voicemailDomain}"><user id="]] .. box .. [[">
<params>
  <!-- Seconds of messages in one box. -->
  <param name="vm-disk-quota" value="3600"/>
</params>
</user></domain></section></document>]]
else
  XML_STRING = [[
<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>]]
end
`;
}
