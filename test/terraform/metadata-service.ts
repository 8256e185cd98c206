/** Starts the instance metadata service for a host. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { firstOutput } from '../first-output.ts';

export interface InstanceMetadata {
  readonly instanceId: string;
  readonly interfaceId: string;
}

const program = fileURLToPath(new URL('./metadata-service.mjs', import.meta.url));
const mac = '02:00:00:00:00:01';

export class MetadataService {
  private constructor(
    private readonly child: ChildProcess,
    readonly endpoint: string,
  ) {}

  /** @param within a command that runs its arguments in another network */
  static async start(
    { instanceId, interfaceId }: InstanceMetadata,
    within: readonly string[] = [],
  ): Promise<MetadataService> {
    const values = {
      '/latest/meta-data/instance-id': instanceId,
      '/latest/meta-data/mac': mac,
      [`/latest/meta-data/network/interfaces/macs/${mac}/interface-id`]: interfaceId,
    };
    const [command = process.execPath, ...args] = [...within, process.execPath, program, JSON.stringify(values)];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await firstOutput(child);
    return new MetadataService(child, `http://127.0.0.1:${port.trim()}`);
  }

  stop(): void {
    this.child.kill();
  }
}
