import { file, type HostFile } from '../../../software/host-config.ts';

/** Units that run a script once a minute, one run at a time. */
export function minutely(
  name: string,
  description: string,
  command: string,
): { readonly timer: string; readonly files: readonly HostFile[] } {
  const unit = (suffix: string, text: string): HostFile => file(`/etc/systemd/system/${name}.${suffix}`, text);
  return {
    timer: `${name}.timer`,
    files: [
      unit(
        'service',
        `[Unit]
Description=${description}

[Service]
Type=oneshot
ExecStart=${command}
TimeoutStartSec=300
Nice=10
`,
      ),
      unit(
        'timer',
        `[Unit]
Description=${description}, once a minute

[Timer]
OnActiveSec=0
OnCalendar=minutely
AccuracySec=5s

[Install]
WantedBy=timers.target
`,
      ),
    ],
  };
}
