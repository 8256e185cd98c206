import type { Cell, SbcHost } from '../../../cell/cell.ts';
import { paths } from './paths.ts';
import type { Section } from '../common/section.ts';

/** SIP over TLS; nothing where the spec has it off. */
export function tls(cell: Cell, _host: SbcHost): readonly Section[] {
  if (cell.spec.sbc.transports.tls === 'off') return [];
  return [
    {
      title: 'SIP over TLS',
      text: `
# A new certificate: kamcmd -s unix:${paths.control} tls.reload
modparam("tls", "config", "${paths.tls}")
modparam("tls", "tls_force_run", 11)
`,
    },
  ];
}

/** Text of `/etc/kamailio/tls.cfg`. */
export const tlsConfig = `# SIP over TLS, made from the cell's definition.

# Towards phones and carriers that connect to us.
[server:default]
method = TLSv1.2+
certificate = ${paths.certificate}
private_key = ${paths.key}
verify_certificate = no
require_certificate = no

# Towards carriers that we connect to: their certificate must be from a public authority.
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
# Looked up when a carrier shows its certificate: a list of all would be read by every process, 13 s of CPU at boot.
ca_path = /etc/ssl/certs
`;
