/**
 * Installs the Debian packages that cells and a front on this machine run, with `--tests` also those that the tests use, and leaves no
 * daemon of them running or enabled. Says one line and does nothing more where there is no apt-get: what is missing is then
 * named by whoever needs it.
 */
import { spawnSync } from 'node:child_process';
import { neededPackages, wantedPackages } from '../lib/targets/local/front/packages.ts';
import { missingPackages } from '../lib/targets/local/packages.ts';

/** Checkers of generated files, a browser, foreign SIP implementations, the AWS command line and library, ping, Prometheus, nodes of a cluster. */
const forTests = [
  'awscli',
  'baresip-core',
  'catatonit',
  'chromium',
  'cloud-init',
  'containerd',
  'containernetworking-plugins',
  'iputils-ping',
  'jq',
  'libxml2-utils',
  'linphone-cli',
  'mmdebstrap',
  'prometheus',
  'pyflakes3',
  'python3-boto3',
  'runc',
  'shellcheck',
  'sip-tester',
  'systemd',
];

/** A package starts its daemon when it is installed and at every boot; a cell starts its own. Both are prevented. */
const script = `
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
enabled() {
  if command -v systemctl >/dev/null; then
    systemctl --root=/ list-unit-files --type=service --state=enabled --no-legend 2>/dev/null | cut -d' ' -f1 | sort
  fi
}
before=$(mktemp) && after=$(mktemp)
if [ -e "$policy" ]; then mv "$policy" "$policy.cellstamp"; fi
restore() {
  rm -f "$policy" "$before" "$after"
  if [ -e "$policy.cellstamp" ]; then mv "$policy.cellstamp" "$policy"; fi
}
trap restore EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\\nexit 101\\n' >"$policy"
chmod 0755 "$policy"
enabled >"$before"
apt-get -qq update
apt-get -qq -o=Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" >/dev/null
enabled >"$after"
for unit in $(comm -13 "$before" "$after"); do
  systemctl --root=/ disable "$unit" 2>/dev/null || true
done
`;

const front = [...neededPackages, ...wantedPackages];
const missing = await missingPackages(process.argv.includes('--tests') ? [...front, ...forTests] : front);
if (missing.length > 0) install(missing);

function install(names: readonly string[]): void {
  if (spawnSync('apt-get', ['--version']).status !== 0) {
    console.error(`set-up: no apt-get here; a cell on this machine needs ${names.join(', ')}`);
    return;
  }
  const root = process.getuid?.() === 0;
  if (!root && spawnSync('sudo', ['--version']).status !== 0) {
    console.error(`set-up: install these as root first: apt-get install ${names.join(' ')}`);
    process.exitCode = 1;
    return;
  }
  console.error(`set-up: apt-get install ${names.join(' ')}`);
  const [program, args] = root
    ? ['sh', ['-c', script, 'sh', ...names]]
    : ['sudo', ['sh', '-c', script, 'sh', ...names]];
  const { status } = spawnSync(program as string, args as string[], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(`set-up: apt-get failed with status ${status}`);
    process.exitCode = 1;
  }
}
