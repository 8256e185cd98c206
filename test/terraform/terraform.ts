/** Real Terraform with the real AWS provider, in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { providerMirror } from '../requirements.ts';

/** A synthesised configuration, as much of it as the tests touch. */
export interface Configuration {
  readonly terraform: Record<string, unknown>;
  readonly provider: { readonly aws: readonly Record<string, unknown>[] };
  readonly resource: Record<string, Record<string, Record<string, unknown>>>;
  data?: Record<string, unknown>;
  readonly output?: Record<string, unknown>;
}

export interface Answer {
  readonly status: number;
  readonly output: string;
}

/** Keys that no service knows, and no way to a real one. */
const nowhere = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'eu-west-1',
  // The same for the first version of the AWS command line.
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  NO_PROXY: '127.0.0.1',
};

/** The environment of a program that is to speak to an emulator on loopback; port 9 answers nobody. */
export function awsEnvironment(port = 9): NodeJS.ProcessEnv {
  return { ...process.env, ...nowhere, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
}

/**
 * For a test: no real account is asked, and the state lies beside the configuration.
 */
export function offline(configuration: Configuration): Configuration {
  return {
    ...configuration,
    terraform: { ...configuration.terraform, backend: { local: { path: 'terraform.tfstate' } } },
    provider: {
      aws: configuration.provider.aws.map((aws) => ({
        ...aws,
        skip_credentials_validation: true,
        skip_metadata_api_check: true,
        skip_requesting_account_id: true,
        skip_region_validation: true,
        s3_use_path_style: true,
        max_retries: 5,
      })),
    },
  };
}

/** The configuration without some resources; what refers to them gets a word in their place. */
export function without(
  configuration: Configuration,
  leaveOut: (type: string, name: string) => boolean,
): Configuration {
  const left: string[] = [];
  const resource: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const [type, resources] of Object.entries(configuration.resource)) {
    for (const [name, body] of Object.entries(resources)) {
      if (leaveOut(type, name)) left.push(`${type}.${name}`);
      else (resource[type] ??= {})[name] = body;
    }
  }
  let text = JSON.stringify({ ...configuration, resource });
  for (const address of left) {
    const escaped = address.replace(/[.-]/g, '\\$&');
    text = text
      .replace(new RegExp(`"${escaped}",?`, 'g'), '')
      .replace(new RegExp(`\\$\\{${escaped}\\.[^}]*\\}`, 'g'), 'left-out');
  }
  return JSON.parse(text.replaceAll(/,\]/g, ']')) as Configuration;
}

/** A working folder of Terraform. */
export class TerraformFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'cellstamp-terraform-'));
  readonly environment: NodeJS.ProcessEnv;

  constructor(port?: number) {
    const cliConfiguration = join(this.path, 'cli.tfrc');
    const mirror = providerMirror();
    writeFileSync(
      cliConfiguration,
      mirror === undefined
        ? ''
        : `provider_installation {\n  filesystem_mirror { path = ${JSON.stringify(mirror)} }\n}\n`,
    );
    this.environment = {
      ...awsEnvironment(port),
      TF_CLI_CONFIG_FILE: cliConfiguration,
      TF_IN_AUTOMATION: '1',
      CHECKPOINT_DISABLE: '1',
    };
  }

  write(configuration: Configuration): void {
    writeFileSync(join(this.path, 'cdk.tf.json'), JSON.stringify(configuration, null, 1));
  }

  /** Runs one command; its output is standard output and error together. */
  async run(...args: readonly string[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = spawn('terraform', args, { cwd: this.path, env: this.environment });
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString() }));
    });
  }

  /** As `run`, but a status other than 0 (or one of those allowed) is an error with the output. */
  async succeed(args: readonly string[], allowed: readonly number[] = [0]): Promise<Answer> {
    const answer = await this.run(...args);
    if (!allowed.includes(answer.status)) {
      throw new Error(`terraform ${args.join(' ')} ended with ${answer.status}:\n${answer.output}`);
    }
    return answer;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
