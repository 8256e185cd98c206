import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { callsProgram } from '../../call-watch/paths.ts';
import { mediaHostsTable } from '../../media-hosts/paths.ts';
import { accounts, hasAccounts } from './accounts.ts';
import { callFields } from './call-entry.ts';
import { connections } from '../common/connections.ts';
import { loadedModules } from '../common/modules.ts';
import { joinSections } from '../common/section.ts';
import { calls } from './calls.ts';
import { carriers } from './carriers.ts';
import { asksCarriers, carrierAnswers } from './carrier-answers.ts';
import { carrierProbes, probesCarriers } from './carrier-probes.ts';
import { carrierRegistrations, registers } from './carrier-registrations.ts';
import { core } from './core.ts';
import { description } from './description.ts';
import { edges } from './edges.ts';
import { features } from './features.ts';
import { forwarding } from './forwarding.ts';
import { identity } from './identity.ts';
import { limits } from './limits.ts';
import { media } from './media.ts';
import { metrics } from './metrics.ts';
import { sbcModules } from './modules.ts';
import { hasForms, numberForms } from './number-forms.ts';
import { oneSided } from './one-sided.ts';
import { paths } from './paths.ts';
import { hasProbe, probe } from './probe.ts';
import { refusals } from './refusals.ts';
import { records } from './records.ts';
import { replication } from './replication.ts';
import { call } from './routing/call.ts';
import { inDialog } from './routing/in-dialog.ts';
import { takeOver } from './routing/take-over.ts';
import { registrar } from './routing/registrar.ts';
import { request } from './routing/request.ts';
import { screen } from './screen.ts';
import { sockets } from './sockets.ts';
import { tables } from './tables.ts';
import { tlsSection } from './tls.ts';
import { topology } from './topology.ts';

/** Text of `/etc/kamailio/kamailio.cfg`. Every value that the spec decides stands below a comment that names it. */
export function kamailioConfig(cell: Cell, host: SbcHost): string {
  const tls = cell.spec.sbc.transports.tls !== 'off';
  const control = `kamcmd -s unix:${paths.control}`;
  return `#!KAMAILIO
#
# Kamailio of ${host.hostname}, made from the cell's definition: change that, not this file.
#
# Is it alive:            ${control} core.uptime
# Calls now, by what:     ${control} htable.dump load
# Calls now, one by one:  ${control} htable.dump calls     (NAME => ${callFields.join('|')})
# The same to be read:    ${callsProgram} list
# Its two sides:          ${control} htable.get sides NAME    (NAME:TAG of the callee)
# End a call:             ${callsProgram} end NAME-or-Call-ID
# A tenant's entry:       ${control} htable.get tenants DOMAIN
# Reload tables from the database: ${control} htable.reload tenants   (dids, sources, trunks, callers, users)
# Drain media host 2:     ${control} htable.seti drains s:2 1      and back: htable.delete drains s:2
# Media hosts in service: ${control} htable.dump pools        (where they are: htable.dump media; others: ${mediaHostsTable})
# Without audio, says the probe:  ${control} htable.dump silent_media
# FreeSWITCH hosts:       ${control} dispatcher.list
# Where a user is:        ${control} ul.lookup location s:USER@DOMAIN
# Records waiting:        ${control} mqueue.get_size records
# Connections now:        ${control} core.tcp_info
# The other SBC:          ${control} dmq.list_nodes

${joinSections([
  core(cell, host),
  loadedModules(sbcModules, tls),
  ...(tls ? [tlsSection] : []),
  connections(cell.spec.sbc.connections, 'sbc.connections', { tls, guardSocket: sockets(cell, host).guard }),
  tables(cell),
  replication(cell, host),
  request(cell, host),
  edges(),
  screen(cell),
  registrar(cell, host),
  call(cell),
  identity(cell),
  forwarding(cell),
  refusals(),
  limits(cell),
  carriers(cell),
  ...(hasForms(cell) ? [numberForms(cell)] : []),
  ...(hasAccounts(cell) ? [accounts(cell)] : []),
  ...(registers(cell) ? [carrierRegistrations(cell, host)] : []),
  ...(probesCarriers(cell) ? [carrierProbes(cell, host)] : []),
  ...(asksCarriers(cell) ? [carrierAnswers(cell)] : []),
  features(cell, host),
  description(cell, host),
  media(cell),
  inDialog(cell, host),
  calls(cell, host),
  ...(hasProbe(cell) ? [probe(cell, host)] : []),
  takeOver(cell, host),
  oneSided(),
  records(cell, host),
  topology(cell),
  metrics(cell, host),
])}`;
}
