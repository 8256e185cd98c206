import type { Cell, SbcHost } from '../../../../cell/cell.ts';
import { late } from '../../../host-config.ts';
import { values } from '../../../values.ts';
import type { Section } from '../../common/section.ts';
import { sockets } from '../sockets.ts';
import { databaseUrl } from '../tables.ts';

/** Registrations: digest authentication from memory, locations in memory, copied to the other SBC. */
export function registrar(cell: Cell, host: SbcHost): Section {
  const listen = sockets(cell, host);
  const keepaliveSocket = listen.public.find(({ protocol }) => protocol === 'udp')?.name;
  return {
    title: 'Registrations',
    text: `
# --- Digest authentication. Both SBCs have the same secret, so that one takes the answer to the other's challenge.
# Kamailio 5.6 has one algorithm for all, and phones that know SHA-256 are few: MD5.
modparam("auth", "secret", "${late(values.digestSecret.name)}")
modparam("auth", "nonce_expire", 300)

# --- Locations: in memory only, copied to the other SBC.
modparam("usrloc", "preload", "location")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "use_domain", 1)
modparam("usrloc", "hash_size", 14)
# A connection that is gone takes its registration with it.
modparam("usrloc", "handle_lost_tcp", 1)
modparam("usrloc", "timer_interval", 30)
modparam("dmq_usrloc", "enable", 1)
modparam("dmq_usrloc", "sync", 1)
modparam("dmq_usrloc", "batch_msg_contacts", 20)
# A socket of one SBC means nothing to the other.
modparam("dmq_usrloc", "replicate_socket_info", 0)
modparam("registrar", "received_avp", "$avp(received)")
modparam("registrar", "default_expires", 600)
modparam("registrar", "min_expires", 60)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "max_contacts", 10)
# A registration through an edge brings its Path (RFC 3327); the phone needs not know.
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
${
  keepaliveSocket === undefined
    ? ''
    : `
# --- Keeps the NAT bindings of phones on UDP open: routers, and Global Accelerator, drop them after 30 s of silence and more.
# Two fall into that time, so that one may be lost while an edge or an SBC fails over.
modparam("nathelper", "natping_interval", 12)
modparam("nathelper", "ping_nated_only", 1)
modparam("nathelper", "sipping_bflag", 7)
modparam("nathelper", "sipping_from", "sip:keepalive@${late(values.publicAddress.name)}")
modparam("nathelper", "force_socket", "${keepaliveSocket}")
`
}modparam("nathelper", "received_avp", "$avp(received)")
modparam("usrloc", "nat_bflag", 6)

# --- Users that are not in memory. Every process has a connection; only the two asynchronous workers use theirs.
modparam("sqlops", "sqlcon", "db=>${databaseUrl}")
modparam("sqlops", "connect_mode", 1)

route[REGISTER] {
    $var(domain) = $(td{s.tolower});
    if ($sht(tenants=>$var(domain)) == $null) {
        prom_counter_inc("rejected_total", "1", "unknown_tenant");
        send_reply("403", "Unknown Domain");
        exit;
    }
    # Calls and keepalives follow the Path. An edge puts itself into it, and nobody else.
    $var(path) = $(hdr(Path){nameaddr.uri}{uri.host});
    if ($var(edge) == 1 && $sht(edges=>$var(path)) == $null) {
        prom_counter_inc("rejected_total", "1", "foreign_path");
        send_reply("403", "Path Leads Elsewhere");
        exit;
    }
    route(LOG_IN);
    if ($au != $tU) {
        prom_counter_inc("rejected_total", "1", "foreign_address");
        send_reply("403", "Not Your Address");
        exit;
    }
    # Calls go where the registration came from, whatever its Contact says; through an edge if it came through one, which has put
    # itself into the Path.
    if ($var(edge) != 1) fix_nated_register();
    if ($proto == "udp") {
        setbflag(6);
        setbflag(7);
    }
    if (!save("location")) {
        sl_reply_error();
        exit;
    }
    prom_counter_inc("registrations_total", "1");
}

# Goes on if the request has the right credentials of a user of $var(domain), else answers and ends.
route[LOG_IN] {
    if ($au == $null || $ar != $var(domain)) {
        auth_challenge("$var(domain)", "1");
        exit;
    }
    $vn(secret) = $sht(users=>$au@$var(domain));
    if ($vn(secret) == $null) {
        route(LOOK_UP_USER);
    }
    if (!pv_auth_check("$var(domain)", "$vn(secret)", "1", "0")) {
        # -4: the nonce is old; the phone will answer a new one.
        if ($retcode != -4) route(LOGIN_FAILED);
        auth_challenge("$var(domain)", "1");
        exit;
    }
    route(LOGIN_WORKED);
}

# Credentials that are not in memory. A registration may ask the database, in a process that does nothing else; a call may not.
route[LOOK_UP_USER] {
    if (is_method("REGISTER") && $sht(strangers=>$au@$var(domain)) == $null && $au =~ "^[A-Za-z0-9*][A-Za-z0-9._*-]*$") {
        # At most 50 questions a second.
        $var(bucket) = "look-ups";
        $var(rate) = 5000;
        $var(burst) = 50;
        route(TAKE_TOKEN);
        if ($var(wait) > 0) {
            prom_counter_inc("rejected_total", "1", "look_up_rate");
            append_to_reply("Retry-After: $var(wait)\\r\\n");
            send_reply("503", "Service Unavailable");
            exit;
        }
        $avp(source) = $var(source);
        $avp(edge) = $var(edge);
        async_task_route("LOOK_UP_AND_REGISTER");
    }
    route(LOGIN_FAILED);
    auth_challenge("$var(domain)", "1");
    exit;
}

route[LOOK_UP_AND_REGISTER] {
    # Another process: nothing of what the first one found out is here but what the transaction keeps. A proof is good once.
    $var(source) = $avp(source);
    $var(edge) = $avp(edge);
    $var(domain) = $(td{s.tolower});
    # Both were checked: a name of plain characters, a domain that is in our tables.
    if (!sql_query("db", "SELECT secret FROM secrets WHERE domain = '$var(domain)' AND name = '$au'", "user")) {
        prom_counter_inc("look_ups_failed_total", "1");
        send_reply("503", "Service Unavailable");
        exit;
    }
    if ($dbr(user=>rows) > 0) {
        $sht(users=>$au@$var(domain)) = $dbr(user=>[0,0]);
        mq_add("events", "$au@$var(domain)", "u$dbr(user=>[0,0])");
    } else {
        $sht(strangers=>$au@$var(domain)) = 1;
    }
    sql_result_free("user");
    $vn(known) = $sht(known=>$var(source));
    route(REGISTER);
}
`,
  };
}
