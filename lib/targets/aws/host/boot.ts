/**
 * The script that user data leaves on a host: it brings the host to the configuration that its parameter names. It knows no
 * more than the host's name and region, so user data never changes with the configuration.
 */
import { hostLogGroup } from '../site.ts';

export interface HostName {
  /** Name of the cell, or of the front. */
  readonly site: string;
  /** Name of the host within it: `sbc-1`. */
  readonly host: string;
  readonly region: string;
}

/** What the host keeps over boots: bundles, values that it made itself. */
export const hostState = '/var/lib/cellstamp/host';
/** What it knows until the next boot: its parameter, the values with the secrets. */
export const hostRun = '/run/cellstamp/host';

export const bootScriptPath = '/usr/local/lib/cellstamp/boot';
export const bootUnitPath = '/etc/systemd/system/cellstamp-boot.service';

/** Tag of an instance that says how far its host has come: `ready`, `ready without ` what is off, or `failed: ` and the step. */
export const stateTag = 'cellstamp-state';

export function bootScript({ site, host, region }: HostName): string {
  return `#!/bin/bash
# Brings this host to the configuration that its parameter names: fetches the bundle, verifies it, applies it. Runs at every
# boot and whenever an operator starts cellstamp-boot.service; what has not changed is left alone. When it fails, it says so
# in the instance's tag ${stateTag}, to the alarm topic, in the log group, on the console and in the journal; the alarm HostHealthy
# goes off by itself.
set -Eeuo pipefail
site='${site}'
host='${host}'
logs='${hostLogGroup({ name: site })}'
state=${hostState}
run=${hostRun}
metadata=\${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}/latest
export AWS_DEFAULT_REGION='${region}' DEBIAN_FRONTEND=noninteractive
mkdir -p "$state/bundles" "$run"
chmod 0700 "$state" "$run"
# A host that has been set up once works without AWS: it does not wait for long.
patience=3600
[[ -e $state/applied ]] && patience=60

begin() {
  echo "$*" >"$run/step"
  echo "boot: $*"
}

# retry SECONDS COMMAND...: every 5 s until it succeeds.
retry() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 5
  done
}

# tell ready|failed MESSAGE: each way for itself, none is waited for.
tell() {
  local token instance topic
  token=$(curl -sf -m 2 -X PUT "$metadata/api/token" -H 'X-aws-ec2-metadata-token-ttl-seconds: 60') || true
  instance=$(curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id") || true
  aws ec2 create-tags --resources "$instance" --tags "Key=${stateTag},Value='$2'" || echo 'boot: cannot set the tag' >&2
  # The same failure is reported once.
  [[ $1 == failed && $(cat "$state/told" 2>/dev/null) != "$2" ]] || return 0
  echo "$2" >"$state/told"
  topic=$(jq -r '.topic // empty' "$run/parameter.json" 2>/dev/null) || true
  [[ -z $topic ]] || aws sns publish --topic-arn "$topic" --subject "Cellstamp $site $host failed" \\
    --message "$host of $site: $2. What it said: log group $logs, stream $host-boot; aws ec2 get-console-output --latest --instance-id $instance." \
    >/dev/null || true
}

# Until the first bundle is there nothing else sends the journal.
send_journal() {
  # CloudWatch takes 256 KiB in an event.
  journalctl --quiet --boot --unit=cellstamp-boot --output=cat --lines=200 | tail --bytes=200000 >"$run/said"
  jq --null-input --rawfile text "$run/said" '[{ timestamp: (now * 1000 | floor), message: $text }]' >"$run/said.json"
  aws logs create-log-stream --log-group-name "$logs" --log-stream-name "$host-boot" 2>/dev/null || true
  aws logs put-log-events --log-group-name "$logs" --log-stream-name "$host-boot" \
    --log-events "file://$run/said.json" >/dev/null
}

failed() {
  trap - ERR
  local step
  step=$(<"$run/step")
  echo "boot: FAILED: $step" >&2
  send_journal || echo 'boot: cannot send the journal' >&2
  tell failed "failed: $step"
  [[ -e $state/applied ]] && echo 'boot: the host goes on with the configuration that it has' >&2
  exit 1
}
trap failed ERR

begin 'installing the AWS command line'
apt() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
install_tools() { apt update && apt -y --no-install-recommends install awscli ca-certificates curl jq; }
if ! type aws jq curl >/dev/null 2>&1; then
  retry "$patience" install_tools
fi

# The Session Manager's agent is Amazon's package, not Debian's. Before all that may fail, so that somebody can come in and look; a
# host without it works.
if ! systemctl is-active --quiet amazon-ssm-agent; then
  begin "installing the Session Manager's agent"
  agent=$(mktemp --suffix=.deb)
  package=latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb
  if aws s3 cp --only-show-errors "s3://amazon-ssm-$AWS_DEFAULT_REGION/$package" "$agent" && dpkg --install "$agent"; then
    systemctl enable --now amazon-ssm-agent
  else
    echo 'boot: no agent of the Session Manager' >&2
  fi
  rm -f "$agent"
fi

begin 'reading the parameter /cellstamp/'"$site/$host"
read_parameter() {
  aws ssm get-parameter --name "/cellstamp/$site/$host" --query Parameter.Value --output text >"$run/parameter.new" &&
    jq -e .bundle "$run/parameter.new" >/dev/null && mv "$run/parameter.new" "$run/parameter.json"
}
retry "$patience" read_parameter

begin 'fetching the bundle'
bundle=$(jq -re .bundle "$run/parameter.json")
bucket=$(jq -re .bucket "$run/parameter.json")
if [[ ! -d $state/bundles/$bundle ]]; then
  rm -rf "$state"/bundles/fetch.*
  fetched=$(mktemp -d "$state/bundles/fetch.XXXXXX")
  retry "$patience" aws s3 cp --only-show-errors "s3://$bucket/$host/$bundle.tar.gz" "$fetched/bundle.tar.gz"
  gunzip "$fetched/bundle.tar.gz"
  begin 'verifying the bundle'
  sha256sum --check --status <<<"$bundle  $fetched/bundle.tar"
  mkdir "$fetched/content"
  tar --extract --no-same-owner --file "$fetched/bundle.tar" --directory "$fetched/content"
  mv "$fetched/content" "$state/bundles/$bundle"
  rm -rf "$fetched"
fi
ln -sfn "$bundle" "$state/bundles/current"

begin 'applying the bundle'
"$state/bundles/current/apply"
touch "$state/applied"
rm -f "$state/told"
begin 'ready'
off=$(grep . "$run/off" | sed 's/[.]service$//' | paste -sd ' ') || true
tell ready "ready\${off:+ without $off}"
`;
}

export function bootUnit({ site, host }: HostName): string {
  return `[Unit]
Description=Configuration of ${host} of ${site}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${bootScriptPath}
# Also where EC2 shows it of an instance that nobody can reach.
StandardOutput=journal+console
StandardError=journal+console
# Building a kernel module and waiting for the database's endpoint take their time.
TimeoutStartSec=7200
Restart=on-failure
RestartSec=300

[Install]
WantedBy=multi-user.target
`;
}
