import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import type { Section } from '../common/section.ts';
import { sockets } from './sockets.ts';
import { field, number, trunkFields } from './tables.ts';

/** Whether the cell asks one of its carriers whether it is there: only then its SBCs have these routes. */
export const probesCarriers = ({ spec }: Cell): boolean =>
  spec.trunks.some(({ probeSeconds }) => probeSeconds !== undefined);

/** OPTIONS to the addresses of carriers: one that is silent is found before a call waits for it. */
export function carrierProbes(cell: Cell, host: SbcHost): Section {
  return {
    title: 'Whether carriers are there',
    text: String.raw`
# Spec: trunks.probeSeconds. By the active SBC: the other one can't send from the floating address.
modparam("rtimer", "timer", "name=probing;interval=1;mode=1;")
modparam("rtimer", "exec", "timer=probing;route=PROBE_CARRIERS")
route[PROBE_CARRIERS] {
    if ($shv(active) != 1 || ASLEEP) return;
    $var(list) = $sht(trunks=>*);
    $var(at) = 0;
    $var(trunk) = $(var(list){s.select,0,:});
    while ($var(trunk) != "") {
        $vn(record) = $sht(trunks=>$var(trunk));
        $var(every) = ${number('record', trunkFields, 'probe')};
        if ($var(every) > 0 && $TV(sn) mod $var(every) == 0) route(PROBE_CARRIER);
        $var(at) = $var(at) + 1;
        $var(trunk) = $(var(list){s.select,$var(at),:});
    }
}

# In: $var(trunk), $vn(record).
route[PROBE_CARRIER] {
    $vn(addresses) = ${field('record', trunkFields, 'address')};
    if (${field('record', trunkFields, 'kind')} == "name") $vn(addresses) = $sht(resolved=>$var(trunk));
    if ($vn(addresses) == $null) return;
    $var(way) = ${field('record', trunkFields, 'transport')};
    $var(j) = 0;
    $var(one) = $(vn(addresses){s.select,0,:});
    while ($var(one) != "") {
        $uac_req(all) = $null;
        $uac_req(method) = "OPTIONS";
        $uac_req(ruri) = "sip:" + $var(one) + ":" + ${field('record', trunkFields, 'port')} + ";transport=" + $var(way);
        $uac_req(ouri) = $uac_req(ruri);
        $uac_req(furi) = "sip:${late(values.publicAddress.name)}";
        if ($var(way) == "tls") $xavp(tls=>server_name) = ${field('record', trunkFields, 'address')};
${sockets(cell, host)
  .public.map(({ protocol, name }) => `        if ($var(way) == "${protocol}") $uac_req(sock) = "${name}";`)
  .join('\n')}
        $uac_req(evroute) = 1;
        $uac_req(evparam) = "probe|" + $var(trunk) + "|" + $var(one);
        if (!uac_req_send()) xlog("L_ERR", "trunk $var(trunk): OPTIONS to $var(one) is not sent\n");
        $var(j) = $var(j) + 1;
        $var(one) = $(vn(addresses){s.select,$var(j),:});
    }
}

# In: $vn(asked).
route[PROBE_ANSWERED] {
    $var(trunk) = $(vn(asked){s.select,1,|});
    $var(one) = $(vn(asked){s.select,2,|});
    $vn(record) = $sht(trunks=>$var(trunk));
    if ($vn(record) == $null) return;
    # Whatever else it says, it is there: many refuse OPTIONS.
    if ($uac_req(evtype) == 1 && $uac_req(evcode) != 408 && $uac_req(evcode) != 503) {
        if ($sht(silent=>$var(one)) == $null) return;
        $sht(silent=>$var(one)) = $null;
        xlog("L_NOTICE", "trunk $var(trunk): $var(one) answers again\n");
        return;
    }
    if ($sht(silent=>$var(one)) == $null) xlog("L_WARN", "trunk $var(trunk): $var(one) does not answer OPTIONS: $uac_req(evcode)\n");
    $sht(silent=>$var(one)) = 1;
    # Until the next one has been answered, or not.
    $shtex(silent=>$var(one)) = ${number('record', trunkFields, 'probe')} + 10;
}
`,
  };
}
