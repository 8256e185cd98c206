import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../lib/software/host-config.ts';
import { systemdUnit } from '../../lib/software/systemd.ts';

const service: Service = {
  name: 'relay',
  description: 'Relays 100 % of the audio',
  command: ['/usr/bin/relay', '--config', '/etc/relay.conf'],
  kind: 'daemon',
  phase: 'run',
  user: 'relay',
  group: 'relay',
  capabilities: ['CAP_NET_ADMIN'],
  environment: { GREETING: 'hello world' },
  before: [['/usr/local/lib/cellstamp/relay-prepare']],
  needs: [],
  after: ['network-tuning'],
  runDirectories: ['/run/relay'],
  stateDirectories: ['/var/lib/relay'],
  openFiles: 4242,
  restart: 'always',
  ready: ['/usr/local/lib/cellstamp/relay-ready'],
  readyTimeoutSeconds: 33,
  drain: { command: ['/usr/local/lib/cellstamp/relay-drain'], deadlineSeconds: 600 },
  reload: ['/usr/bin/relayctl', 'reload'],
  stopTimeoutSeconds: 12,
};

/** The values of a setting, in order. */
function settings(unit: string, key: string): readonly string[] {
  return unit
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

/** A command line as systemd.service(5) and systemd.syntax(7) say it is read. */
function words(commandLine: string): readonly string[] {
  const found = [...commandLine.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' };
  return found.map((word) =>
    word
      .replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character)
      .replaceAll('%%', '%')
      .replaceAll('$$', () => '$'),
  );
}

describe('systemdUnit', () => {
  const unit = systemdUnit(service);

  it('prepares as root, in order, before every start', () => {
    expect(settings(unit, 'ExecStartPre')).toEqual([
      '+/usr/bin/systemctl is-active --quiet network-tuning.service',
      '+/usr/bin/install -d -o relay -g relay -m 0750 /run/relay',
      '+/usr/bin/install -d -o relay -g relay -m 0750 /var/lib/relay',
      '+/usr/local/lib/cellstamp/relay-prepare',
    ]);
  });

  it('is started only when the ready check succeeds, within its time', () => {
    expect(words(settings(unit, 'ExecStartPost')[0]!)).toEqual([
      '+/bin/sh',
      '-c',
      'until "$@"; do sleep 0.2; done',
      'ready',
      '/usr/local/lib/cellstamp/relay-ready',
    ]);
    expect(settings(unit, 'TimeoutStartSec')).toEqual(['33']);
  });

  it('is drained before it is stopped, with a deadline, unless it ended by itself', () => {
    expect(words(settings(unit, 'ExecStop')[0]!)).toEqual([
      '-+/bin/sh',
      '-c',
      '[ -z "$MAINPID" ] || exec timeout 600 "$@"',
      'drain',
      '/usr/local/lib/cellstamp/relay-drain',
    ]);
    expect(settings(unit, 'TimeoutStopSec')).toEqual(['612']);
  });

  it('never gives up starting', () => {
    expect(settings(unit, 'Restart')).toEqual(['always']);
    expect(settings(unit, 'StartLimitIntervalSec')).toEqual(['0']);
  });

  it('gives a daemon no capability beside those it asks for, and a system that it can only read', () => {
    expect(settings(unit, 'CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN']);
    expect(settings(unit, 'AmbientCapabilities')).toEqual(['CAP_NET_ADMIN']);
    expect(settings(systemdUnit({ ...service, capabilities: [] }), 'CapabilityBoundingSet')).toEqual(['']);
    expect(settings(unit, 'NoNewPrivileges')).toEqual(['yes']);
    expect(settings(unit, 'ProtectSystem')).toEqual(['strict']);
    expect(settings(unit, 'ReadWritePaths')).toEqual(['-/run/relay -/var/lib/relay']);
    expect(settings(unit, 'LimitNOFILE')).toEqual(['4242']);
  });

  it('leaves a oneshot of root all it needs to set the host up', () => {
    const setUp = systemdUnit({ ...service, kind: 'oneshot', user: 'root', group: 'root', capabilities: [] });
    expect(settings(setUp, 'Type')).toEqual(['oneshot']);
    expect(settings(setUp, 'RemainAfterExit')).toEqual(['yes']);
    expect(settings(setUp, 'CapabilityBoundingSet')).toEqual([]);
    expect(settings(setUp, 'ProtectSystem')).toEqual([]);
  });

  it('doubles what would begin a specifier', () => {
    expect(settings(unit, 'Description')).toEqual(['Relays 100 %% of the audio']);
  });

  it('hands every word of a command on as it is', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '\\', '%', '$', ';', '\n', '\t', '{', 'é') });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (args) => {
        const [line] = settings(systemdUnit({ ...service, command: ['/usr/bin/relay', ...args] }), 'ExecStart');
        expect(words(line!)).toEqual(['/usr/bin/relay', ...args]);
      }),
    );
  });
});
