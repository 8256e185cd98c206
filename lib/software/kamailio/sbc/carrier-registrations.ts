import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { sockets } from './sockets.ts';
import { accountFields, field, trunkFields } from './tables.ts';

/** Whether the cell registers with one of its carriers: only then its SBCs have these routes. */
export const registers = ({ spec }: Cell): boolean => spec.trunks.some(({ register }) => register !== undefined);

/** Until a REGISTER is sent again about which nothing was heard, not even that there is no answer: longer than a transaction lives. */
const unheardSeconds = 35;
/** Until one is sent again that the carrier did not answer. */
const unansweredSeconds = 5;
/** Until one that was refused is sent again. */
const refusedSeconds = 60;

const account = (name: (typeof accountFields)[number]) => field('account', accountFields, name);

/**
 * Registrations with carriers. The Contact is the floating address, so that a binding is as good for one SBC as for the other. The active
 * SBC registers: it renews a binding after half of its time, and, when it has just become active, at once.
 */
export function carrierRegistrations(cell: Cell, host: SbcHost): Section {
  const publicAddress = late(values.publicAddress.name);
  return {
    title: 'Registrations with carriers',
    text: String.raw`
# Spec: trunks.register
# trunk => when to register again, and until when the carrier has this cell's binding, in seconds since 1970
modparam("htable", "htable", "registering=>size=8;initval=0;")
modparam("htable", "htable", "registered=>size=8;initval=0;")
modparam("rtimer", "timer", "name=registering;interval=1;mode=1;")
modparam("rtimer", "exec", "timer=registering;route=REGISTER_TRUNKS")
route[REGISTER_TRUNKS] {
    if ($shv(active) != 1 || ASLEEP) {
        $var(registers) = 0;
        return;
    }
    if ($var(registers) != 1) {
        # It has become active: where the binding stands only the other SBC knew.
        sht_reset("registering");
        $var(registers) = 1;
    }
    $var(list) = $sht(trunks=>*);
    $var(at) = 0;
    $var(trunk) = $(var(list){s.select,0,:});
    while ($var(trunk) != "") {
        $vn(account) = $sht(accounts=>$var(trunk));
        if ($vn(account) != $null && ${account('expires')} != "" && $sht(registering=>$var(trunk)) <= $TV(sn)) route(REGISTER_TRUNK);
        $var(at) = $var(at) + 1;
        $var(trunk) = $(var(list){s.select,$var(at),:});
    }
}

# In: $var(trunk), $vn(account).
route[REGISTER_TRUNK] {
    $sht(registering=>$var(trunk)) = $TV(sn) + ${unheardSeconds};
    $vn(record) = $sht(trunks=>$var(trunk));
    if ($vn(record) == $null) return;
    route(CHOOSE_ADDRESS);
    if ($vn(address) == "") {
        # Its name has not been resolved yet.
        $sht(registering=>$var(trunk)) = $TV(sn) + 1;
        return;
    }
    $var(way) = ${field('record', trunkFields, 'transport')};
    $var(address) = "sip:" + $vn(address) + ":" + ${field('record', trunkFields, 'port')} + ";transport=" + $var(way);
    $var(credentials) = "";
    route(SEND_REGISTER);
}

# In: $var(trunk), $vn(account), $vn(record), $var(way), $var(address), $var(credentials), a header or nothing.
route[SEND_REGISTER] {
    $uac_req(all) = $null;
    $uac_req(method) = "REGISTER";
    $uac_req(ruri) = "sip:" + ${account('domain')};
    $uac_req(furi) = "sip:" + ${account('user')} + "@" + ${account('domain')};
    $uac_req(turi) = "sip:" + ${account('user')} + "@" + ${account('domain')};
    $uac_req(ouri) = $var(address);
    if ($var(way) == "tls") $xavp(tls=>server_name) = ${field('record', trunkFields, 'address')};
${sockets(cell, host)
  .public.map(
    ({ protocol, port, name }) => `    if ($var(way) == "${protocol}") {
        $uac_req(sock) = "${name}";
        $uac_req(hdrs) = "Contact: <sip:" + ${account('user')} + "@${publicAddress}:${port}${protocol === 'udp' ? '' : `;transport=${protocol}`}>\\r\\nExpires: " + ${account('expires')} + "\\r\\n" + $var(credentials);
    }`,
  )
  .join('\n')}
    $uac_req(evroute) = 1;
    # A request with credentials is the last one.
    if ($var(credentials) == "") $uac_req(evparam) = "first|" + $var(trunk) + "|" + $var(address);
    else $uac_req(evparam) = "last|" + $var(trunk) + "|" + $var(address);
    if (!uac_req_send()) xlog("L_ERR", "trunk $var(trunk): its REGISTER is not sent\n");
}

# In: $vn(asked). (The module's own answer to a challenge, auser and apasswd, frees its memory twice where
# an event route is asked for, so that Kamailio 5.6.3 aborts: the digest is made here.)
route[REGISTER_ANSWERED] {
    $var(trunk) = $(vn(asked){s.select,1,|});
    $vn(account) = $sht(accounts=>$var(trunk));
    $vn(record) = $sht(trunks=>$var(trunk));
    if ($vn(account) == $null || $vn(record) == $null) return;
    $var(code) = $uac_req(evcode);
    if ($var(code) == 200 && $uac_req(evtype) == 1) {
        # What the carrier grants is a parameter of the Contact, or the same for all (RFC 3261, section 10.2.4).
        $var(granted) = ${account('expires').replace(/\)$/, '{s.int})')};
        if ($hdr(Expires) =~ "^ *[0-9]+ *$") $var(granted) = $(hdr(Expires){s.int});
        if ($hdr(Contact) =~ "${publicAddress}[^,]*; *expires *= *[0-9]+")
            $var(granted) = $(hdr(Contact){re.subst,/^.*${publicAddress}[^,]*; *expires *= *([0-9]+).*$/\1/}{s.int});
        $sht(registered=>$var(trunk)) = $TV(sn) + $var(granted);
        $sht(registering=>$var(trunk)) = $TV(sn) + $var(granted) / 2;
        return;
    }
    if (($var(code) == 401 || $var(code) == 407) && starts_with("$vn(asked)", "first|") && route(SIGN_REGISTER)) {
        $var(address) = $(vn(asked){s.select,2,|});
        $var(way) = ${field('record', trunkFields, 'transport')};
        route(SEND_REGISTER);
        return;
    }
    if ($var(code) == 408 || $var(code) >= 500) $sht(registering=>$var(trunk)) = $TV(sn) + ${unansweredSeconds};
    else $sht(registering=>$var(trunk)) = $TV(sn) + ${refusedSeconds};
    xlog("L_WARN", "trunk $var(trunk): its carrier does not register this cell: $var(code)\n");
}

# Answers the challenge of a REGISTER (RFC 7616, with MD5). In: $var(trunk), $vn(account), $var(code). Out: $var(credentials). False: it can't.
route[SIGN_REGISTER] {
    $vn(password) = $sht(passwords=>$var(trunk));
    $var(header) = "Authorization";
    $vn(challenge) = $hdr(WWW-Authenticate);
    if ($var(code) == 407) {
        $var(header) = "Proxy-Authorization";
        $vn(challenge) = $hdr(Proxy-Authenticate);
    }
    if ($vn(password) == $null || $vn(challenge) == $null || !($vn(challenge) =~ "^ *[Dd][Ii][Gg][Ee][Ss][Tt] ")) return -1;
    if (!($vn(challenge) =~ "[ ,]realm=\"[^\"]*\"") || !($vn(challenge) =~ "[ ,]nonce=\"[^\"]+\"")) return -1;
    if ($vn(challenge) =~ "algorithm=" && !($vn(challenge) =~ "algorithm=\"?[Mm][Dd]5\"? *(,|$)")) return -1;
    $var(realm) = $(vn(challenge){re.subst,/^.*[ ,]realm="([^"]*)".*$/\1/});
    $var(nonce) = $(vn(challenge){re.subst,/^.*[ ,]nonce="([^"]*)".*$/\1/});
    $var(opaque) = "";
    if ($vn(challenge) =~ "[ ,]opaque=\"[^\"]*\"") $var(opaque) = $(vn(challenge){re.subst,/^.*[ ,]opaque="([^"]*)".*$/\1/});
    $var(expected) = ${account('realm')};
    if ($(var(expected){s.len}) > 0 && $var(expected) != $var(realm)) return -1;
    $var(user) = ${account('user')};
    $var(uri) = "sip:" + ${account('domain')};
    $var(secret) = $var(user) + ":" + $var(realm) + ":" + $vn(password);
    $var(secret) = $(var(secret){s.md5});
    $var(subject) = "REGISTER:" + $var(uri);
    $var(subject) = $(var(subject){s.md5});
    $var(credentials) = $var(header) + ": Digest username=\"" + $var(user) + "\", realm=\"" + $var(realm) + "\", nonce=\"" + $var(nonce)
        + "\", uri=\"" + $var(uri) + "\", algorithm=MD5";
    if ($(var(opaque){s.len}) > 0) $var(credentials) = $var(credentials) + ", opaque=\"" + $var(opaque) + "\"";
    if ($vn(challenge) =~ "[ ,]qop=") {
        $var(cnonce) = $RANDOM;
        $var(cnonce) = $_s($var(cnonce)$TV(sn));
        $var(response) = $var(secret) + ":" + $var(nonce) + ":00000001:" + $var(cnonce) + ":auth:" + $var(subject);
        $var(credentials) = $var(credentials) + ", qop=auth, nc=00000001, cnonce=\"" + $var(cnonce) + "\"";
    } else {
        $var(response) = $var(secret) + ":" + $var(nonce) + ":" + $var(subject);
    }
    $var(credentials) = $var(credentials) + ", response=\"" + $(var(response){s.md5}) + "\"\r\n";
    return 1;
}
`,
  };
}

/** At each scrape. Only the active SBC registers. */
export const registrationMetrics = `    $var(unregistered) = 0;
    $var(list) = $sht(trunks=>*);
    $var(place) = 0;
    $var(trunk) = $(var(list){s.select,0,:});
    while ($var(trunk) != "") {
        $vn(account) = $sht(accounts=>$var(trunk));
        if ($vn(account) != $null && ${account('expires')} != "") {
            $var(n) = 0;
            if ($sht(registered=>$var(trunk)) > $TV(sn)) $var(n) = 1;
            prom_gauge_set("trunk_registered", "$var(n)", "$var(trunk)");
            if ($var(n) == 0 && $shv(active) == 1) $var(unregistered) = $var(unregistered) + 1;
        }
        $var(place) = $var(place) + 1;
        $var(trunk) = $(var(list){s.select,$var(place),:});
    }
    prom_gauge_set("trunks_unregistered", "$var(unregistered)");
`;
