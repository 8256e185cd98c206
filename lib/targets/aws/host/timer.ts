import { file, type HostFile } from '../../../software/host-config.ts';

interface Timed {
  /** Of both units. */
  readonly name: string;
  readonly description: string;
  readonly command: string;
  readonly every: 'minute' | 'hour';
}

/** Calendars of systemd, and how exactly they are kept: hosts do not all ask at the same second of an hour. */
const calendars = {
  minute: 'OnCalendar=minutely\nAccuracySec=5s',
  hour: 'OnCalendar=hourly\nRandomizedDelaySec=600',
} as const;

/** Units that run a script again and again, one run at a time. */
export function timed({ name, description, command, every }: Timed): {
  readonly timer: string;
  readonly files: readonly HostFile[];
} {
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
Description=${description}, once ${every === 'hour' ? 'an hour' : 'a minute'}

[Timer]
OnActiveSec=0
${calendars[every]}

[Install]
WantedBy=timers.target
`,
      ),
    ],
  };
}
