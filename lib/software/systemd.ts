/**
 * A service as a systemd unit, for targets whose hosts run systemd. The unit keeps the service's contract: prepared as root,
 * ready before others go on, drained before it stops, restarted for as long as it takes.
 */
import type { Command, Service } from './host-config.ts';

/** Name of a service's unit: `kamailio.service`. A package's own unit of that name is covered by it. */
export function unitName(service: Pick<Service, 'name'>): string {
  return `${service.name}.service`;
}

/**
 * Text of `/etc/systemd/system/NAME.service`. Daemons get the capabilities they ask for and a system they can only read; a
 * oneshot of root is part of setting the host up (it installs packages, sets interrupts) and has all of it.
 */
export function systemdUnit(service: Service): string {
  const unit = [
    line('Description', specifiers(service.description)),
    'Wants=network-online.target',
    'After=network-online.target',
    // Wanted and not required: a dependency that fails at first is started again, and so is this service, until both are up.
    ...service.after.flatMap((name) => [`Wants=${name}.service`, `After=${name}.service`]),
    // Never gives up.
    'StartLimitIntervalSec=0',
  ];
  const start = [
    line('Type', service.kind === 'oneshot' ? 'oneshot' : 'exec'),
    ...(service.kind === 'oneshot' ? ['RemainAfterExit=yes'] : []),
    // "+" is root outside the sandbox. A dependency that is not ready fails this start, and the next attempt comes in a second.
    ...service.after.map((name) => `ExecStartPre=+/usr/bin/systemctl is-active --quiet ${name}.service`),
    ...directories(service).map(
      (path) =>
        `ExecStartPre=+/usr/bin/install -d -o ${service.user} -g ${service.group} -m 0750 ${commandLine([path])}`,
    ),
    ...service.before.map((command) => `ExecStartPre=+${commandLine(command)}`),
    line('ExecStart', commandLine(service.command)),
    // The service counts as started once it does its work.
    line(
      'ExecStartPost',
      `+${commandLine(['/bin/sh', '-c', 'until "$@"; do sleep 0.2; done', 'ready', ...service.ready])}`,
    ),
    line('TimeoutStartSec', String(service.readyTimeoutSeconds)),
  ];
  const stop = [
    ...(service.reload ? [`ExecReload=+${commandLine(service.reload)}`] : []),
    ...(service.drain
      ? [
          // Not after the service ended by itself: then there is nothing to drain.
          `ExecStop=-+${commandLine([
            '/bin/sh',
            '-c',
            `[ -z "$MAINPID" ] || exec timeout ${service.drain.deadlineSeconds} "$@"`,
            'drain',
            ...service.drain.command,
          ])}`,
        ]
      : []),
    line('TimeoutStopSec', String((service.drain?.deadlineSeconds ?? 0) + service.stopTimeoutSeconds)),
    'KillMode=mixed',
    line('Restart', service.restart),
    'RestartSec=1',
  ];
  const user = [
    line('User', service.user),
    line('Group', service.group),
    ...Object.entries(service.environment).map(([name, value]) => line('Environment', quote(`${name}=${value}`))),
    line('LimitNOFILE', String(service.openFiles)),
    ...(setsUpHost(service) ? [] : [line('CapabilityBoundingSet', service.capabilities.join(' '))]),
    ...(service.user === 'root' ? [] : [line('AmbientCapabilities', service.capabilities.join(' '))]),
  ];
  const sandbox = [
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${writable(service)
      .map((path) => `-${path}`)
      .join(' ')}`,
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'ProtectControlGroups=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelLogs=yes',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    ...(service.user === 'root' ? [] : ['ProtectKernelTunables=yes', 'PrivateDevices=yes', 'RestrictRealtime=yes']),
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET',
    'RestrictNamespaces=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
  ];
  const section = (title: string, lines: readonly string[]) => `# ${title}\n${lines.join('\n')}\n`;
  return `# Made from the cell's definition.

[Unit]
${unit.join('\n')}

[Service]
${section('Start', start)}
${section('Stop and restart', stop)}
${section('User and limits', user)}
${setsUpHost(service) ? '' : `${section('Sandbox', sandbox)}\n`}[Install]
WantedBy=multi-user.target
`;
}

function line(key: string, value: string): string {
  return `${key}=${value}`;
}

/** Doubles the characters that begin a specifier. */
function specifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

/**
 * One word of a command line or of Environment=. Always between double quotes unless it is plain, with `%` and `$` doubled;
 * systemd knows the escapes of C.
 */
function quote(word: string): string {
  const escaped = specifiers(word)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** A command as a line of a unit. */
function commandLine([program, ...args]: Command): string {
  return [program, ...args].map((word) => quote(word).replaceAll('$', '$$$$')).join(' ');
}

/** Directories that the service owns; made before every start, since /run is empty after a boot. */
function directories(service: Service): readonly string[] {
  return [...service.runDirectories, ...service.stateDirectories];
}

function setsUpHost(service: Service): boolean {
  return service.user === 'root' && service.kind === 'oneshot';
}

/** Where a daemon may write although the system is read-only to it. */
function writable(service: Service): readonly string[] {
  return service.user === 'root' ? ['/run', '/var'] : directories(service);
}
