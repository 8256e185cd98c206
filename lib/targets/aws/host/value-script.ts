/**
 * The script of a bundle that finds out the host's late-bound values, a file each in memory. Where a value comes from is
 * decided here once; addresses and secrets' names come from the host's parameter.
 */
import { isAddressName } from '../../../fleet/derive/addressing.ts';
import type { CellValueName, EdgeValueName, LateBoundName } from '../../../software/values.ts';
import { hostRun, hostState } from './boot.ts';

/** The secrets that a host's parameter names, beside its plain values. */
export type SecretName = 'generated' | 'databaseOwner' | 'sipTls' | 'signalwireToken';

/** What AWS adds to the values that programs know. */
export type PlaceValueName = 'floating_allocation' | 'overlay_route_tables';

export interface AskedValue {
  readonly name: LateBoundName | PlaceValueName;
}

type Source = (name: string) => string;
const given: Source = (name) => `given ${name}`;
const generated: Source = (name) => `generated ${name}`;
/** Of hosts that AWS manages, and of relays that move, which there are none here. */
const nowhere: Source = (name) => {
  throw new Error(`on AWS nothing gives the value ${name}`);
};

/** How the script comes by each value: a call of one of its functions. */
const sources: Readonly<Record<CellValueName | EdgeValueName | PlaceValueName, Source>> = {
  public_address: given,
  anycast_address_1: given,
  anycast_address_2: given,
  directory: given,
  database_host: given,
  database_admin_user: given,
  database_admin_password: (name) => `secret_field ${name} databaseOwner password`,
  database_sbc_password: generated,
  database_replication_password: nowhere,
  redis_replication_password: nowhere,
  redis_failover_password: nowhere,
  redis_host: given,
  redis_password: generated,
  data_ca_certificate: (name) => `authorities ${name}`,
  data_certificate: nowhere,
  data_key: nowhere,
  sip_certificate: (name) => `sip_tls ${name} certificate`,
  sip_key: (name) => `sip_tls ${name} key`,
  digest_secret: generated,
  topology_secret: generated,
  guest_public_address: nowhere,
  relay_secret: nowhere,
  relay_certificate: nowhere,
  relay_key: nowhere,
  event_socket_password: (name) => `made ${name}`,
  signalwire_token: (name) => `secret_text ${name} signalwireToken`,
  floating_allocation: given,
  overlay_route_tables: given,
};

/** Values that a cell's first SBC makes and keeps in the cell's secret, so that both SBCs have the same. */
const generatedValues: readonly string[] = Object.entries(sources).flatMap(([name, source]) =>
  source === generated ? [name] : [],
);

/**
 * @throws Error when a host wants a value that this target does not know: where PostgreSQL and Redis run is AWS's, and addresses are
 * decided and stay.
 */
function source(name: AskedValue['name']): string {
  return (isAddressName(name) ? nowhere : sources[name])(name);
}

export function valueScript(region: string, wanted: readonly AskedValue[]): string {
  const names = wanted.map((value) => value.name);
  const truststore = region.startsWith('us-gov-')
    ? `https://truststore.pki.${region}.rds.amazonaws.com`
    : 'https://truststore.pki.rds.amazonaws.com';
  return `#!/bin/bash
# Finds out the values that only this place knows, and leaves each in a file of its own in memory: ${hostRun}/values.
set -Eeuo pipefail
umask 077
parameter=${hostRun}/parameter.json
values=${hostRun}/values
made=${hostState}/made
mkdir -p "$values" "$made"
asked=$(mktemp -d "$values/asked.XXXXXX")
trap 'rm -rf "$asked"' EXIT

# A value that stands in the parameter.
given() { jq -rej --arg name "$1" '.values[$name]' "$parameter" >"$values/$1"; }

# The text of a secret, asked for once; status 3 when it has none yet.
secret() {
  local arn answer
  if [[ -s $asked/$1 ]]; then
    cat "$asked/$1"
    return
  fi
  arn=$(jq -re --arg name "$1" '.secrets[$name]' "$parameter")
  if answer=$(aws secretsmanager get-secret-value --secret-id "$arn" --query SecretString --output text 2>&1); then
    echo "$answer" | tee "$asked/$1"
  elif [[ $answer == *ResourceNotFoundException* ]]; then
    return 3
  else
    echo "values: $answer" >&2
    return 1
  fi
}

secret_field() { secret "$2" | jq -rej --arg field "$3" '.[$field]' >"$values/$1"; }

# A secret that an operator fills in. Without it the service that needs it does not start, and the others do.
secret_text() {
  local status=0
  secret "$2" | tr -d '\\n' >"$values/$1" || status=$?
  ((status != 3)) || echo "values: the secret $2 is empty: fill it in, then start cellstamp-boot" >&2
  ((status == 0 || status == 3))
}

random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n'; }

# A value that this host makes once and nobody else needs.
made() {
  [[ -s $made/$1 ]] || random >"$made/$1"
  cp "$made/$1" "$values/$1"
}

# A value that one SBC makes for both. The request's token is the same on both, so only the first of them succeeds in filling
# the secret, and the other reads what is there.
generated() {
  local status now
  for _ in 1 2 3 4 5; do
    status=0
    now=$(secret generated) || status=$?
    ((status == 0 || status == 3)) || return 1
    ((status == 0)) || now='{}'
    if jq -rej --arg name "$1" '.[$name]' <<<"$now" >"$values/$1"; then
      return 0
    fi
    fill "$now"
    sleep 1
  done
  return 1
}

# fill OBJECT: writes the secret with all names in it.
fill() {
  local object=$1 name arn file=$values/generated.json answer
  for name in ${generatedValues.join(' ')}; do
    object=$(jq -c --arg name "$name" --rawfile value <(random) 'if has($name) then . else .[$name] = $value end' \\
      <<<"$object")
  done
  printf %s "$object" >"$file"
  arn=$(jq -re .secrets.generated "$parameter")
  if ! answer=$(aws secretsmanager put-secret-value --secret-id "$arn" --secret-string "file://$file" \\
    --client-request-token "$(jq -r 'keys | join(",")' <<<"$object" | sha256sum | cut -c 1-64)" 2>&1); then
    echo "values: the other SBC was first: $answer"
  fi
  rm -f "$file" "$asked/generated"
}

# The certificate of SIP over TLS: an operator's, or, until there is one, this host's own.
sip_tls() {
  local status=0 text
  text=$(secret sipTls) || status=$?
  if ((status == 0)); then
    jq -rej --arg field "$2" '.[$field]' <<<"$text" >"$values/$1"
  elif ((status == 3)); then
    if [[ ! -s $made/key ]]; then
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$(hostname)" \\
        -keyout "$made/key" -out "$made/certificate" 2>/dev/null
    fi
    echo 'values: the secret sipTls is empty: SIP over TLS has a certificate that no client trusts' >&2
    cp "$made/$2" "$values/$1"
  else
    return 1
  fi
}

# Who signs the certificates of the database (Amazon RDS, of this region) and of Redis (Amazon Trust Services).
authorities() {
  local rds=${hostState}/rds-authorities.pem
  curl -sf -m 20 --retry 3 -o "$rds.new" ${truststore}/${region}/${region}-bundle.pem && mv "$rds.new" "$rds"
  cat "$rds" /etc/ssl/certs/Amazon_Root_CA_*.pem /etc/ssl/certs/Starfield_Services_Root_Certificate_Authority_-_G2.pem \\
    >"$values/$1"
}

${names.map(source).join('\n')}
`;
}
