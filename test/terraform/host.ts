/** A host's scripts, run for real: with /run and /var/lib of their own, against the emulator and a metadata service. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MetadataService, type InstanceMetadata } from './metadata-service.ts';
import { awsEnvironment, type Answer } from './terraform.ts';

/** Mounts of the host's own, gone with the last of its processes. */
const ownFolders = `
set -e
mount -t tmpfs own /run
mount -t tmpfs own /var/lib
mkdir -p /run/cellstamp /var/lib/cellstamp
mount --bind "$HOST/run" /run/cellstamp
mount --bind "$HOST/state" /var/lib/cellstamp
exec "$@"
`;

export class Host {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cellstamp-host-'));

  private constructor(
    private readonly metadata: MetadataService,
    private readonly awsPort: number,
  ) {
    mkdirSync(join(this.folder, 'run'));
    mkdirSync(join(this.folder, 'state'));
  }

  static async boot(instance: InstanceMetadata, awsPort: number): Promise<Host> {
    return new Host(await MetadataService.start(instance), awsPort);
  }

  /** A file or folder of the host, as the test sees it. */
  path(path: string): string {
    return join(this.folder, path);
  }

  /** Writes a file of the host: below `run` for /run/cellstamp, below `state` for /var/lib/cellstamp. */
  write(path: string, content: string | Uint8Array): string {
    const target = this.path(path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content, { mode: 0o755 });
    return target;
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /** Unpacks a bundle and returns its folder. */
  unpack(gzip: Uint8Array): string {
    const target = this.path('bundle');
    mkdirSync(target);
    const { status, stderr } = spawnSync('tar', ['-x', '-C', target], { input: gunzipSync(gzip) });
    if (status !== 0) throw new Error(stderr.toString());
    return target;
  }

  run(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = spawn(
        'unshare',
        ['--mount', '--propagation', 'private', 'bash', '-c', ownFolders, 'own-folders', ...command],
        {
          cwd: this.folder,
          env: {
            ...awsEnvironment(this.awsPort),
            AWS_EC2_METADATA_SERVICE_ENDPOINT: this.metadata.endpoint,
            HOST: this.folder,
            ...environment,
          },
        },
      );
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString() }));
    });
  }

  /** Its processes have ended: every test waits for what it runs. */
  shutDown(): void {
    this.metadata.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
