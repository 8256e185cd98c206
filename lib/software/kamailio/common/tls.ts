/** SIP over TLS: the certificate that a Kamailio shows, and whom it believes. */
import { late } from '../../../fleet/late-bound.ts';
import type { HostFile } from '../../host-config.ts';
import { values } from '../../values.ts';
import { compilerPackage, opensslLibraryFile } from './openssl.ts';
import { kamailioFile, kamailioPaths as paths } from './paths.ts';

export const tlsPackages = ['ca-certificates', 'kamailio-tls-modules', compilerPackage] as const;
export const tlsValues = [values.sipCertificate, values.sipKey] as const;

export const tlsSettings = `
# A new certificate: kamcmd -s unix:${paths.control} tls.reload
modparam("tls", "config", "${paths.tls}")
modparam("tls", "tls_force_run", 11)
`;

/**
 * tls.cfg and what it names.
 * @param clients Profiles of the connections that are opened from here: `[client:...]`.
 */
export function tlsFiles(clients: string): readonly HostFile[] {
  return [
    opensslLibraryFile,
    kamailioFile(paths.tls, `${servers}\n${clients}`),
    // Connections go on with the certificate that they began with.
    { ...kamailioFile(paths.certificate, `${late(values.sipCertificate.name)}\n`), change: 'reload' },
    { ...kamailioFile(paths.key, `${late(values.sipKey.name)}\n`), change: 'reload' },
  ];
}

const servers = `# SIP over TLS. The certificate comes from the target's secret store.

# For incoming connections. A client authenticates by its password or its address.
[server:default]
method = TLSv1.2+
certificate = ${paths.certificate}
private_key = ${paths.key}
verify_certificate = no
require_certificate = no
`;
