import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { healthScriptPath } from './health.ts';

/** The script that keepalived calls at every change of state: it tells Kamailio, and calls the target's. */
export const changeScriptPath = '/usr/local/lib/cellstamp/sbc-change';

/** The target's script that takes or gives up what belongs to the active SBC; its argument is MASTER, BACKUP or FAULT. */
export const claimScriptPath = '/usr/local/lib/cellstamp/claim-addresses';

/** Defines `$INTERFACE`; written on the host before every start, because only the host knows its interface's name. */
export const interfaceFilePath = '/run/keepalived/interface.conf';

/**
 * Text of `/etc/keepalived/keepalived.conf`: the two SBCs agree by VRRP (unicast: a VPC has no multicast) which is active.
 *
 * A script asks, because `track_process` stays in FAULT inside a network namespace.
 */
export function keepalivedConfig(cell: Cell, host: SbcHost): string {
  const other = cell.sbcs[host.number === 1 ? 1 : 0];
  return `# keepalived of ${host.hostname}, made from the cell's definition.

include ${interfaceFilePath}

global_defs {
    router_id ${host.hostname}
    # Version 3 of the protocol (RFC 5798) counts in hundredths of a second.
    vrrp_version 3
    enable_script_security
    script_user root
}

# The script asks five times a second and fails when two answers in a row are missing; then this host gives up its addresses.
vrrp_script kamailio {
    script "${healthScriptPath}"
    interval 1
    timeout 3
    fall 1
    rise 1
    init_fail
}

vrrp_instance ${cell.name} {
    # A working SBC is never replaced: the higher priority only decides when both start.
    state BACKUP
    nopreempt
    priority ${host.number === 1 ? 150 : 100}

    interface $INTERFACE
    virtual_router_id 1
    advert_int 0.1
    unicast_src_ip ${host.address}
    unicast_peer {
        ${other.address}
    }

    track_script {
        kamailio
    }

    # The private side's floating address: FreeSWITCH answers to it.
    virtual_ipaddress {
        ${cell.overlayAddress}/32
    }

    # The public side's floating address is the target's business.
    notify_master "${changeScriptPath} MASTER"
    notify_backup "${changeScriptPath} BACKUP"
    notify_fault "${changeScriptPath} FAULT"
    notify_stop "${changeScriptPath} BACKUP"
}
`;
}
