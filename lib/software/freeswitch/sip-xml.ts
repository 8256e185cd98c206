/** The SIP profile towards the SBCs. Unknown parameters are ignored silently by FreeSWITCH, so each is worth a look. */
import type { MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';

export function sipXml(host: MediaHost): string {
  return `<include>
  <configuration name="sofia.conf" description="SIP">
    <global_settings>
      <param name="log-level" value="0"/>
    </global_settings>
    <profiles>
      <profile name="sbc">
        <settings>
          <!-- Where: the private address of ${host.name}, UDP. -->
          <param name="sip-ip" value="${host.address}"/>
          <param name="sip-port" value="${internalPorts.freeswitchSip}"/>
          <param name="bind-params" value="transport=udp"/>
          <param name="rtp-ip" value="${host.address}"/>

          <!-- Who: the SBCs (acl.conf in core.xml), which have authenticated the caller. There are no registrations here. -->
          <param name="apply-inbound-acl" value="sbc"/>
          <param name="auth-calls" value="false"/>
          <param name="disable-register" value="true"/>
          <param name="accept-blind-reg" value="false"/>
          <param name="accept-blind-auth" value="false"/>
          <param name="disable-transfer" value="true"/>
          <param name="manage-presence" value="false"/>

          <!-- What: dialplan.xml. -->
          <param name="dialplan" value="XML"/>
          <param name="context" value="from-sbc"/>

          <!-- Paused, or far over its limit: OPTIONS gets 503 too, so the SBCs stop choosing this host. -->
          <param name="sip-options-respond-503-on-busy" value="true"/>

          <!-- Media. Without a codec of the list an INVITE gets 488. -->
          <param name="inbound-late-negotiation" value="true"/>
          <param name="inbound-codec-negotiation" value="generous"/>
          <param name="inbound-codec-prefs" value="OPUS,G722,PCMU,PCMA"/>
          <param name="outbound-codec-prefs" value="OPUS,G722,PCMU,PCMA"/>
          <param name="dtmf-type" value="rfc2833"/>
          <param name="rfc2833-pt" value="101"/>
          <param name="rtp-timer-name" value="soft"/>

          <!-- A call whose BYE was lost ends by media_timeout (dialplan.xml), so there is no session timer. -->
          <param name="enable-timer" value="false"/>
          <param name="enable-100rel" value="false"/>
          <!-- No DNS look-ups: every peer is an address. -->
          <param name="disable-naptr" value="true"/>
          <param name="disable-srv" value="true"/>
          <param name="user-agent-string" value="cellstamp"/>
        </settings>
      </profile>
    </profiles>
  </configuration>
</include>
`;
}
