/** A fresh AWS API emulator (moto) on loopback. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { awsEnvironment } from './terraform.ts';

/** A Debian 12 image that the emulator knows, so that the look-up of the image is tested too. */
export const debianImage = 'ami-0debian1200000001';

const images = [
  {
    ami_id: debianImage,
    name: 'debian-12-amd64-20250316-2053',
    owner_id: '136693071363',
    public: true,
    state: 'available',
    architecture: 'x86_64',
    virtualization_type: 'hvm',
    hypervisor: 'xen',
    root_device_type: 'ebs',
    root_device_name: '/dev/xvda',
    image_type: 'machine',
    image_location: 'amazon/debian-12-amd64-20250316-2053',
    description: 'Debian 12',
    sriov: 'simple',
  },
];

export class Emulator {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<Emulator> {
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-emulator-'));
    writeFileSync(join(folder, 'images.json'), JSON.stringify(images));
    const port = await freePort();
    const child = spawn('moto_server', ['--host', '127.0.0.1', '--port', String(port)], {
      stdio: 'ignore',
      detached: true,
      env: {
        ...process.env,
        MOTO_AMIS_PATH: join(folder, 'images.json'),
        MOTO_IAM_LOAD_MANAGED_POLICIES: 'true',
      },
    });
    const emulator = new Emulator(port, child, folder);
    for (let attempt = 0; attempt < 200; attempt++) {
      if (child.exitCode !== null) break;
      const answer = await fetch(`${emulator.endpoint}/moto-api/`).catch(() => undefined);
      if (answer?.ok) return emulator;
      await sleep(100);
    }
    emulator.stop();
    throw new Error('moto_server does not answer');
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Amazon's own list of the addresses from which it checks health, which the emulator does not have. */
  addHealthCheckers(region: string): void {
    const list = [
      'ec2',
      'create-managed-prefix-list',
      '--prefix-list-name',
      `com.amazonaws.${region}.route53-healthchecks`,
    ];
    execFileSync('aws', [...list, '--max-entries', '1', '--address-family', 'IPv4', '--region', region], {
      env: awsEnvironment(this.port),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  stop(): void {
    try {
      // Its launcher may have made a child: the whole group.
      process.kill(-this.child.pid!, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
