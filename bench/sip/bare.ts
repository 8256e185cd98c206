/**
 * What the generated SBC is compared with: a Kamailio that does nothing but Record-Route and rtpengine, for one callee. No
 * caller is looked up, nothing is limited, counted, recorded, replicated or hidden.
 */
export interface Bare {
  /** Private address and port where it listens. */
  readonly address: string;
  readonly port: number;
  readonly publicAddress: string;
  readonly workers: number;
  /** Address of the media host. */
  readonly media: string;
  /** `sip:ADDRESS:PORT` of the callee. */
  readonly callee: string;
}

export function bareConfig({ address, port, publicAddress, workers, media, callee }: Bare): string {
  return `#!KAMAILIO
debug=1
log_stderror=yes
children=${workers}
listen=udp:${address}:${port} advertise ${publicAddress}:${port}
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "kex.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "rtpengine.so"
modparam("rtpengine", "rtpengine_sock", "udp:${media}:2223")

request_route {
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (has_totag()) {
        if (loose_route()) {
            if (is_method("BYE")) rtpengine_delete();
            t_relay();
        } else if (is_method("ACK") && t_check_trans()) {
            t_relay();
        }
        exit;
    }
    if (!is_method("INVITE")) {
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    t_check_trans();
    if (!rtpengine_offer("replace-origin replace-session-connection ICE=remove")) {
        sl_send_reply("503", "Service Unavailable");
        exit;
    }
    record_route();
    $du = "${callee}";
    t_on_reply("ANSWER");
    t_relay();
}

onreply_route[ANSWER] {
    if (has_body("application/sdp")) rtpengine_answer("replace-origin replace-session-connection ICE=remove");
}
`;
}
