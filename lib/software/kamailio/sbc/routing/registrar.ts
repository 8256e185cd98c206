import type { Cell, SbcHost } from '../../../../fleet/derive/cell.ts';
import { late } from '../../../../fleet/late-bound.ts';
import { values } from '../../../values.ts';
import type { Section } from '../../common/section.ts';
import { sockets } from '../sockets.ts';
import { databaseUrl } from '../tables.ts';

/**
 * Look-ups of users that are not in memory. The patience is shorter than that of an edge, which takes an SBC for dead after three
 * seconds of silence.
 */
const lookUps = { perSecond: 50, queue: 50, patienceSeconds: 2, retryAfterSeconds: 5 } as const;

/** Between two keepalives to a phone on UDP behind NAT, in seconds. */
export const keepaliveSeconds = 12;

/** Registrations: digest authentication from memory, locations in memory, copied to the other SBC. */
export function registrar(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const publicAddress = late(values.publicAddress.name);
  const keepaliveSocket = listen.public.find(({ protocol }) => protocol === 'udp')?.name;
  return {
    title: 'Registrations',
    text: `
# --- Digest authentication. Kamailio 5.6 has one algorithm for all, and phones that know SHA-256 are few: MD5.
# A digest is good once (RFC 2617, section 3.2.2): the nonce remembers the count (nc) that it was last used with, and without a
# count it is good for one request. Two arrays of 2^20 nonces, 1 MiB and 128 KiB: the oldest nonce is stale when the array is full.
modparam("auth", "nonce_expire", 300)
modparam("auth", "nonce_count", 1)
modparam("auth", "nc_array_order", 20)
modparam("auth", "one_time_nonce", 1)
modparam("auth", "otn_in_flight_order", 20)
# Each SBC has a secret of its own: what was used on one is not known to the other, where it would be good once more.
modparam("auth", "secret", "${late(values.digestSecret.name)}/${host.name}")

# --- Locations: in memory only, copied to the other SBC.
modparam("usrloc", "preload", "location")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "use_domain", 1)
# By Contact and Call-ID: two phones behind different routers may have the same private Contact.
modparam("usrloc", "matching_mode", 1)
modparam("usrloc", "hash_size", 14)
# When a connection closes, its registrations are removed.
modparam("usrloc", "handle_lost_tcp", 1)
modparam("usrloc", "timer_interval", 30)
modparam("dmq_usrloc", "enable", 1)
# Used by JOIN.
modparam("dmq_usrloc", "sync", 0)
modparam("dmq_usrloc", "batch_msg_contacts", 20)
# The other SBC does not have this SBC's sockets.
modparam("dmq_usrloc", "replicate_socket_info", 0)
modparam("registrar", "received_avp", "$avp(received)")
modparam("registrar", "default_expires", 600)
modparam("registrar", "min_expires", 60)
modparam("registrar", "max_expires", 3600)
# Up to a fifth less than a phone asks for, by chance (RFC 3261, section 10.2.1.1, allows less): phones that have registered at the same moment, after a
# power cut for example, come back at different ones.
modparam("registrar", "default_expires_range", 20)
modparam("registrar", "expires_range", 20)
# Where a phone asks for more than the most: the same, see REGISTER.
modparam("registrar", "xavp_cfg", "registrar")
modparam("registrar", "max_contacts", 10)
# A registration through an edge brings its Path (RFC 3327); the phone need not know it.
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
${
  keepaliveSocket === undefined
    ? ''
    : `
# --- Keeps the NAT bindings of phones on UDP open: routers, and Global Accelerator, drop them after 30 s of silence and more.
# Two fall into that time, so that one may be lost while an edge or an SBC fails over.
modparam("nathelper", "natping_interval", ${keepaliveSeconds})
modparam("nathelper", "ping_nated_only", 1)
modparam("nathelper", "sipping_bflag", 7)
modparam("nathelper", "sipping_from", "sip:keepalive@${publicAddress}")
modparam("nathelper", "force_socket", "${keepaliveSocket}")
`
}modparam("nathelper", "received_avp", "$avp(received)")
modparam("usrloc", "nat_bflag", 6)

# --- Users that are not in memory: a process of its own asks the database for them, see LOOK_UP_USERS. Every process has a
# connection, this one alone uses it.
modparam("sqlops", "sqlcon", "db=>${databaseUrl}")
modparam("sqlops", "connect_mode", 1)
modparam("mqueue", "mqueue", "name=look_ups;size=${2 * lookUps.queue}")
# In seconds since 1970: when the current query was sent, 0 for none; when the last one failed.
modparam("pv", "shvset", "asked=i:0")
modparam("pv", "shvset", "unanswered=i:0")

route[REGISTER] {
    $var(domain) = $(td{s.tolower});
    if ($sht(tenants=>$var(domain)) == $null) {
        prom_counter_inc("rejected_total", "1", "unknown_tenant");
        send_reply("403", "Unknown Domain");
        exit;
    }
    # No longer than a location can hold.
    if ($(ci{s.len}) > 255) {
        prom_counter_inc("rejected_total", "1", "malformed");
        send_reply("400", "Bad Call-ID");
        exit;
    }
    if ($hdr(Path) != $null) route(CHECK_PATH);
    route(LOG_IN);
    if ($au != $tU) {
        prom_counter_inc("rejected_total", "1", "foreign_address");
        send_reply("403", "Not Your Address");
        exit;
    }
    $var(asked) = 0;
    if ($hdr(Expires) != $null) $var(asked) = $(hdr(Expires){s.int});
    if ($sel(contact.expires) != $null) $var(asked) = $(sel(contact.expires){s.int});
    if ($var(asked) > 3600) $xavp(registrar=>expires) = 3600 - $RANDOM mod 720;
    # Calls go where the registration came from, whatever its Contact says; through an edge if it came through one, which has put
    # itself into the Path.
    if ($var(edge) != 1) fix_nated_register();
    if ($proto == "udp") {
        setbflag(6);
        setbflag(7);
    }
    # It answers in any case. 1: a contact that did not exist.
    if (save("location")) {
        $var(saved) = $retcode;
        prom_counter_inc("registrations_total", "1");
        if ($var(saved) == 1) route(REPLACE_REGISTRATION);
    }
    exit;
}

# A phone that was restarted begins with a Call-ID of its own, and what it registered before is the same phone: the same Contact behind the
# same address. (The same Contact behind another address is another phone: behind most routers there is a 192.168.1.5.)
route[REPLACE_REGISTRATION] {
    if (!reg_fetch_contacts("location", "$tu", "own")) return;
    $var(contact) = $(ct{nameaddr.uri});
    $var(i) = 0;
    while ($var(i) < $(ulc(own=>count))) {
        $var(place) = $(ulc(own=>received)[$var(i)]);
        if ($var(place) =~ "^sip") $var(place) = $(var(place){uri.host});
        $var(path) = $(ulc(own=>path)[$var(i)]);
        # Through an edge: the client's address stands in the Path.
        if ($var(path) =~ ";c=") $var(place) = $(var(path){re.subst,/^.*;c=([0-9.]+)~.*$/\\1/});
        if ($(ulc(own=>addr)[$var(i)]) == $var(contact) && $(ulc(own=>callid)[$var(i)]) != $ci && $var(place) == $var(source)) {
            if (!unregister("location", "$tu", "$(ulc(own=>ruid)[$var(i)])")) xlog("L_WARN", "$tu: its old contact stays until it expires\\n");
        }
        $var(i) = $var(i) + 1;
    }
    reg_free_contacts("own");
}

# Calls and keepalives follow the Path. An edge puts itself into it, and nobody else. (Taking it out would not do: save() reads the
# request as it came.)
route[CHECK_PATH] {
    if ($var(edge) == 1) {
        $var(path) = $(hdr(Path){nameaddr.uri}{uri.host});
        if ($sht(edges=>$var(path)) != $null) return;
    }
    prom_counter_inc("rejected_total", "1", "foreign_path");
    send_reply("403", "Path Leads Elsewhere");
    exit;
}

# Continues if the request has the credentials of a user of $var(domain), else answers and ends.
route[LOG_IN] {
    if ($au == $null || $ar != $var(domain)) {
        auth_challenge("$var(domain)", "1");
        exit;
    }
    # A repetition ends here: its digest has been used. (That of an INVITE is absorbed before.)
    if (is_method("REGISTER") && $var(looked_up) == 0) t_newtran();
    $var(login) = $var(source) + "|" + $au + "@" + $var(domain);
    route(SCREEN_LOG_IN);
    route(CHECK_DIGEST_URI);
    $vn(secret) = $sht(users=>$au@$var(domain));
    if ($vn(secret) == $null) route(LOOK_UP_USER);
    if (!pv_auth_check("$var(domain)", "$vn(secret)", "1", "0")) {
        $var(result) = $retcode;
        if ($var(result) == -2) {
            # The nonce is valid, the password is not.
            route(LOGIN_FAILED);
            auth_challenge("$var(domain)", "1");
        } else if ($var(result) == -5 || $(adr{s.len}) != 32) {
            # No answer to our challenge.
            auth_challenge("$var(domain)", "1");
        } else {
            # The nonce is old, has been used, or is the other SBC's: the phone answers a new one and asks nobody for a password
            # (stale, RFC 2617, section 3.2.1). No password has been tried, so that nothing is counted.
            auth_challenge("$var(domain)", "17");
        }
        exit;
    }
    route(LOGIN_WORKED);
}

# A digest is valid for the URI that it was made for. That may be written in another way than the Request-URI (RFC 3261, section
# 22.4): what is dialled must be the same, and the host be ours or the tenant's.
route[CHECK_DIGEST_URI] {
    # A tel: URI has no host, and neither has a URN: what is dialled is all there is.
    if ($ou =~ "^(tel|urn):" && $adu == $ou) return;
    $var(host) = "";
    if ($adu != $null) $var(host) = $(adu{uri.host}{s.tolower});
    if (($var(host) == $var(domain) || $var(host) == $(rd{s.tolower}) || $var(host) == "${publicAddress}"
                || ($var(edge) == 1 && $var(host) =~ "^[0-9.]+$"))
            && (!is_method("INVITE") || $(adu{uri.user}) == $(ou{uri.user})
                || $(adu{uri.user}{s.unescape.user}) == $(ou{uri.user}{s.unescape.user}))) return;
    prom_counter_inc("rejected_total", "1", "foreign_digest");
    send_reply("400", "Digest For Another URI");
    exit;
}

# A user who is not in memory. A registration waits until the database has been asked; a call does not. Out: $vn(secret), which no
# password has: an unknown user fails like one with a wrong password.
route[LOOK_UP_USER] {
    $vn(secret) = "${'-'.repeat(32)}";
    if (!is_method("REGISTER") || $var(looked_up) == 1 || $sht(strangers=>$au@$var(domain)) != $null
            || !($au =~ "^[A-Za-z0-9*][A-Za-z0-9._*-]*$")) return;
    # The database is slow or down: one query every two seconds checks it until it answers.
    $var(reason) = "look_up_late";
    $var(wait) = ${lookUps.retryAfterSeconds};
    if (($shv(asked) > 0 && $TV(sn) - $shv(asked) > 1) || $TV(sn) - $shv(unanswered) <= 1) route(COME_AGAIN);
    # The queue holds what is answered in one second, and at most two of one user.
    $var(reason) = "look_up_rate";
    if ($mq_size(look_ups) >= ${lookUps.queue} || $sht(waiting=>$au@$var(domain)) >= 2) route(COME_AGAIN);
    # At most 50 queries a second.
    $var(bucket) = "look-ups";
    $var(rate) = ${100 * lookUps.perSecond};
    $var(burst) = ${lookUps.perSecond};
    route(TAKE_TOKEN);
    if ($var(wait) > 0) route(COME_AGAIN);
    # The worker is free again at once. Nobody holds a lock of the transaction meanwhile: a repetition is absorbed and does not wait.
    t_on_failure("LOOK_UP_LATE");
    t_set_fr(0, ${lookUps.patienceSeconds * 1000});
    # Kept in the transaction for LOOKED_UP, because a proof is valid once.
    $avp(source) = $var(source);
    $avp(edge) = $var(edge);
    if (t_suspend()) {
        $var(n) = $shtinc(waiting=>$au@$var(domain));
        mq_add("look_ups", "$au@$var(domain)", "$T(id_index)|$T(id_label)|$TV(sn)");
    }
    exit;
}

# In: $var(wait) in seconds, $var(reason).
route[COME_AGAIN] {
    prom_counter_inc("rejected_total", "1", "$var(reason)");
    append_to_reply("Retry-After: $var(wait)\\r\\n");
    send_reply("503", "Service Unavailable");
    exit;
}

# The answer has not come, because the database is slow, or even the pool of connections hangs and with it LOOK_UP_USERS: the
# transaction's own timer says so.
failure_route[LOOK_UP_LATE] {
    prom_counter_inc("rejected_total", "1", "look_up_late");
    append_to_reply("Retry-After: ${lookUps.retryAfterSeconds}\\r\\n");
    t_reply("503", "Service Unavailable");
}

# Registrations that wait for the database: one at a time, every 20 ms, in a process that may block.
modparam("rtimer", "timer", "name=look_ups;interval=20000u;mode=1;")
modparam("rtimer", "exec", "timer=look_ups;route=LOOK_UP_USERS")
route[LOOK_UP_USERS] {
    while (mq_fetch("look_ups")) {
        $var(user) = $mqk(look_ups);
        $vn(waiting) = $mqv(look_ups);
        $var(since) = $(vn(waiting){s.select,2,|}{s.int});
        # Whoever has waited longer, or has waited too long for the answer, gets a 503 with Retry-After by the transaction's timer.
        if ($TV(sn) - $var(since) <= 1) route(ASK_DATABASE);
        if ($TV(sn) - $var(since) <= 1) {
            $var(index) = $(vn(waiting){s.select,0,|}{s.int});
            $var(label) = $(vn(waiting){s.select,1,|}{s.int});
            t_continue("$var(index)", "$var(label)", "LOOKED_UP");
        }
        $var(n) = $shtdec(waiting=>$var(user));
    }
}

# In: $var(user), of plain characters, at a domain that is in our tables. Out: $var(failed).
route[ASK_DATABASE] {
    $var(failed) = 0;
    # Another registration of the same user may have been answered since.
    if ($sht(users=>$var(user)) != $null || $sht(strangers=>$var(user)) != $null) return;
    $var(failed) = 1;
    if ($TV(sn) - $shv(unanswered) <= 1) return;
    $shv(asked) = $TV(sn);
    if (sql_query("db", "SELECT secret FROM secrets WHERE name = '$(var(user){s.select,0,@})' AND domain = '$(var(user){s.select,1,@})'", "user")) {
        $var(failed) = 0;
        if ($dbr(user=>rows) > 0) {
            $sht(users=>$var(user)) = $dbr(user=>[0,0]);
            mq_add("events", "$var(user)", "u$dbr(user=>[0,0])");
        } else {
            $sht(strangers=>$var(user)) = 1;
        }
        sql_result_free("user");
    } else {
        $shv(unanswered) = $TV(sn);
        prom_counter_inc("look_ups_failed_total", "1");
    }
    $shv(asked) = 0;
}

# Continues with a registration that has waited. It holds the lock of its transaction: nothing here may wait.
route[LOOKED_UP] {
    if ($var(failed) == 1) {
        $var(reason) = "look_up_failed";
        $var(wait) = ${lookUps.retryAfterSeconds};
        route(COME_AGAIN);
    }
    # Another process: it has only what the transaction keeps.
    $var(looked_up) = 1;
    $var(source) = $avp(source);
    $var(edge) = $avp(edge);
    route(REGISTER);
}
`,
  };
}
