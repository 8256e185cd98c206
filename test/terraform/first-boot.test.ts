/** A host's first boot under a real systemd: from what user data leaves to services that run, logs and metrics that arrive. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootScript, bootScriptPath, bootUnit, bootUnitPath } from '../../lib/targets/aws/host/boot.ts';
import { cellBundleFiles } from '../../lib/targets/aws/host/cell-bundle.ts';
import { tar } from '../../lib/targets/aws/host/tar.ts';
import { late } from '../../lib/fleet/late-bound.ts';
import { emptyHostConfig, file, service, type HostConfig, type Service } from '../../lib/software/host-config.ts';
import { values } from '../../lib/software/values.ts';
import { cellOf, minimal } from '../targets/aws/synth.ts';
import { describeWith } from '../requirements.ts';
import { Machine } from './machine.ts';

const cell = cellOf(minimal);
const host = cell.media[0]!;
const name = { site: cell.name, host: host.name, region: 'eu-west-1' };

const simple = (part: Partial<Service> & Pick<Service, 'name' | 'command'>) =>
  service({ description: part.name, user: 'root', ready: ['/bin/true'], readyTimeoutSeconds: 20, ...part });

/** A program that is on every Debian, with what a real one has: a file with a secret, an order, a kernel setting. */
const config = (greeting: string, reloaded = 'once'): HostConfig => ({
  ...emptyHostConfig,
  packages: ['bash'],
  files: [
    file(
      '/etc/hello/hello.conf',
      `greeting=${greeting}\naddress=${late(values.publicAddress.name)}\nsecret=${late(values.eventSocketPassword.name)}\n`,
      { mode: '0640', group: 'daemon' },
    ),
    file('/etc/hello/reloaded.conf', `${reloaded}\n`, { change: 'reload' }),
    file('/etc/hello/token', `${late(values.signalwireToken.name)}\n`, { change: 'nothing' }),
  ],
  services: [
    simple({ name: 'prepare', command: ['/bin/true'], kind: 'oneshot' }),
    simple({
      name: 'hello',
      command: ['/bin/bash', '-c', '. /etc/hello/hello.conf; echo "hello says $greeting"; exec sleep infinity'],
      after: ['prepare'],
      reload: ['/usr/bin/touch', '/run/hello-reloaded'],
    }),
    simple({ name: 'bought', command: ['/bin/true'], kind: 'oneshot', needs: [values.signalwireToken] }),
    simple({ name: 'extra', command: ['/bin/sleep', 'infinity'], after: ['bought'] }),
  ],
  sysctl: { 'net.ipv4.ip_nonlocal_bind': '1' },
  values: [values.publicAddress, values.eventSocketPassword, values.signalwireToken],
});

describeWith(['root', 'checkers', 'moto_server'], 'the first boot of a host', () => {
  let machine: Machine;
  let instance: string;

  beforeAll(async () => {
    const booted = await Machine.boot();
    if (!booted) throw new Error('no machine with a systemd of its own: needs overlay and cgroup v2');
    machine = booted;
    instance = await machine.joinAws();
    machine.succeed('ip', 'address', 'add', `${host.address}/24`, 'dev', 'lo');
    machine.succeed('aws', 's3', 'mb', 's3://bundles');
    machine.succeed('aws', 'secretsmanager', 'create-secret', '--name', 'token');
    machine.succeed('aws', 'logs', 'create-log-group', '--log-group-name', '/cellstamp/euw1-a/hosts');
    machine.write(bootScriptPath, bootScript(name), '0755');
    machine.write(bootUnitPath, bootUnit(name));
  });
  afterAll(() => machine?.shutDown());

  /** What Terraform does: the bundle by its hash, and the parameter that names it. */
  function configure(greeting: string, reloaded?: string): void {
    const archive = tar(cellBundleFiles(cell, host, undefined, config(greeting, reloaded)));
    const sha256 = createHash('sha256').update(archive).digest('hex');
    machine.write('/tmp/bundle', gzipSync(archive));
    machine.succeed('aws', 's3', 'cp', '/tmp/bundle', `s3://bundles/media-1/${sha256}.tar.gz`);
    const value = JSON.stringify({
      bundle: sha256,
      bucket: 'bundles',
      values: { public_address: '203.0.113.7' },
      secrets: { signalwireToken: 'token' },
    });
    machine.succeed(
      ...['aws', 'ssm', 'put-parameter', '--overwrite', '--type', 'String'],
      ...['--name', '/cellstamp/euw1-a/media-1', '--value', value],
    );
  }

  const boot = () => machine.run('systemctl', 'restart', 'cellstamp-boot.service');
  const show = (unit: string, property: string) =>
    machine.succeed('systemctl', 'show', '--value', `--property=${property}`, unit).trim();

  it('brings the host from nothing to running services, with its values in place', () => {
    configure('Servus');
    const { status } = boot();
    expect(status, machine.run('journalctl', '--no-pager', '-u', 'cellstamp-boot').output).toBe(0);
    expect(show('hello.service', 'ActiveState')).toBe('active');
    expect(show('prepare.service', 'ActiveState')).toBe('active');
    expect(machine.succeed('cat', '/etc/hello/hello.conf')).toMatch(
      /^greeting=Servus\naddress=203\.0\.113\.7\nsecret=[0-9a-f]{64}\n$/,
    );
    expect(machine.succeed('stat', '-c', '%a %U:%G', '/etc/hello/hello.conf').trim()).toBe('640 root:daemon');
    expect(machine.succeed('sysctl', '--values', 'net.ipv4.ip_nonlocal_bind').trim()).toBe('1');
    expect(machine.succeed('aws', 'ec2', 'describe-tags', '--filters', `Name=resource-id,Values=${instance}`)).toMatch(
      /"Key": "cellstamp-state",[^}]*"Value": "ready without bought extra"/,
    );
    expect(show('extra.service', 'ActiveState')).toBe('inactive');
    expect(machine.run('systemctl', 'is-enabled', 'extra.service').output.trim()).toBe('disabled');
    expect(
      machine.succeed('systemctl', 'is-enabled', 'hello.service', 'cellstamp-logs.timer', 'cellstamp-addresses.timer'),
    ).toBe('enabled\nenabled\nenabled\n');
  });

  it('upgrades no package by itself from then on', () => {
    for (const unit of ['apt-daily.timer', 'apt-daily-upgrade.timer', 'unattended-upgrades.service']) {
      expect(machine.run('systemctl', 'is-enabled', unit).output.trim(), unit).toBe('masked');
    }
  });

  it('leaves everything alone when it runs again and nothing has changed', () => {
    const before = [show('hello.service', 'MainPID'), machine.succeed('cat', '/etc/hello/hello.conf')];
    expect(boot().status).toBe(0);
    expect([show('hello.service', 'MainPID'), machine.succeed('cat', '/etc/hello/hello.conf')]).toEqual(before);
  });

  it('takes a new configuration up, and keeps the secret that the host made', () => {
    const [pid, secret] = [
      show('hello.service', 'MainPID'),
      machine.succeed('tail', '-n', '1', '/etc/hello/hello.conf'),
    ];
    configure('Moin');
    expect(boot().status).toBe(0);
    expect(show('hello.service', 'MainPID')).not.toBe(pid);
    expect(machine.succeed('cat', '/etc/hello/hello.conf')).toBe(`greeting=Moin\naddress=203.0.113.7\n${secret}`);
    expect(machine.succeed('ls', '/var/lib/cellstamp/host/bundles').trim().split('\n')).toHaveLength(2);
  });

  it('reloads what can, and restarts nothing, where only such a file has changed', () => {
    const pid = show('hello.service', 'MainPID');
    configure('Moin', 'twice');
    expect(boot().status).toBe(0);
    expect(machine.run('test', '-e', '/run/hello-reloaded').status).toBe(0);
    expect(show('hello.service', 'MainPID')).toBe(pid);
  });

  it('starts what was off once its value is filled in, and restarts nothing else', () => {
    const pid = show('hello.service', 'MainPID');
    const put = ['put-secret-value', '--secret-id', 'token', '--secret-string', 'a-token'];
    machine.succeed('aws', 'secretsmanager', ...put);
    expect(boot().status).toBe(0);
    expect(show('extra.service', 'ActiveState')).toBe('active');
    expect(show('hello.service', 'MainPID')).toBe(pid);
    expect(machine.succeed('aws', 'ec2', 'describe-tags', '--filters', `Name=resource-id,Values=${instance}`)).toMatch(
      /"Key": "cellstamp-state",[^}]*"Value": "ready"/,
    );
  });

  it('sends the journal to CloudWatch Logs, each line once', () => {
    machine.succeed('systemctl', 'start', 'cellstamp-logs.service');
    machine.succeed('systemctl', 'start', 'cellstamp-logs.service');
    const { events } = JSON.parse(
      machine.succeed(
        ...['aws', 'logs', 'filter-log-events', '--log-group-name', '/cellstamp/euw1-a/hosts'],
        ...['--log-stream-names', 'media-1'],
      ),
    ) as { events: { message: string }[] };
    const said = events.map(({ message }) => message).filter((message) => message.includes('hello says'));
    expect(said).toEqual(['bash: hello says Servus', 'bash: hello says Moin']);
  });

  it('says in the log group, with all that it printed, at which step it failed', () => {
    machine.write('/tmp/bundle', 'no bundle');
    const sha256 = '0'.repeat(64);
    machine.succeed('gzip', '--keep', '--force', '/tmp/bundle');
    machine.succeed('aws', 's3', 'cp', '/tmp/bundle.gz', `s3://bundles/media-1/${sha256}.tar.gz`);
    const value = JSON.stringify({ bundle: sha256, bucket: 'bundles', values: {}, secrets: {} });
    machine.succeed(
      ...['aws', 'ssm', 'put-parameter', '--overwrite', '--type', 'String'],
      ...['--name', '/cellstamp/euw1-a/media-1', '--value', value],
    );
    expect(boot().status).not.toBe(0);
    const { events } = JSON.parse(
      machine.succeed(
        ...['aws', 'logs', 'get-log-events', '--log-group-name', '/cellstamp/euw1-a/hosts'],
        ...['--log-stream-name', 'media-1-boot'],
      ),
    ) as { events: { message: string }[] };
    expect(events).toHaveLength(1);
    expect(events[0]!.message).toMatch(/^boot: fetching the bundle$[^]*^boot: FAILED: verifying the bundle$/m);
    expect(machine.succeed('systemctl', 'show', '--property=StandardOutput', 'cellstamp-boot.service').trim()).toBe(
      'StandardOutput=journal+console',
    );
  });

  it('publishes whether the host is healthy, and nothing that it cannot read', () => {
    const health = () => {
      machine.succeed('systemctl', 'start', 'cellstamp-metrics.service');
      return machine.succeed('cat', '/run/cellstamp/host/metrics.json');
    };
    const published = JSON.parse(health()) as { MetricName: string; Value: number }[];
    const value = (metric: string) => published.find(({ MetricName }) => MetricName === metric)?.Value;
    expect(value('HostHealthy')).toBe(1);
    expect(value('MemoryAvailable')).toBeGreaterThan(0);
    // There is no relay and no network card here: unknown, not zero.
    expect(value('RelaySessions')).toBeUndefined();
    expect(value('PacketsExceeded')).toBeUndefined();
    expect(machine.succeed('aws', 'cloudwatch', 'list-metrics', '--namespace', 'Cellstamp')).toContain('HostHealthy');
    machine.succeed('systemctl', 'stop', 'hello.service');
    expect(health()).toMatch(/"MetricName": "HostHealthy",\s+"Value": 0/);
  });
});
