/** Who works on a cell: a Lease in its namespace, which nobody else takes before it is given back or nobody renews it any more. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { OperationFailure } from '../../../operations/failure.ts';
import type { Kubectl } from './kubectl.ts';

const name = 'cellstamp-operation';
/** Whoever could not renew it for so long does nothing more, before another one may take it. Seconds. */
const seconds = { lease: 60, usable: 45, renewal: 15, poll: 5 } as const;

interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity: string; readonly renewTime: string };
}

export interface Leased {
  /** Does nothing for an operation that has lost the cell. */
  readonly client: Kubectl;

  /** @throws OperationFailure that names the owner, when another operation works on the cell */
  exclusively<T>(operation: string, work: () => Promise<T>): Promise<T>;
}

/**
 * @param site what the namespace is of, for messages: `cell euw1-a`
 * @param onProgress told of what it waits for, in words for a person
 */
export function leased(kubectl: Kubectl, site: string, onProgress?: (text: string) => void): Leased {
  let held: Hold | undefined;
  const client: Kubectl = {
    async ask(words, options) {
      held?.require();
      return kubectl.ask(words, options);
    },
    async run(words, options) {
      held?.require();
      return kubectl.run(words, options);
    },
  };
  return {
    client,
    async exclusively(operation, work) {
      const hold = await Hold.take(kubectl, site, operation, onProgress);
      held = hold;
      try {
        return await work();
      } finally {
        held = undefined;
        await hold.giveBack();
      }
    },
  };
}

/** Seconds since a moment. A computer that sleeps stops one of its clocks, and somebody may set the other one back. */
function stopwatch(): () => number {
  const [wall, steady] = [Date.now(), performance.now()];
  return () => Math.max(Date.now() - wall, performance.now() - steady) / 1000;
}

class Hold {
  readonly #kubectl: Kubectl;
  readonly #site: string;
  readonly #holder: string;
  readonly #timer: NodeJS.Timeout;
  #sinceRenewal: () => number;
  #lost: string | undefined;

  private constructor(kubectl: Kubectl, site: string, holder: string, sinceRenewal: () => number) {
    this.#kubectl = kubectl;
    this.#site = site;
    this.#holder = holder;
    this.#sinceRenewal = sinceRenewal;
    this.#timer = setInterval(() => void this.#renew().catch(() => {}), seconds.renewal * 1000);
  }

  static async take(
    kubectl: Kubectl,
    site: string,
    operation: string,
    onProgress: ((text: string) => void) | undefined,
  ): Promise<Hold> {
    const holder = `${operation} of ${userInfo().username}@${hostname()} ${randomUUID()}`;
    const found = await read(kubectl);
    const there = found === undefined ? undefined : await abandoned(kubectl, site, found, onProgress);
    const since = stopwatch();
    const input = leaseOf(holder, there?.metadata.resourceVersion);
    // The server refuses a second one, and one that replaces another than it was.
    const { status, stderr } = await kubectl.ask([there === undefined ? 'create' : 'replace', '--filename=-'], {
      input,
    });
    if (status === 0) return new Hold(kubectl, site, holder, since);
    const now = await read(kubectl);
    if (now === undefined) throw new OperationFailure(`${site} can't be held: ${stderr.trim()}`);
    throw isHeld(site, now);
  }

  /** @throws OperationFailure when another operation may have the cell */
  require(): void {
    if (this.#lost === undefined && this.#sinceRenewal() > seconds.usable) {
      this.#lost = `it could not be renewed for ${seconds.usable} s`;
    }
    if (this.#lost !== undefined) {
      throw new OperationFailure(`the lease on ${this.#site} is lost: ${this.#lost}`);
    }
  }

  async #renew(): Promise<void> {
    const since = stopwatch();
    // Of itself alone: whoever has taken it over keeps it.
    const change = [
      { op: 'test', path: '/spec/holderIdentity', value: this.#holder },
      { op: 'replace', path: '/spec/renewTime', value: microTime() },
    ];
    const words = ['patch', 'lease', name, '--type=json', `--patch=${JSON.stringify(change)}`];
    const { status } = await this.#kubectl.ask(words);
    if (status === 0) {
      this.#sinceRenewal = since;
      return;
    }
    const there = await read(this.#kubectl);
    if (there?.spec.holderIdentity === this.#holder) return;
    this.#lost ??= there === undefined ? 'somebody has deleted it' : `${ownerOf(there)} has it`;
  }

  async giveBack(): Promise<void> {
    clearInterval(this.#timer);
    const there = await read(this.#kubectl).catch(() => undefined);
    if (there?.spec.holderIdentity !== this.#holder) return;
    await this.#kubectl.ask(['delete', 'lease', name, '--ignore-not-found']);
  }
}

/**
 * Waits until nobody renews the lease any more, whatever time the owner's clock has.
 * @returns the lease to replace; undefined when it is gone
 * @throws OperationFailure that names the owner, when there is one
 */
async function abandoned(
  kubectl: Kubectl,
  site: string,
  there: Lease,
  onProgress: ((text: string) => void) | undefined,
): Promise<Lease | undefined> {
  // A fresh one has an owner, or had one within the minute.
  if (Math.abs(Date.now() - Date.parse(there.spec.renewTime)) < seconds.lease * 1000) throw isHeld(site, there);
  onProgress?.(`waits ${seconds.lease} s whether ${ownerOf(there)} still works on ${site}`);
  const began = performance.now();
  while (performance.now() - began < seconds.lease * 1000) {
    await new Promise((resolve) => setTimeout(resolve, seconds.poll * 1000));
    const now = await read(kubectl);
    if (now === undefined) return undefined;
    if (now.metadata.resourceVersion !== there.metadata.resourceVersion) throw isHeld(site, now);
  }
  return there;
}

async function read(kubectl: Kubectl): Promise<Lease | undefined> {
  const said = await kubectl.run(['get', 'lease', name, '--ignore-not-found', '--output=json']);
  return said === '' ? undefined : (JSON.parse(said) as Lease);
}

const leaseOf = (holder: string, version: string | undefined): string =>
  JSON.stringify({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: { holderIdentity: holder, leaseDurationSeconds: seconds.lease, renewTime: microTime() },
  });

const microTime = (): string => new Date().toISOString().replace('Z', '000Z');

const ownerOf = ({ spec }: Lease): string => spec.holderIdentity.replace(/ \S+$/, '');

const isHeld = (site: string, lease: Lease): OperationFailure =>
  new OperationFailure(`another operation works on ${site}: ${ownerOf(lease)}`);
