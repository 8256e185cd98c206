/**
 * A real cluster of several nodes on this machine, by the commands of a folder outside of the project (see CONTRIBUTING.md): `up NODES
 * ARCHIVE...`, `kubectl`, `on NODE COMMAND...`, `power-cut NODE`, `node NODE`, `down wipe`. Their files are in a folder of their own.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellWord } from '../../../lib/software/shell-quote.ts';
import { run, type Outcome } from '../../../lib/targets/local/run.ts';
import { clusterCommands } from '../../requirements.ts';

/** Of the control plane, which is also the router of the nodes; its bridge is their link. */
export const router = { namespace: 'k8s-cp', bridge: 'kbr0', address: '10.77.0.1' } as const;

export const nodeAddress = (node: number): string => `10.77.0.${10 + node}`;
export const nodeName = (node: number): string => `n${node}`;

export class Cluster {
  readonly #folder: string;
  readonly #commands: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #guard: ChildProcess;

  private constructor() {
    const { commands, programs } = clusterCommands()!;
    this.#commands = commands;
    this.#folder = mkdtempSync(join(tmpdir(), 'cellstamp-cluster-'));
    this.#environment = { K8S_DIR: this.#folder, K8S_BIN: programs };
    // In memory, 2 GB: five nodes unpack the images, and all of their files go at once.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8g', 'cellstamp-cluster', this.#folder]);
    // Whatever ends this process closes the pipe, and then the cluster goes.
    this.#guard = spawn(
      'sh',
      ['-c', 'cat >/dev/null; "$0" >/dev/null 2>&1; umount -l "$K8S_DIR"; rmdir "$K8S_DIR"', this.#path('down')],
      {
        env: { ...process.env, ...this.#environment },
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      },
    );
  }

  /** @throws Error where there is a cluster: the names of its parts are the machine's */
  static async requireNone(): Promise<void> {
    const { stdout } = await run(['ip', 'netns', 'list']);
    if (stdout.includes(router.namespace)) throw new Error('a cluster is up on this machine, and there can be one');
  }

  /** @param archives images that every node loads */
  static async up(nodes: number, archives: readonly string[]): Promise<Cluster> {
    const cluster = new Cluster();
    try {
      await cluster.#command('up', String(nodes), ...archives);
    } catch (error) {
      await cluster.down();
      throw error;
    }
    return cluster;
  }

  async down(): Promise<void> {
    const gone = new Promise((resolve) => this.#guard.once('close', resolve));
    this.#guard.stdin!.end();
    await gone;
  }

  #path(name: string): string {
    return join(this.#commands, name);
  }

  async #command(name: string, ...words: readonly string[]): Promise<string> {
    return checked(
      await run([this.#path(name), ...words], { environment: this.#environment }),
      `${name} ${words.join(' ')}`,
    );
  }

  /** @throws Error when it fails */
  async kubectl(words: readonly string[], input?: string): Promise<string> {
    return checked(await this.tryKubectl(words, input), `kubectl ${words.join(' ')}`);
  }

  tryKubectl(words: readonly string[], input?: string): Promise<Outcome> {
    return run([this.#path('kubectl'), ...words], {
      environment: this.#environment,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** A folder with the command `kubectl` for this cluster, for the path of a program that runs it. */
  kubectlFolder(): string {
    const folder = join(this.#folder, 'bin');
    mkdirSync(folder, { recursive: true });
    const variables = Object.entries(this.#environment).map(([name, value]) => `${name}=${shellWord(value)}`);
    const text = `#!/bin/sh\nexec env ${variables.join(' ')} ${shellWord(this.#path('kubectl'))} "$@"\n`;
    writeFileSync(join(folder, 'kubectl'), text, { mode: 0o755 });
    return folder;
  }

  async get<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', ...words, '--output=json'])) as T;
  }

  /** Runs a command on a node. */
  on(node: number, ...argv: readonly string[]): Promise<string> {
    return this.#command('on', String(node), ...argv);
  }

  async load(node: number, archive: string): Promise<void> {
    await this.on(node, 'ctr', '--namespace', 'k8s.io', 'images', 'import', archive);
  }

  async powerCut(node: number): Promise<void> {
    await this.#command('power-cut', String(node));
  }

  /** Ends the kubelet of a node, and nothing else there; what it was started by waits. */
  async killKubelet(node: number): Promise<void> {
    await this.on(node, 'pkill', '-KILL', '-x', 'kubelet');
  }

  /** Starts the kubelet of a node again. */
  async startKubelet(node: number): Promise<void> {
    const name = nodeName(node);
    const { K8S_DIR: folder, K8S_BIN: programs } = this.#environment;
    const own = `${folder}/nodes/${name}`;
    const words = [`--config=${own}/kubelet.yaml`, `--kubeconfig=${folder}/kc/${name}.kubeconfig`];
    const identity = [`--hostname-override=${name}`, `--node-ip=${nodeAddress(node)}`, '--root-dir=/var/lib/kubelet'];
    const command = [`${programs}/kubelet`, ...words, ...identity].map(shellWord).join(' ');
    await this.on(node, 'sh', '-c', `setsid ${command} >>${folder}/log/${name}-kubelet.log 2>&1 </dev/null &`);
  }

  /** API server, controllers and scheduler stand still: whoever asks them gets no answer. */
  freezeControlPlane(): Promise<void> {
    return this.#signal('STOP');
  }

  thawControlPlane(): Promise<void> {
    return this.#signal('CONT');
  }

  async #signal(signal: 'STOP' | 'CONT'): Promise<void> {
    const files = ['apiserver', 'kcm', 'sched'].map((name) => `${this.#folder}/run/${name}.pid`);
    // The number in the file is of the command that runs it in its namespace, and becomes it.
    await run(['sh', '-c', `cat ${files.map(shellWord).join(' ')} | xargs kill -${signal}`]);
  }

  async boot(node: number): Promise<void> {
    // Without power there are no control groups, and the kubelet looks for the containers of those that there are.
    await run(['sh', '-c', `find /sys/fs/cgroup/*/k8s-${nodeName(node)}/* -depth -type d -exec rmdir {} +`]);
    await this.#command('node', String(node));
  }
}

function checked({ status, stdout, stderr }: Outcome, what: string): string {
  if (status !== 0) throw new Error(`${what} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}
