/**
 * The script that makes a host what its bundle says. It is the same for every host; what differs lies beside it:
 *
 * | file | content |
 * | --- | --- |
 * | `packages` | Debian packages, one a line |
 * | `values` | script that finds out the late-bound values |
 * | `redis-user` | only on SBCs: script that opens the user of Redis |
 * | `manifest` | a line a file: what a change of it takes (restart, reload, nothing), mode, owner, group, path |
 * | `files/...` | the files, with `@@name@@` where a late-bound value goes |
 * | `services` | units of the programs, in the order of their start |
 * | `needs` | a line a unit that is off as long as values are empty which an operator fills in: the unit, and the values |
 * | `timers` | units of this place |
 * | `modules` | kernel modules without which the host is not ready |
 */
import { hostRun } from './boot.ts';

/** Prints a file with its late-bound values in place; status 1 and the name when one is not known. */
export const renderScript = `#!/bin/bash
# render FOLDER FILE: prints FILE with every @@name@@ replaced by the content of FOLDER/name.
exec awk -v folder="$1" '
function value(name,   path, line, text, lines, status) {
  if (name in known) return known[name]
  path = folder "/" name
  while ((status = (getline line < path)) > 0) text = text (lines++ ? "\\n" : "") line
  close(path)
  if (status < 0) {
    print "render: no value " name > "/dev/stderr"
    failed = 1
  }
  return known[name] = text
}
{
  out = ""
  while (match($0, /@@[a-z][a-z0-9_]*@@/)) {
    out = out substr($0, 1, RSTART - 1) value(substr($0, RSTART + 2, RLENGTH - 4))
    $0 = substr($0, RSTART + RLENGTH)
  }
  print out $0
}
END { exit failed }' "$2"
`;

export const applyScript = `#!/bin/bash
# Makes this host what the bundle around this script says. What is there already is left alone, so it may run at any time;
# but when a program's file has changed, the programs are restarted, which drains them first.
set -Eeuo pipefail
cd "$(dirname "$(readlink -f "$0")")"
run=${hostRun}
export DEBIAN_FRONTEND=noninteractive

begin() {
  echo "$*" >"$run/step"
  echo "apply: $*"
}

# Debian's cloud image upgrades packages by itself, on all hosts on the same day: the service of each restarts, undrained.
begin 'ending unattended upgrades'
for unit in apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service; do
  [[ $(systemctl is-enabled "$unit" 2>/dev/null) == masked ]] || systemctl mask --now "$unit"
done

begin 'installing packages'
# Another apt may be at work: cloud-init's, or an upgrade that was under way.
apt() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
enabled_services() { systemctl list-unit-files --type=service --state=enabled --no-legend | awk '{ print $1 }' | sort; }
missing=()
while read -r package; do
  [[ $(dpkg-query --show --showformat='\${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done <packages
if ((\${#missing[@]} > 0)); then
  # A package starts its daemon with a configuration of its own: not before ours is there, and not under another name.
  printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
  chmod 0755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  before=$(enabled_services)
  apt update
  if [[ " \${missing[*]} " == *'-dkms '* ]]; then
    # A kernel module is built for the kernel whose headers are there. The archive drops those of older kernels.
    cloud=cloud-$(dpkg --print-architecture)
    if [[ -n $(apt-cache search --names-only "^linux-headers-$(uname -r)\\$") ]]; then
      missing=("linux-headers-$(uname -r)" "linux-headers-$cloud" "\${missing[@]}")
    else
      begin 'installing a newer kernel, then booting it'
      apt -y --no-install-recommends install "linux-image-$cloud" "linux-headers-$cloud"
      systemctl reboot
      sleep infinity
    fi
  fi
  apt -y --no-install-recommends install "\${missing[@]}"
  rm -f /usr/sbin/policy-rc.d
  for unit in $(comm -13 <(echo "$before") <(enabled_services)); do
    grep -qxF "$unit" services || systemctl disable --now "$unit"
  done
fi

begin 'finding out its values'
./values

if [[ -x redis-user ]]; then
  begin 'opening the user of Redis'
  ./redis-user
fi

begin 'installing files'
changed=()
units=no
while read -r change mode owner group path; do
  umask 077
  ./render "$run/values" "files$path" >"$run/file"
  if [[ -e $path ]] && cmp -s "$run/file" "$path" && [[ $(stat -c '%a %U %G' "$path") == "\${mode#0} $owner $group" ]]; then
    continue
  fi
  echo "apply: $path"
  umask 022
  mkdir -p "$(dirname "$path")"
  install -m "$mode" -o "$owner" -g "$group" "$run/file" "$path.new"
  mv "$path.new" "$path"
  changed+=("$change")
  [[ $path == /etc/systemd/system/* ]] && units=yes
done <manifest
rm -f "$run/file"
[[ $units == no ]] || systemctl daemon-reload

begin 'setting the kernel'
sysctl --quiet --load=/etc/sysctl.d/60-cellstamp.conf

begin 'starting services'
# What needs a value that an operator has not filled in yet is off; the host does its other work.
off=()
empty=()
while read -r unit needed; do
  for value in $needed; do
    [[ -s $run/values/$value ]] && continue
    off+=("$unit")
    empty+=("$value")
    break
  done
done <needs
if ((\${#off[@]} > 0)); then
  echo "apply: off, as $(printf '%s\n' "\${empty[@]}" | sort -u | paste -sd ' ') is not filled in: \${off[*]}"
  systemctl --quiet disable --now "\${off[@]}"
fi
printf '%s\n' "\${off[@]}" >"$run/off"
mapfile -t services < <(grep -vxFf "$run/off" services)
mapfile -t timers <timers
systemctl --quiet enable "\${services[@]}" "\${timers[@]}"
# One that fails here is tried again by systemd: what counts is below.
if [[ " \${changed[*]} " == *' restart '* ]]; then
  systemctl restart "\${services[@]}" || true
else
  systemctl start "\${services[@]}" || true
  if [[ " \${changed[*]} " == *' reload '* ]]; then
    for service in "\${services[@]}"; do
      [[ $(systemctl show --value --property=CanReload "$service") != yes ]] || systemctl reload "$service"
    done
  fi
fi
systemctl start "\${timers[@]}"

begin 'waiting for services'
deadline=$((SECONDS + 2400))
for service in "\${services[@]}"; do
  until systemctl is-active --quiet "$service"; do
    if ((SECONDS >= deadline)); then
      begin "waiting for $service"
      exit 1
    fi
    sleep 2
  done
done
while read -r module; do
  begin "looking for the kernel module $module"
  grep -q "^$module " /proc/modules
done <modules

# Bundles of earlier configurations.
find .. -mindepth 1 -maxdepth 1 -type d ! -name "$(basename "$PWD")" -exec rm -rf {} +
`;
