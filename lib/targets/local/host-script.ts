import type { HostConfig, Service } from '../../software/host-config.ts';
import type { NamespacePlan } from './host-plan.ts';
import { shellWord, shellWords } from '../../software/shell-quote.ts';

/** Kernel settings that belong to a network namespace. All others are the whole machine's and stay as they are. */
const ownSettings = /^net\.(core|ipv4|ipv6|netfilter)\./;

/** Kernel settings of every namespace: packets may leave by another way than their sender's. */
const routing = { 'net.ipv4.conf.all.rp_filter': '0', 'net.ipv4.conf.default.rp_filter': '0' };

/**
 * Text of the script that is process 1 of a namespace. Two lines on its standard input let it go on: the first when its links
 * are there, the second when its services may start. End of input before that ends it, so that a command that was killed half
 * way leaves nothing behind.
 * @param folder Folder of the namespace on this machine, with `files/N` for the N-th file of the configuration.
 */
export function hostScript(plan: NamespacePlan, folder: string): string {
  const { config } = plan;
  return `#!/bin/bash
# Process 1 of ${plan.hostname}. When it ends, the kernel ends everything in it.
set -eu
folder=${shellWord(folder)}

# The number of this process for the machine: asked before this namespace gets a /proc of its own.
read -r pid _ </proc/self/stat
echo "$pid"
exec >>"$folder/log/init.log" 2>&1
trap 'echo "line $LINENO failed: $BASH_COMMAND"' ERR
read -r _

### Private folders: nothing that a host writes reaches the machine
hostname ${plan.hostname}
private=$folder/private
mount -t tmpfs -o mode=0755 cellstamp "$private"
mkdir -p "$private"/{run/cellstamp,tmp,var/{cache,lib,log,spool,tmp}}
chmod 1777 "$private/tmp" "$private/var/tmp"
ln -s /run "$private/var/run"
ln -s /run/lock "$private/var/lock"
mkdir -p "$private/run/lock"
${overlays(config)
  .map(
    (path) => `mkdir -p "$private/over${path}" "$private/work${path}"
mount -t overlay -o "lowerdir=${path},upperdir=$private/over${path},workdir=$private/work${path}" cellstamp ${path}`,
  )
  .join('\n')}
mount --bind "$folder/log" "$private/var/log"
mount --bind "$folder/services" "$private/run/cellstamp"
mount --rbind "$private/var" /var
mount --bind "$private/tmp" /tmp
exec >>/var/log/init.log 2>&1
mount -t tmpfs -o mode=1777 cellstamp /dev/shm
mount -t proc proc /proc
mount -t sysfs sysfs /sys

### Network
ip -batch - <<'END'
${plan.addresses.join('\n')}
END
nft -f - <<'END'
${plan.rules.trimEnd()}
END
setting() { echo "$2" 2>/dev/null >"/proc/sys/\${1//.//}" || echo "kernel setting $1 is the machine's, not $2"; }
${Object.entries({ ...routing, ...config.sysctl })
  .filter(([key]) => ownSettings.test(key))
  .map(([key, value]) => `setting ${key} ${shellWord(value)}`)
  .join('\n')}

### Files
cd "$folder/files"
${config.files
  .map((file, index) => `install -D -o ${file.owner} -g ${file.group} -m ${file.mode} ${index} ${shellWord(file.path)}`)
  .join('\n')}
cd /
mount --rbind "$private/run" /run
# The rest of the machine's files can only be read.
mount -o remount,bind,ro /

read -r _
exec </dev/null
trap - ERR
set +e
${config.services.length === 0 ? 'exec sleep infinity' : services(config.services)}
`;
}

/** Folders into which files or state go, beside /var, /run and /tmp, which are the host's own anyway. */
function overlays({ files, services }: HostConfig): readonly string[] {
  const paths = [
    '/etc/hosts',
    ...files.map((file) => file.path),
    ...services.flatMap((service) => service.stateDirectories),
  ];
  const tops = paths.map((path) => (path.startsWith('/usr/local/') ? '/usr/local' : `/${path.split('/')[1]}`));
  return [...new Set(tops)].filter((top) => !['/var', '/run', '/tmp'].includes(top)).sort();
}

function services(all: readonly Service[]): string {
  return `
${supervisor}
${all.map(serviceFunctions).join('\n')}
all_wait ${shellWords(all.map(({ name }) => name))}
${all
  .map(
    (service) =>
      `supervise ${service.name} ${service.kind} ${service.restart} ${service.readyTimeoutSeconds} ${shellWord(service.after.join(' '))} &`,
  )
  .join('\n')}
while :; do wait; pause 3600; done`;
}

/** The part that is the same for every service; keeps the contract of \`Service\` as a systemd unit does. */
const supervisor = `### Supervision
# /run/cellstamp/NAME says in one line how a service is: its state, the number of its process, how often it was started, and why
# it failed. While there is a file NAME.held it is not started.
exec {never}<> <(:)
# Waits some seconds without another process.
pause() { read -r -t "$1" -u "$never"; }

# In place, in a line of one length: that works on a full disk, too, and nobody reads half of it.
note() { printf '%-200.200s\\n' "$2 \${3:-0} \${4:-0} \${5:-}" 1<>"/run/cellstamp/$1"; }

# Before any of them starts: whoever looks at the host sees all that it has.
all_wait() {
  local name
  for name; do note "$name" waiting; done
}

held() { [[ -e /run/cellstamp/$1.held ]]; }

# supervise NAME KIND RESTART READY_TIMEOUT AFTER
supervise() {
  local name=$1 kind=$2 restart=$3 timeout=$4 after=$5 starts=0 pid=0 why state other
  exec >>"/var/log/$name.log" 2>&1
  for other in $after; do
    until read -r state _ 2>/dev/null <"/run/cellstamp/$other" && [[ $state == ready || $state == finished ]]; do pause 0.02; done
  done
  while :; do
    if held "$name"; then
      note "$name" held 0 $starts
      while held "$name"; do pause 0.1; done
    fi
    starts=$((starts + 1))
    note "$name" starting 0 $starts
    why=
    if ! "before_$name"; then
      why='its preparation failed'
    else
      "start_$name" &
      pid=$!
      if [[ $kind == oneshot ]]; then
        wait $pid || why="exit status $?"
        if [[ -z $why ]] && "ready_$name"; then
          note "$name" finished 0 $starts
          return
        fi
      elif await_ready "$name" $pid "$timeout"; then
        note "$name" ready $pid $starts
        wait $pid
        why="exit status $?"
      else
        why="not ready after $timeout s"
        kill -0 $pid 2>/dev/null || { wait $pid; why="exit status $?"; }
      fi
      # What the main process leaves behind goes with it.
      kill -KILL -- -$pid 2>/dev/null
      held "$name" && continue
    fi
    echo "supervision: $name ended: $why"
    note "$name" failed 0 $starts "$why"
    [[ $restart == no || ($restart == on-failure && $why == 'exit status 0') ]] && return
    pause 1
  done
}

# await_ready NAME PID SECONDS
await_ready() {
  local until=$((SECONDS + $3))
  until "ready_$1" >/dev/null 2>&1; do
    kill -0 "$2" 2>/dev/null && ((SECONDS < until)) || return 1
    pause 0.03
  done
  return 0
}
`;

function serviceFunctions(service: Service): string {
  const made = [...service.runDirectories, ...service.stateDirectories];
  const before = [
    ...(made.length > 0 ? [`install -d -o ${service.user} -g ${service.group} -m 0750 ${shellWords(made)}`] : []),
    ...service.before.map((command) => shellWords(command)),
  ];
  return `### ${service.description}
before_${service.name}() {
  ${before.length > 0 ? before.join(' &&\n    ') : ':'}
}
start_${service.name}() {
  ulimit -n ${service.openFiles}
  exec ${startCommand(service)}
}
ready_${service.name}() {
  timeout 10 ${shellWords(service.ready)}
}
`;
}

/** A session of its own, the service's user, and no capability beside those it asked for; as in its systemd unit. */
function startCommand(service: Service): string {
  const setsUpHost = service.user === 'root' && service.kind === 'oneshot';
  const capabilities = ['-all', ...service.capabilities.map((name) => name.toLowerCase().replace(/^cap_/, '+'))].join(
    ',',
  );
  const user =
    service.user === 'root'
      ? setsUpHost
        ? []
        : ['--no-new-privs', `--bounding-set=${capabilities}`]
      : [
          '--no-new-privs',
          `--reuid=${service.user}`,
          `--regid=${service.group}`,
          '--init-groups',
          `--inh-caps=${capabilities}`,
          `--ambient-caps=${capabilities}`,
          `--bounding-set=${capabilities}`,
        ];
  // As systemd: nothing of the environment but what is known of the user, and its path.
  const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...service.environment };
  return shellWords([
    'setsid',
    'setpriv',
    '--reset-env',
    ...user,
    '--',
    'env',
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...service.command,
  ]);
}
