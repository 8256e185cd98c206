/**
 * A machine with a real systemd: namespaces of its own over this machine's files (what it writes is gone with it), a network
 * with nothing but loopback, and the emulator of AWS and a metadata service in that network.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MetadataService } from './metadata-service.ts';
import { awsEnvironment, type Answer } from './terraform.ts';

/** Where the emulator of AWS answers on the machine. */
export const awsPort = 5000;

/** Runs in new namespaces, as their first process. */
const init = `#!/bin/bash
set -e
mount --make-rprivate /
mount -t tmpfs machine "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs sysfs sys
mount -t tmpfs cgroup sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs run run
mount -t tmpfs tmp tmp
mkdir tmp/old
pivot_root . tmp/old
umount -l /tmp/old
ip link set lo up
export container=cellstamp-test
exec /lib/systemd/systemd --system --unit=basic.target
`;

export class Machine {
  private constructor(
    private readonly namespaces: ChildProcess,
    private readonly folder: string,
    private readonly pid: number,
  ) {}

  private metadata: MetadataService | undefined;
  private emulator: ChildProcess | undefined;

  /** Boots the machine, undefined where that is not possible: no overlay, no cgroup v2, no systemd. */
  static async boot(): Promise<Machine | undefined> {
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-machine-'));
    const script = join(folder, 'init');
    writeFileSync(script, init, { mode: 0o755 });
    const child = spawn(
      'unshare',
      ['--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc', '--net', '--cgroup', script, folder],
      { stdio: 'ignore' },
    );
    for (let attempt = 0; attempt < 150 && child.exitCode === null; attempt++) {
      await sleep(200);
      const { stdout } = spawnSync('pgrep', ['--parent', String(child.pid)], { encoding: 'utf8' });
      const pid = Number(stdout.trim());
      if (pid === 0) continue;
      const machine = new Machine(child, folder, pid);
      const state = machine.run('systemctl', 'is-system-running').output.trim();
      if (state === 'running' || state === 'degraded') return machine;
    }
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }

  /** The command that runs a command in all or some of the machine's namespaces. */
  private enter(namespaces: '--all' | '--net', command: readonly string[]): [string, ...string[]] {
    return ['nsenter', '--target', String(this.pid), namespaces, ...command];
  }

  /** Runs a command on the machine. */
  run(...command: readonly string[]): Answer {
    const [program, ...args] = this.enter('--all', command);
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...awsEnvironment(awsPort), PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
      maxBuffer: 1 << 26,
    });
    return { status: status ?? 1, output: `${stdout}${stderr}` };
  }

  /** As `run`, but a status other than 0 is an error with the output. */
  succeed(...command: readonly string[]): string {
    const { status, output } = this.run(...command);
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${output}`);
    return output;
  }

  write(path: string, content: string | Uint8Array, mode = '0644'): void {
    const write = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"';
    const [program, ...args] = this.enter('--all', ['sh', '-c', write, 'write', path, mode]);
    const { status, stderr } = spawnSync(program, args, { input: content });
    if (status !== 0) throw new Error(`${path}: ${stderr.toString()}`);
  }

  /**
   * Makes the machine an instance of an emulated AWS: its services find the API and the metadata by the usual variables.
   * Returns the instance's id.
   */
  async joinAws(): Promise<string> {
    const [program, ...args] = this.enter('--net', ['moto_server', '-H', '127.0.0.1', '-p', String(awsPort)]);
    this.emulator = spawn(program, args, { stdio: 'ignore', detached: true });
    for (let attempt = 0; this.run('curl', '-sf', `http://127.0.0.1:${awsPort}/moto-api/`).status !== 0; attempt++) {
      if (attempt > 150) throw new Error('moto_server does not answer');
      await sleep(200);
    }
    const started = this.succeed('aws', 'ec2', 'run-instances', '--image-id', 'ami-12345678', '--count', '1');
    const { InstanceId: instanceId } = (JSON.parse(started) as { Instances: [{ InstanceId: string }] }).Instances[0];
    this.metadata = await MetadataService.start({ instanceId, interfaceId: 'eni-12345678' }, this.enter('--net', []));
    const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, PATH } = awsEnvironment(awsPort);
    const variables = {
      AWS_ENDPOINT_URL,
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: this.metadata.endpoint,
      PATH,
    };
    this.succeed('systemctl', 'set-environment', ...Object.entries(variables).map(([key, value]) => `${key}=${value}`));
    return instanceId;
  }

  shutDown(): void {
    this.metadata?.stop();
    try {
      if (this.emulator?.pid) process.kill(-this.emulator.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    // With the first process of a PID namespace all others end.
    this.namespaces.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
