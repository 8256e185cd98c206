/** Stands where Pulumi's engine would, and keeps every resource that a program registers. It has nothing to add to an object, as an engine has. */
import { runtime } from '@pulumi/pulumi';
import { MockMonitor } from '@pulumi/pulumi/runtime/mocks.js';
import { vi } from 'vitest';

export interface Registered {
  /** `kubernetes:apps/v1:DaemonSet` */
  readonly type: string;
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>> & { readonly kind: string };
  /** Names of the resources that are there before it. */
  readonly after: readonly string[];
  readonly retainOnDelete: boolean;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getDependenciesList(): readonly string[];
  getRetainondelete(): boolean;
}

export interface Engine {
  /** All that a program has registered, components left out. */
  objects(): Promise<readonly Registered[]>;
}

/** What the Node.js library sends for a value that is only known once something is built (`rpc.unknownValue`). */
const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

const register = MockMonitor.prototype.registerResource;

/** Takes the place of an engine until the next one does, or the test file ends. */
export async function engine(stack: string): Promise<Engine> {
  const inputs = new Map<string, Registered['object']>();
  const requests: RegisterRequest[] = [];
  await runtime.setMocks(
    {
      call: ({ token }) => {
        throw new Error(`the program asks the provider (${token}), which a file of objects can't`);
      },
      newResource: ({ type, name, inputs: given, custom }) => {
        if (custom) {
          refuse(type, name, given as object);
          inputs.set(`${type} ${name}`, given as Registered['object']);
        }
        return { id: `${name}-id`, state: given as object };
      },
    },
    'cellstamp',
    stack,
  );
  vi.spyOn(MockMonitor.prototype, 'registerResource').mockImplementation(function (
    this: MockMonitor,
    request: RegisterRequest,
    callback,
  ) {
    requests.push(request);
    return register.call(this, request, callback);
  });
  return {
    objects: async () => {
      await runtime.disconnect();
      return requests.flatMap((request) => {
        const [type, name] = [request.getType(), request.getName()];
        const object = inputs.get(`${type} ${name}`);
        if (object === undefined) return [];
        const after = request.getDependenciesList().map((urn) => urn.split('::').at(-1)!);
        return [{ type, name, object, after: after.sort(), retainOnDelete: request.getRetainondelete() }];
      });
    },
  };
}

/** @throws Error for what an engine or the provider would have to fill in, and for a secret in plain */
export function refuse(type: string, name: string, object: object): void {
  const wrong = [
    ...(/(yaml|helm|kustomize)/.test(type) ? ['the provider makes objects of it that nobody sees before'] : []),
    ...('metadata' in object && typeof (object.metadata as { name?: unknown }).name === 'string'
      ? []
      : ['it has no metadata.name, and an engine would invent one']),
    ...(JSON.stringify(object).includes(unknownValue) ? ['it has a value that is not known yet'] : []),
    ...('kind' in object && object.kind === 'Secret' && ('data' in object || 'stringData' in object)
      ? ['it has a secret in plain']
      : []),
  ];
  if (wrong.length > 0) throw new Error(`${type} ${name}: ${wrong.join('; ')}`);
}
