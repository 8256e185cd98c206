import type { Cell } from '../../../fleet/derive/cell.ts';
import type { Section } from '../common/section.ts';
import { ofCall, ofSide, selfAddress } from './call-entry.ts';
import { ringingSeconds } from './carriers.ts';
import { accountFields, field, trunkFields } from './tables.ts';

/** Whether the cell has an account with one of its carriers: only then its SBCs have these routes, and others ask them. */
export const hasAccounts = ({ spec }: Cell): boolean =>
  spec.trunks.some(({ credentials }) => credentials !== undefined);

const account = (name: (typeof accountFields)[number]) => field('account', accountFields, name);

/** Lines of a route where the cell has accounts; nothing elsewhere. */
export const withAccounts = (cell: Cell, text: string): string => (hasAccounts(cell) ? text : '');

/** How often the SBC answers a challenge of one request: the second time only a nonce that was too old (RFC 7616, section 3.3). */
const mostChallenges = 2;

/**
 * Accounts with carriers: the SBC answers challenges, which the caller's phone could not.
 *
 * A request with credentials needs a CSeq of its own (RFC 3261, section 22.2), so that from there on the carrier counts further than the
 * caller does. By how much stands with the carrier's side of the call, which both SBCs know; requests towards the carrier are moved by
 * that, and answers back.
 */
export function accounts(_cell: Cell): Section {
  return {
    title: 'Accounts with carriers',
    text: String.raw`
# Spec: trunks.credentials
modparam("uac", "auth_username_avp", "$avp(account_user)")
modparam("uac", "auth_realm_avp", "$avp(account_realm)")
modparam("uac", "auth_password_avp", "$avp(account_password)")

# A carrier has challenged an INVITE. (uac_auth() stands in failure routes alone.) In: $var(id). True: uac_auth() may answer.
route[CHALLENGE_OF_CALL] {
    $vn(call) = $sht(calls=>$var(id));
    if ($vn(call) == $null) return -1;
    $var(trunk) = ${ofCall('trunk')};
    if ($avp(challenged_at) != $_s($var(trunk)|$avp(trunk_address))) {
        $avp(challenged_at) = $_s($var(trunk)|$avp(trunk_address));
        $avp(ahead) = 0;
        $avp(challenges) = 0;
    }
    if (route(TAKE_CHALLENGE)) return 1;
    return -1;
}

# After uac_auth(). In: $var(trunk). True: on its way again.
route[LOG_IN_TO_CARRIER] {
    $avp(ahead) = $avp(ahead) + 1;
    $vn(record) = $sht(trunks=>$var(trunk));
    $du = "sip:" + $avp(trunk_address) + ":" + ${field('record', trunkFields, 'port')} + ";transport=" + ${field('record', trunkFields, 'transport')};
    if (${field('record', trunkFields, 'transport')} == "tls") $xavp(tls=>server_name) = ${field('record', trunkFields, 'address')};
    route(COUNT_FURTHER);
    t_set_fr(${ringingSeconds * 1000}, 3000);
    $avp(rings) = $null;
    if (route(SEND_TO_CARRIER)) return 1;
    return -1;
}

# What uac_auth() answers with. In: $var(trunk); $avp(challenges), those that were answered.
route[TAKE_CHALLENGE] {
    $vn(account) = $sht(accounts=>$var(trunk));
    $vn(password) = $sht(passwords=>$var(trunk));
    if ($vn(account) == $null || $vn(password) == $null) return -1;
    if ($avp(challenges) == $null) $avp(challenges) = 0;
    $avp(challenges) = $avp(challenges) + 1;
    $vn(challenge) = $T_rpl($hdr(Proxy-Authenticate));
    if ($T_reply_code == 401) $vn(challenge) = $T_rpl($hdr(WWW-Authenticate));
    if ($avp(challenges) > 1 && ($avp(challenges) > ${mostChallenges} || !($vn(challenge) =~ "stale *= *\"?[Tt][Rr][Uu][Ee]"))) {
        xlog("L_WARN", "trunk $var(trunk): the carrier refuses the credentials: $T_reply_code\n");
        return -1;
    }
    $avp(account_user) = ${account('user')};
    $avp(account_realm) = ${account('realm')};
    $avp(account_password) = $vn(password);
    return 1;
}

# The CSeq of a request to a carrier. In: $avp(ahead).
route[COUNT_FURTHER] {
    $var(cseq) = $(cs{s.int}) + $avp(ahead);
    remove_hf("CSeq");
    append_hf("CSeq: $var(cseq) $rm\r\n");
    if (is_method("PRACK") && $hdr(RAck) =~ "^ *[0-9]+ +[0-9]+ ") {
        # RFC 3262, section 7.2: the number of the answer, and the CSeq of what it answers.
        $var(rack) = $hdr(RAck);
        $var(cseq) = $(var(rack){s.select,1, }{s.int}) + $avp(ahead);
        $var(rack) = $(var(rack){s.select,0, }) + " " + $var(cseq) + " " + $(var(rack){s.select,2, });
        remove_hf("RAck");
        append_hf("RAck: $var(rack)\r\n");
    }
}

branch_route[AHEAD] {
    route(COUNT_FURTHER);
}

# An answer to the INVITE of a call: the caller gets its own CSeq. In: $var(id). Out: $var(ahead), by how much the carrier's is ahead.
route[COUNT_AS_CALLER] {
    $vn(call) = $sht(calls=>$var(id));
    $var(ahead) = 0;
    if ($vn(call) == $null) return;
    $var(cseq) = ${ofCall('cseq')};
    if ($var(cseq) == $cs) return;
    $var(ahead) = $(cs{s.int}) - $(var(cseq){s.int});
    remove_hf("CSeq");
    append_hf("CSeq: $var(cseq) $rm\r\n");
}

# The name of a call whose INVITE the other SBC has sent again with credentials. Out: $var(id), $vn(caller), null if it is none.
route[NAME_CHALLENGED_CALL] {
    $var(n) = 1;
    while ($var(n) <= ${mostChallenges}) {
        $var(cseq) = $(cs{s.int}) - $var(n);
        $var(id) = $(_s($ci|$ft|$var(cseq)){s.md5}{s.substr,0,20});
        $vn(caller) = $sht(sides=>$var(id));
        if ($vn(caller) != $null) return;
        $var(n) = $var(n) + 1;
    }
}

# A request of the caller to its carrier, inside a call. In: $vn(call), $vn(callee), $var(sender), $var(answerer), $var(id).
route[ASK_AS_ACCOUNT] {
    if ($var(sender) != $var(id)) return;
    # The SBC's own BYE goes as it is. The probe, on the same host, is a caller like others.
    if (src_ip == ${selfAddress} && ($vn(call) == $null || ${ofCall('kind')} != "probe")) return;
    $var(ahead) = ${ofSide('ahead', 'vn(callee)')};
    $avp(ahead) = $(var(ahead){s.int});
    if (is_method("ACK")) {
        if ($avp(ahead) > 0) route(COUNT_FURTHER);
        return;
    }
    if ($avp(ahead) > 0) t_on_branch("AHEAD");
    # A call from a carrier is answered by a phone: its challenge has nothing to do with the account.
    if ($vn(call) == $null || (${ofCall('kind')} != "out" && ${ofCall('kind')} != "probe")) return;
    $avp(account_trunk) = ${ofCall('trunk')};
    $avp(account_side) = $var(answerer);
    if ($sht(accounts=>$avp(account_trunk)) != $null) t_on_failure("CHALLENGED_IN_CALL");
}

failure_route[CHALLENGED_IN_CALL] {
    if (t_is_canceled() || !t_check_status("401|407")) exit;
    $var(trunk) = $avp(account_trunk);
    if (!route(TAKE_CHALLENGE) || !uac_auth()) {
        # The challenge is for the SBC: the phone has no password there.
        append_to_reply("Reason: SIP;cause=$T_reply_code\r\n");
        t_reply("500", "Not Taken");
        exit;
    }
    $avp(ahead) = $avp(ahead) + 1;
    route(MOVE_AHEAD);
    t_on_branch("AHEAD");
    t_on_reply("IN_DIALOG_REPLY");
    t_on_failure("CHALLENGED_IN_CALL");
    if (!t_relay()) t_reply("500", "Not Taken");
    exit;
}

# From here on the carrier's side of the call counts further. In: $avp(account_side), its name; $avp(ahead).
route[MOVE_AHEAD] {
    $var(sender) = $avp(account_side);
    $vn(sender) = $sht(sides=>$var(sender));
    if ($vn(sender) == $null) return;
    $var(side) = $(vn(sender){re.subst,/^(([^|]*[|]){5}[^|]*).*$/\1/}) + "|" + $avp(ahead);
    $var(left) = $shtex(sides=>$var(sender));
    if ($var(left) < 1) $var(left) = 1;
    $sht(sides=>$var(sender)) = $var(side);
    $shtex(sides=>$var(sender)) = $var(left);
    $var(id) = $(var(sender){s.select,0,:});
    $var(op) = "p";
    $vn(told) = $var(sender);
    route(TELL);
}
`,
  };
}
