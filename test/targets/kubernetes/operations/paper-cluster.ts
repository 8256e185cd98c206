/** A cell of which nothing is there but what the API server and its SBCs say of it. Each command of kubectl takes its time by the clock. */
import { vi } from 'vitest';
import { probeProgram } from '../../../../lib/software/probe/paths.ts';
import { cellOnNodes } from '../../../../lib/targets/kubernetes/cell-on-nodes.ts';
import { nodeHosts } from '../../../../lib/targets/kubernetes/names.ts';
import type { Kubectl } from '../../../../lib/targets/kubernetes/operations/kubectl.ts';
import { minimal } from '../cells.ts';

interface PaperHost {
  readonly role: string;
  readonly number: number;
  /** Of its pod; another one has another. */
  uid: number;
  /** Whether its pod is what was applied. */
  isCurrent: boolean;
  isReady: boolean;
  /** Whether its program is, whatever else the pod has. */
  answers: boolean;
  isDeleted: boolean;
  /** Whether its SBC is drained; its pod is not ready then, once its probes have asked. */
  isWithdrawn: boolean;
  nodeIsReady: boolean;
  /** Whether the API server still says of the pod what it said last: of a drained SBC for 10 s, of a dead node for 40 s. */
  isOldNews: boolean;
  readonly annotations: Record<string, string>;
}

const secondsOfCommand = 5;

export class PaperCluster implements Kubectl {
  readonly hosts: Readonly<Record<string, PaperHost>>;
  active: string | undefined = 'sbc-1';
  readonly drained = new Set<number>();
  /** Hosts whose pods were deleted, in this order. */
  readonly replaced: string[] = [];
  /** Numbers of the hosts that were drained when a pod was deleted. */
  readonly drainedMeanwhile: (readonly number[])[] = [];
  /** The host at whose deletion the connection breaks. */
  breaksAt: string | undefined;

  constructor() {
    this.hosts = Object.fromEntries(
      nodeHosts(cellOnNodes(minimal)).map(({ name, role, number }) => [
        name,
        {
          ...{ role, number, uid: 1, isCurrent: false, isReady: true, answers: true, isDeleted: false },
          ...{ isWithdrawn: false, nodeIsReady: true, isOldNews: false, annotations: {} },
        },
      ]),
    );
  }

  async run(words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.ask(words);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  async ask(words: readonly string[]) {
    vi.setSystemTime(Date.now() + secondsOfCommand * 1000);
    const said = (stdout: string) => ({ status: 0, stdout, stderr: '' });
    const [verb, ...rest] = words;
    if (verb === 'exec') return this.#exec(rest[1]!.split('.')[0]!, rest.slice(rest.indexOf('--') + 1));
    if (verb === 'delete' && rest[0] === 'pod') return said(this.#deletePod(rest[1]!.split('.')[0]!));
    if (verb === 'annotate') return said(this.#annotate(rest[1]!, rest[2]!));
    if (verb === 'get') {
      if (rest[0] === 'pods')
        return said(JSON.stringify({ items: Object.keys(this.hosts).map((one) => this.#pod(one)) }));
      if (rest[0] === 'daemonset') return said(JSON.stringify(this.#daemonSet(rest[1]!)));
      if (rest[0] === 'node') return said(JSON.stringify(this.#node(rest[1]!)));
    }
    throw new Error(`nobody says ${words.join(' ')}`);
  }

  #exec(name: string, argv: readonly string[]) {
    const { nodeIsReady, answers } = this.hosts[name]!;
    if (!nodeIsReady || !answers) return { status: 1, stdout: '', stderr: 'no route to host' };
    for (const [, change, host] of argv.join(' ').matchAll(/htable\.(seti|delete) drains s:(\d+)/g)) {
      if (change === 'seti') this.drained.add(Number(host));
      else this.drained.delete(Number(host));
    }
    if (argv.join(' ').includes('touch ')) this.#withdraw(name, true);
    if (argv[0] === '/bin/rm') this.#withdraw(name, false);
    // Whoever has no probe says nothing.
    if (argv.includes(probeProgram)) return { status: 0, stdout: '', stderr: '' };
    if (argv.join(' ').includes('echo yes'))
      return { status: 0, stdout: this.hosts[name]!.isWithdrawn ? 'yes\n' : '', stderr: '' };
    const stdout = argv.includes('synced')
      ? 'value: 1\n'
      : argv[0] === 'cat'
        ? `active=i:${this.active === name ? 1 : 0}\n`
        : [...this.drained].map((host) => `\t\tname: ${host}\n\t\tvalue: 1\n`).join('');
    return { status: 0, stdout, stderr: '' };
  }

  /** The floating address goes to an SBC that may have it. */
  #withdraw(name: string, isWithdrawn: boolean): void {
    this.hosts[name]!.isWithdrawn = isWithdrawn;
    const may = (sbc: string) => !this.hosts[sbc]!.isWithdrawn && this.hosts[sbc]!.nodeIsReady;
    if (this.active === undefined || !may(this.active)) this.active = ['sbc-1', 'sbc-2'].find(may);
  }

  #deletePod(name: string): string {
    if (this.breaksAt === name) throw new Error('broken off');
    const host = this.hosts[name]!;
    this.replaced.push(name);
    this.drainedMeanwhile.push([...this.drained].sort());
    if (!host.nodeIsReady) host.isDeleted = true;
    else Object.assign(host, { uid: host.uid + 1, isCurrent: true, isReady: true, answers: true });
    if (this.active === name) this.active = name === 'sbc-1' ? 'sbc-2' : 'sbc-1';
    return '';
  }

  #annotate(name: string, change: string): string {
    const { annotations } = this.hosts[name]!;
    const [key, value] = change.replace(/-$/, '').split('=') as [string, string | undefined];
    if (value === undefined) delete annotations[key];
    else annotations[key] = value;
    return '';
  }

  #pod(name: string): object {
    const { role, number, uid, isReady, answers, isDeleted, isWithdrawn, nodeIsReady, isOldNews } = this.hosts[name]!;
    const program = { name: role === 'sbc' ? 'kamailio' : 'rtpengine', ready: answers };
    const keepalived = { name: 'keepalived', ready: answers && (!isWithdrawn || isOldNews) };
    const ready = {
      type: 'Ready',
      status: isReady && ((!isWithdrawn && nodeIsReady) || isOldNews) ? 'True' : 'False',
      message: 'it does not answer',
    };
    return {
      metadata: {
        name: `${name}.${uid}`,
        uid: `${name} ${uid}`,
        labels: { 'cellstamp.io/role': role, 'cellstamp.io/host': String(number) },
        ...(isDeleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      },
      spec: { nodeName: `node-of-${name}` },
      // Of a dead node the containers stay as they were said last.
      status: {
        conditions: [ready],
        initContainerStatuses: role === 'sbc' ? [program] : [],
        containerStatuses: role === 'sbc' ? [keepalived] : [program],
      },
    };
  }

  #daemonSet(name: string): object {
    const { isCurrent, annotations } = this.hosts[name]!;
    return {
      metadata: { name, generation: 1, annotations },
      status: { observedGeneration: 1, desiredNumberScheduled: 1, updatedNumberScheduled: isCurrent ? 1 : 0 },
    };
  }

  #node(name: string): object {
    const { nodeIsReady } = this.hosts[name.replace('node-of-', '')]!;
    const message = nodeIsReady ? 'kubelet is posting ready status' : 'Kubelet stopped posting node status.';
    return { status: { conditions: [{ type: 'Ready', status: nodeIsReady ? 'True' : 'Unknown', message }] } };
  }
}
