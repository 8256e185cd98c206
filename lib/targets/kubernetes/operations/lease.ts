/** Who works on a cell: a Lease in its namespace, which nobody else takes before it is given back or nobody renews it any more. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { OperationFailure } from '../../../operations/failure.ts';
import type { Kubectl } from './kubectl.ts';

const name = 'cellstamp-operation';
const seconds = { lease: 60, renewal: 15 } as const;

interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity: string; readonly renewTime: string };
}

/** @throws OperationFailure that names the owner, when another operation works on the cell */
export async function withLease<T>(
  kubectl: Kubectl,
  cell: string,
  operation: string,
  work: () => Promise<T>,
): Promise<T> {
  const holder = `${operation} of ${userInfo().username}@${hostname()} ${randomUUID()}`;
  const lease = (version?: string) =>
    JSON.stringify({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, ...(version === undefined ? {} : { resourceVersion: version }) },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: seconds.lease,
        renewTime: new Date().toISOString().replace('Z', '000Z'),
      },
    });
  const read = async (): Promise<Lease | undefined> => {
    const said = await kubectl.run(['get', 'lease', name, '--ignore-not-found', '--output=json']);
    return said === '' ? undefined : (JSON.parse(said) as Lease);
  };
  const there = await read();
  const isHeld = there !== undefined && Date.now() - Date.parse(there.spec.renewTime) < seconds.lease * 1000;
  // The server refuses a second one, and one that replaces another than it was.
  const taken = isHeld
    ? undefined
    : there === undefined
      ? await kubectl.ask(['create', '--filename=-'], { input: lease() })
      : await kubectl.ask(['replace', '--filename=-'], { input: lease(there.metadata.resourceVersion) });
  if (taken?.status !== 0) {
    const owner = (await read())?.spec.holderIdentity.replace(/ \S+$/, '');
    if (owner === undefined) throw new OperationFailure(`cell ${cell} can't be held: ${taken?.stderr.trim()}`);
    throw new OperationFailure(`another operation works on cell ${cell}: ${owner}`);
  }
  const renewal = setInterval(() => {
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    // Of itself alone: whoever has taken it over keeps it.
    const change = [
      { op: 'test', path: '/spec/holderIdentity', value: holder },
      { op: 'replace', path: '/spec/renewTime', value: renewTime },
    ];
    void kubectl.ask(['patch', 'lease', name, '--type=json', `--patch=${JSON.stringify(change)}`]).catch(() => {});
  }, seconds.renewal * 1000);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    if ((await read().catch(() => undefined))?.spec.holderIdentity === holder) {
      await kubectl.ask(['delete', 'lease', name, '--ignore-not-found']);
    }
  }
}
