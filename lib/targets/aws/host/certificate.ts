/** A certificate of SIP over TLS that was renewed in Secrets Manager reaches the host, and Kamailio, while calls go on. */
import { script, type HostConfig, type HostFile } from '../../../software/host-config.ts';
import { kamailioPaths } from '../../../software/kamailio/common/paths.ts';
import { values } from '../../../software/values.ts';
import { hostRun } from './boot.ts';
import { timed } from './timer.ts';

const certificateScriptPath = '/usr/local/lib/cellstamp/certificate';

const { certificate, key } = kamailioPaths;

function certificateScript(region: string): string {
  return `#!/bin/bash
# Takes the certificate of SIP over TLS from Secrets Manager where it differs from the host's, and has Kamailio show it from then on.
# Connections go on. One that does not fit its key, or is over already, is refused, and the host goes on with what it has. Run once an
# hour by cellstamp-certificate.timer.
set -euo pipefail
umask 077
export AWS_DEFAULT_REGION='${region}'
arn=$(jq -re .secrets.sipTls ${hostRun}/parameter.json)
new=$(mktemp -d ${hostRun}/certificate.XXXXXX)
trap 'rm -rf "$new"' EXIT
if ! answer=$(aws secretsmanager get-secret-value --secret-id "$arn" --query SecretString --output text 2>&1); then
  # Nobody has filled it in yet.
  [[ $answer == *ResourceNotFoundException* ]] && exit 0
  echo "certificate: $answer" >&2
  exit 1
fi
jq -rej .certificate <<<"$answer" >"$new/certificate"
jq -rej .key <<<"$answer" >"$new/key"
# As the host's files have them: with one line end.
for part in certificate key; do printf '%s\\n' "$(<"$new/$part")" >"$new/$part.pem"; done
if cmp -s "$new/certificate.pem" ${certificate} && cmp -s "$new/key.pem" ${key}; then
  exit 0
fi
if [[ $(openssl x509 -in "$new/certificate.pem" -noout -pubkey) != $(openssl pkey -in "$new/key.pem" -pubout) ]]; then
  echo 'certificate: refused, its key is another one' >&2
  exit 1
fi
if ! openssl x509 -in "$new/certificate.pem" -noout -checkend 0 >/dev/null; then
  echo 'certificate: refused, it has expired' >&2
  exit 1
fi
install -m 0640 -g kamailio "$new/certificate.pem" ${certificate}.new
install -m 0640 -g kamailio "$new/key.pem" ${key}.new
mv ${key}.new ${key}
mv ${certificate}.new ${certificate}
systemctl reload kamailio
echo "certificate: $(openssl x509 -in ${certificate} -noout -subject -enddate | paste -sd ' ')"
`;
}

const units = timed({
  name: 'cellstamp-certificate',
  description: 'Certificate of SIP over TLS',
  command: certificateScriptPath,
  every: 'hour',
});

interface CertificateExtras {
  readonly files: readonly HostFile[];
  readonly units: readonly string[];
  /** Lines of the metrics script. */
  readonly metrics: string;
}

/** What a host with SIP over TLS gets for it; nothing where TLS is off. */
export function certificateExtras(region: string, config: HostConfig): CertificateExtras {
  if (!config.values.some(({ name }) => name === values.sipCertificate.name))
    return { files: [], units: [], metrics: '' };
  return {
    files: [script(certificateScriptPath, certificateScript(region)), ...units.files],
    units: [units.timer],
    metrics: `
expiry=$(openssl x509 -in ${certificate} -noout -enddate 2>/dev/null | cut -d = -f 2)
left=$((($(date -d "\${expiry:-now}" +%s) - $(date +%s)) / 86400))
[[ -z $expiry ]] || gauge CertificateDays "$((left > 0 ? left : 0))"
`,
  };
}
