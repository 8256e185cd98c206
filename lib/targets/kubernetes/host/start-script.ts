/** How a service starts in its container: what a systemd unit does, in a script. */
import { script, type HostFile, type Service } from '../../../software/host-config.ts';
import { shellWords } from '../../../software/shell-quote.ts';
import { drainedSince, withdrawnMark } from './known.ts';

export const startScriptPath = ({ name }: Pick<Service, 'name'>): string => `/usr/local/lib/cellstamp/start-${name}`;

/** Has the process number of a service with a drain, from its start on; the pod's containers share the folder and their processes. */
export const startedMark = (service: string): string => `/run/started-${service}`;

/**
 * Work that ends, but not without an answer of another host: nothing may wait for it, because an SBC with a copy of its tables starts
 * without the database.
 */
export const asksOtherHosts: ReadonlySet<string> = new Set(['database-schema']);

/** Whether it waits on a node whose SBC is drained. */
export const isWithdrawable = ({ name }: Pick<Service, 'name'>): boolean => name === 'keepalived';

/**
 * Whether a container is root's at first. What a service has done by root (its preparation, its drain, a question to it as another user) needs
 * that, and so does a capability, which root hands on to the service's user. All others have a container that is never root's.
 */
export function startsAsRoot({ user, before, capabilities, drain, ready }: Service): boolean {
  return (
    user === 'root' ||
    before.length > 0 ||
    capabilities.length > 0 ||
    drain !== undefined ||
    ready[0].endsWith('/setpriv')
  );
}

export function startScript(service: Service): HostFile {
  return script(
    startScriptPath(service),
    `#!/bin/bash
# Starts ${service.name} in its container: ${service.description}
set -eu
${service.endedByOthers || isWithdrawable(service) ? '' : before(service)}# The node's container runtime sets the upper bound.
ulimit -n ${service.openFiles} 2>/dev/null || {
  echo "start-${service.name}: the container runtime of this node allows $(ulimit -Hn) open files, not ${service.openFiles}"
  ulimit -n "$(ulimit -Hn)"
}
${work(service)}
`,
  );
}

const before = (service: Service): string => service.before.map((command) => `${shellWords(command)}\n`).join('');

function work(service: Service): string {
  if (service.kind === 'oneshot') {
    return `# The kubelet would wait longer and longer between attempts.
until ${command(service)} && ${shellWords(service.ready)}; do
  sleep 1
done${asksOtherHosts.has(service.name) ? '\n# It is done, and a container that ended would be started again.\nexec /bin/sleep infinity' : ''}`;
  }
  const mark =
    service.drain === undefined
      ? ''
      : `# Others wait for its drain only while it runs.\necho $$ >${startedMark(service.name)}\n`;
  if (service.endedByOthers) return `${mark}${again(service)}`;
  return isWithdrawable(service) ? `${mark}${unlessWithdrawn(service)}` : `${mark}exec ${command(service)}`;
}

const again = (
  service: Service,
): string => `# Other services end it so that it starts again; the kubelet would wait longer each time.
child=
trap '[[ -z $child ]] || kill -TERM "$child"; wait; exit 0' TERM
while :; do
${before(service)}${command(service)} &
child=$!
wait "$child" || true
sleep 0.1
done`;

const unlessWithdrawn = (
  service: Service,
): string => `# A drained SBC waits here until it is readmitted. Whatever else ends the service is for the kubelet to see.
child=
trap '[[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true; wait; exit 0' TERM
while :; do
if [[ -e ${withdrawnMark} ]]; then
  echo "start-${service.name}: waits for npx cellstamp undrain; ${drainedSince}"
  while [[ -e ${withdrawnMark} ]]; do sleep 0.2; done
fi
${before(service)}${command(service)} &
child=$!
status=0
wait "$child" || status=$?
[[ -e ${withdrawnMark} ]] || exit "$status"
done`;

/** The service's user, and no capability beside those it asked for; as in its systemd unit. */
function command(service: Service): string {
  const capabilities = ['-all', ...service.capabilities.map((name) => name.toLowerCase().replace(/^cap_/, '+'))].join(
    ',',
  );
  const user =
    service.user === 'root'
      ? service.kind === 'oneshot'
        ? []
        : ['--no-new-privs', `--bounding-set=${capabilities}`]
      : startsAsRoot(service)
        ? [
            '--no-new-privs',
            `--reuid=${service.user}`,
            `--regid=${service.group}`,
            '--init-groups',
            `--inh-caps=${capabilities}`,
            `--ambient-caps=${capabilities}`,
            `--bounding-set=${capabilities}`,
          ]
        : [];
  const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...service.environment };
  return shellWords([
    ...(user.length > 0 ? ['/usr/bin/setpriv', ...user, '--'] : []),
    '/usr/bin/env',
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...service.command,
  ]);
}
