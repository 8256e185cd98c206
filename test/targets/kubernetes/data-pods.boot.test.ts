/** PostgreSQL and Redis as their StatefulSets start them, each in namespaces of its own, with the container's paths in a folder. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import { describeWith } from '../../requirements.ts';
import { onLaptop } from './cells.ts';

interface Container {
  readonly command: readonly string[];
  readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}

function containerOf(part: string): Container {
  const set = manifests(onLaptop).find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === part)!;
  return (set['spec'] as { template: { spec: { containers: readonly [Container] } } }).template.spec.containers[0];
}

describeWith(['root', 'debian-packages'], 'the data of a cell in its pods', () => {
  let folder: string;
  let pod: ChildProcess | undefined;
  let complaints: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-pods-'));
    chmodSync(folder, 0o755);
    complaints = '';
  });
  afterEach(async () => {
    if (pod?.exitCode === null) {
      pod.kill('SIGKILL');
      await ended();
    }
    rmSync(folder, { recursive: true });
  });

  /** The folders that Kubernetes mounts, and a Secret whose certificate signs itself. */
  function mount(user: string, passwords: Readonly<Record<string, string>>): void {
    for (const name of ['data', 'run', 'secrets']) mkdirSync(join(folder, name));
    const [key, certificate] = ['data_key', 'data_certificate'].map((name) => join(folder, 'secrets', name));
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...ec, '-subj', '/CN=data', '-keyout', key!, '-out', certificate!], {
      stdio: 'ignore',
    });
    writeFileSync(join(folder, 'secrets', 'data_ca_certificate'), readFileSync(certificate!));
    for (const [name, password] of Object.entries(passwords)) setSecret(name, password);
    execFileSync('chown', ['-R', `root:${user}`, folder]);
    execFileSync('chmod', ['-R', 'g+rX', join(folder, 'secrets')]);
    execFileSync('chmod', ['g+rwx', join(folder, 'data'), join(folder, 'run')]);
  }

  const setSecret = (name: string, value: string): void => writeFileSync(join(folder, 'secrets', name), value);

  /** What the kubelet does to a volume for `fsGroup`: the group may do what the owner may, and new files are the group's. */
  function giveToGroup(): void {
    const folders = ['-type', 'd', '-exec', 'chmod', 'ug+rwx,g+s', '{}', '+'];
    execFileSync('find', [join(folder, 'data'), ...folders, '-o', '-exec', 'chmod', 'ug+rw', '{}', '+']);
  }

  const inFolder = (command: readonly string[]): readonly string[] =>
    command.map((word) =>
      word.replace(/\/cellstamp\/(secrets)|\/(run)\/data|\/(data)\b/g, (_, ...names: string[]) =>
        join(folder, names.slice(0, 3).join('')),
      ),
    );

  const as = (user: string): readonly string[] => [
    ...['env', '--ignore-environment', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'],
  ];

  function start(part: string, user: string): void {
    const namespaces = ['--net', '--pid', '--fork', '--kill-child'];
    const up = ['bash', '-c', 'ip link set lo up && exec "$@"', 'pod'];
    pod = spawn('unshare', [...namespaces, ...up, ...as(user), ...inFolder(containerOf(part).command)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    pod.stderr!.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  }

  const ended = (): Promise<void> =>
    new Promise((resolve) => {
      if (pod!.exitCode !== null || pod!.signalCode !== null) resolve();
      else pod!.once('exit', () => resolve());
    });

  /** Beside the container's first process. */
  function inside(user: string, command: readonly string[]): ReturnType<typeof ask> {
    const first = readFileSync(`/proc/${pod!.pid}/task/${pod!.pid}/children`, 'utf8').trim();
    return ask(['nsenter', `--target=${first}`, '--net', '--pid', ...as(user), ...inFolder(command)]);
  }

  const ask = ([program, ...argv]: readonly string[]) =>
    spawnSync(program!, argv, { encoding: 'utf8', timeout: 10_000 });

  async function ready(part: string, user: string): Promise<void> {
    const { command } = containerOf(part).readinessProbe.exec;
    for (let tries = 0; tries < 200; tries++) {
      if (pod!.exitCode !== null) break;
      if (inside(user, command).status === 0) return;
      await sleep(100);
    }
    expect.fail(`${part} does not become ready: ${complaints}`);
  }

  it('PostgreSQL starts again on a volume of the kubelet’s, and its owner has the new password', async () => {
    mount('postgres', { database_admin_password: 'first' });
    start('database', 'postgres');
    await ready('database', 'postgres');
    // It ends with the container's first process.
    inside('postgres', containerOf('database').lifecycle!.preStop.exec.command);
    await ended();

    giveToGroup();
    setSecret('database_admin_password', 'second');
    start('database', 'postgres');
    await ready('database', 'postgres');
    const logIn = (password: string) =>
      inside('postgres', [
        ...['psql', '--no-psqlrc', '-At', '--command=SELECT current_user'],
        `postgresql://cellstamp_admin:${password}@127.0.0.1/cellstamp?sslmode=require`,
      ]);
    expect(logIn('second').stdout).toBe('cellstamp_admin\n');
    expect(logIn('first').stderr).toMatch(/password authentication failed/);
  });

  it('Redis is in service with the password that it started with, after the Secret has another one', async () => {
    mount('redis', { redis_password: 'first' });
    start('redis', 'redis');
    await ready('redis', 'redis');
    const { command } = containerOf('redis').readinessProbe.exec;
    expect(inside('redis', command).status).toBe(0);
    setSecret('redis_password', 'second');
    expect(inside('redis', command).status).toBe(0);
  });

  it('Redis is not in service while it does not answer', async () => {
    mount('redis', { redis_password: 'first' });
    start('redis', 'redis');
    await ready('redis', 'redis');
    const first = readFileSync(`/proc/${pod!.pid}/task/${pod!.pid}/children`, 'utf8').trim();
    process.kill(Number(first), 'SIGSTOP');
    const { command } = containerOf('redis').readinessProbe.exec;
    const namespaces = ['nsenter', `--target=${first}`, '--net', ...as('redis'), 'timeout', '2', ...inFolder(command)];
    expect(ask(namespaces).status).not.toBe(0);
  });
});
