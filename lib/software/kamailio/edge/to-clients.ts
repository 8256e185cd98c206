/** What cells send to clients, and all that is said inside a dialog, in either direction. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import type { Section } from '../common/section.ts';
import { clientParameter, contactBound, pathBound } from './proofs.ts';
import { sendingSockets } from './sockets.ts';

export function toClients(front: Front, edge: EdgeHost): readonly Section[] {
  const sockets = sendingSockets(front, edge);
  return [
    {
      title: 'New requests from a cell to a registered client: the Path of its registration says how',
      text: `
route[TO_CLIENT] {
    $avp(side) = $(route_uri{uri.param,s});
    $var(client) = $(route_uri{uri.param,c});
    $var(bound) = ${pathBound};
    if (!route(CHECK_CLIENT)) {
        prom_counter_inc("edge_rejected", "1", "unproved_cell");
        exit;
    }
    # Takes our Route away; it says false where no other follows.
    loose_route();
    route(ADDRESS_CLIENT);
    # A connection that the client made can't be made from here.
    set_forward_no_connect();
    if (!is_method("OPTIONS")) {
        add_rr_param(";s=$avp(side)");
        record_route();
    }
    t_on_reply("FROM_CLIENT");
    t_set_fr(180000, 8000);
    route(RELAY);
}

# $var(client) is ADDRESS~PORT~PROTOCOL and its proof.
route[ADDRESS_CLIENT] {
    $var(proto) = $(var(client){s.select,2,~});
    $du = "sip:" + $(var(client){s.select,0,~}) + ":" + $(var(client){s.select,1,~}) + ";transport=" + $var(proto);
    route(CHOOSE_SIDE);
}

# Over UDP the client's NAT admits only the address that it talks to.
route[CHOOSE_SIDE] {
    $var(proto) = $(du{uri.transport});
    if ($var(proto) == "" || $var(proto) == "udp") {
        if ($avp(side) == "a") {
            $fs = "${sockets.toClients}";
        } else {
            $fs = "${sockets.toCells}";
        }
    } else {
        # Over the client's connection, whichever side it is on: the Route names both, and would be taken for the first.
        $fs = $null;
    }
}

onreply_route[FROM_CLIENT] {
    route(NOTE_DIALOG);
    route(MARK_CONTACT);
}
`,
    },
    {
      title: 'Requests inside a dialog',
      text: `
route[IN_DIALOG] {
    if ($vn(peer) == "cell") {
        # To the address from which an edge saw the client speak in this dialog, and nowhere else.
        $var(client) = $(ru{uri.param,${clientParameter}});
        $var(bound) = ${contactBound};
        if (!route(CHECK_CLIENT)) {
            prom_counter_inc("edge_rejected", "1", "unproved_cell");
            exit;
        }
    }
    if ($route_uri != $null) {
        $avp(side) = $(route_uri{uri.param,s});
    }
    if (!loose_route()) {
        if (is_method("ACK")) {
            # The ACK of a failed INVITE goes where the INVITE went, which may be another edge by now.
            route(HAND_OVER);
            exit;
        }
        sl_send_reply("404", "Not Here");
        exit;
    }
    if (is_method("BYE") && $sht(pinned=>$ci) != $null) {
        $sht(pinned=>$ci) = $null;
        $sht(hung_up=>$ci) = 1;
    }
    if ($vn(peer) == "cell") {
        $ru = $(ru{re.subst,/;${clientParameter}=[^;?>]*//});
        route(ADDRESS_CLIENT);
        set_forward_no_connect();
        t_on_reply("FROM_CLIENT");
    } else {
        # Towards cells only: an edge relays for nobody else.
        $vn(next) = $dd;
        if ($vn(next) == $null) {
            $vn(next) = $rd;
        }
        if ($sht(peer=>$vn(next)) != "cell") {
            # Cells are the first that the directory agent tells after a restart: who repeats the request gets through.
            if ($sht(agent=>loaded) == $null) exit;
            prom_counter_inc("edge_rejected", "1", "relay_denied");
            if (!is_method("ACK")) {
                sl_send_reply("403", "Not Relayed");
            }
            exit;
        }
        route(MARK_CONTACT);
        if (!msg_apply_changes()) {
            exit;
        }
        $fs = "${sockets.toCells}";
        if (is_method("ACK")) {
            # It makes no transaction, and so no branch.
            route(PROVE);
        }
        t_on_branch("PROVE");
        t_on_reply("FROM_CELL");
    }
    route(RELAY);
}

route[RELAY] {
    if (!t_relay()) {
        sl_reply_error();
    }
    exit;
}
`,
    },
  ];
}
