import { kamailioFile } from '../common/paths.ts';
import type { Cell } from '../../../fleet/derive/cell.ts';
import type { HostFile } from '../../host-config.ts';
import { tlsSettings } from '../common/tls.ts';
import type { Section } from '../common/section.ts';

const authorities = '/etc/kamailio/carrier-authorities.pem';

/** SIP over TLS with phones, exchanges and carriers. */
export const tlsSection: Section = {
  title: 'SIP over TLS',
  text: `${tlsSettings}
# The name that a carrier's certificate must have: $xavp(tls=>server_name), see NEXT_TRUNK.
modparam("tls", "xavp_cfg", "tls")
`,
};

/** Whom an SBC believes in beside the public authorities. */
export function authoritiesFile({ spec }: Cell): readonly HostFile[] {
  const { carrierAuthorities } = spec.sbc;
  if (carrierAuthorities.length === 0) return [];
  const text = `${carrierAuthorities.map((certificate) => certificate.trim()).join('\n')}\n`;
  return [kamailioFile(authorities, text)];
}

/** Profile in tls.cfg of the connections that an SBC opens: to carriers. */
export function towardsCarriers(cell: Cell): string {
  return `# Towards carriers that we connect to: their certificate must be signed by a public authority${
    authoritiesFile(cell).length === 0 ? '' : ', or by one of sbc.carrierAuthorities'
  },
# and have the name or the address of the trunk.
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
# Looked up when a carrier presents its certificate. Every process would read a list of all, which takes 13 s of CPU at boot.
ca_path = /etc/ssl/certs
${authoritiesFile(cell)
  .map(({ path }) => `# Spec: sbc.carrierAuthorities\nca_list = ${path}\n`)
  .join('')}`;
}
