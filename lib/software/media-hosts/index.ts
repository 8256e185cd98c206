/** The table of media hosts on an SBC: their numbers, which running calls carry, where they are and whom they serve. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { file, script, type HostFile } from '../host-config.ts';
import { paths } from '../kamailio/sbc/paths.ts';
import { mediaHosts as programText } from '../program-texts.ts';
import { mediaHostsConfig, mediaHostsFolder, mediaHostsProgram, mediaHostsTable } from './paths.ts';

/** Text of the table. */
export function mediaTable(cell: Cell): string {
  const lines = cell.media.map(({ number, address, pools, relayAddress }) => {
    const relay = relayAddress === address ? '' : ` ${relayAddress}`;
    return `${number} ${address} ${pools.join(',') || '-'}${relay}\n`;
  });
  return `# Media hosts, made from the cell's definition: number, private address, tiers that it serves (spec: media.pools), and the address
# of its relay where that can move to another host.
# Where hosts come and go: replace this file, then  ${mediaHostsProgram} reload
${lines.join('')}`;
}

/** The table, and the program that brings Kamailio to it. */
export function mediaHostsFiles(cell: Cell): readonly HostFile[] {
  const settings = {
    table: mediaHostsTable,
    folder: mediaHostsFolder,
    rpc: paths.jsonRpc,
    tiers: Object.keys(cell.spec.media.pools),
    controlPort: internalPorts.rtpengineControl,
    featurePort: internalPorts.freeswitchSip,
  };
  return [
    file(mediaHostsTable, mediaTable(cell)),
    file(mediaHostsConfig, `${JSON.stringify(settings, null, 2)}\n`),
    script(mediaHostsProgram, programText),
  ];
}
