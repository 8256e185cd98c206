/**
 * How FreeSWITCH comes onto a host. Debian does not have it; SignalWire's packages need a token, which is a late-bound secret.
 * With `media.freeswitch.install: image` none of this is made: the machine image has FreeSWITCH and its user `freeswitch`.
 */
import { late } from '../../fleet/late-bound.ts';
import { values } from '../values.ts';
import { modules } from './core-xml.ts';
import { paths } from './paths.ts';

const repository = 'https://freeswitch.signalwire.com/repo/deb/debian-release/';
const keyring = '/usr/share/keyrings/signalwire-freeswitch-repo.gpg';

export const packages = [
  'freeswitch',
  ...Object.keys(modules).map((module) => `freeswitch-${module.replaceAll('_', '-')}`),
  'freeswitch-sounds-en-us-callie',
];

export function tokenFile(): string {
  return `machine freeswitch.signalwire.com login signalwire password ${late(values.signalwireToken.name)}\n`;
}

export const installScript = `#!/bin/sh
# Installs FreeSWITCH from SignalWire's repository, once. Does nothing where it is installed already.
set -eu
if command -v freeswitch >/dev/null; then
  exit 0
fi
# One file for both: apt reads it as its own, curl as a .netrc. So the token is on no command line.
install -m 0600 -o root -g root ${paths.token} /etc/apt/auth.conf.d/freeswitch.conf
curl --netrc-file ${paths.token} --fail --silent --show-error --retry 5 --output ${keyring} \\
  ${repository}signalwire-freeswitch-repo.gpg
echo 'deb [signed-by=${keyring}] ${repository} bookworm main' >/etc/apt/sources.list.d/freeswitch.list
apt-get update --quiet
# --no-install-recommends: a unit and a configuration of the package's own would be in the way.
DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends \\
${packages.map((name) => `  ${name}`).join(' \\\n')}
`;
