/**
 * Every object against the schemas of the Kubernetes API: values by the validators of kubernetes-models, and that there is no field beside
 * those of the API by its types, for a schema lets unknown ones pass and the API server does not.
 */
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { edgeManifests } from '../../../lib/targets/kubernetes/edge/manifests.ts';
import { manifests } from '../../../lib/targets/kubernetes/manifests.ts';
import type { KubernetesObject } from '../../../lib/targets/kubernetes/objects.ts';
import { maximal, maximalFront, minimal, minimalFront, movable, onLaptop, operated } from './cells.ts';

type Model = new (data: object) => { validate(): void };

const ofOperators: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'postgresql.cnpg.io': '@kubernetes-models/cloudnative-pg',
};

const moduleOf = ({ apiVersion, kind }: KubernetesObject): string =>
  `${ofOperators[apiVersion.split('/')[0]!] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind} ${metadata.name}`;

async function valueErrors(object: KubernetesObject): Promise<readonly string[]> {
  const exported = (await import(moduleOf(object))) as Readonly<Record<string, Model>>;
  try {
    new exported[object.kind]!(object).validate();
    return [];
  } catch (error) {
    return [`${nameOf(object)}: ${String(error)}`];
  }
}

/** A line an error: which object, and what is wrong with it. */
function typeErrors(objects: readonly KubernetesObject[]): readonly string[] {
  const file = join(process.cwd(), 'test', 'objects.ts');
  const lines = objects.map((object, index) => {
    // Long texts are of the cell, and no matter of the schema.
    const text = JSON.stringify(object, (_, value: unknown) =>
      typeof value === 'string' && value.length > 200 ? 'text' : value,
    );
    return `export const _${index}: import('${moduleOf(object)}').I${object.kind} = ${text};`;
  });
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name === file || fileExists(name);
  const program = ts.createProgram([file], options, host);
  return program.getSemanticDiagnostics(program.getSourceFile(file)).map(({ messageText, file: at, start }) => {
    const object = objects[at!.getLineAndCharacterOfPosition(start!).line]!;
    return `${nameOf(object)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

const kinds: readonly (readonly [string, readonly KubernetesObject[]])[] = [
  ['the smallest cell', manifests(minimal)],
  ['a cell whose relays move', manifests(movable)],
  ['the cell with everything', manifests(maximal)],
  ['a cell with its data in the cluster', manifests(onLaptop)],
  ['a cell with a database of CloudNativePG', manifests(operated)],
  ['the smallest front', edgeManifests(minimalFront, 'eu-west-1')],
  ['the front with everything', edgeManifests(maximalFront, 'eu-west-2')],
];

/** A DaemonSet with something else in its pod. */
function withPod(pod: (spec: { readonly containers: readonly object[] }) => object): KubernetesObject {
  const set = manifests(minimal).find(({ kind }) => kind === 'DaemonSet')!;
  const spec = set['spec'] as { readonly template: { readonly spec: { readonly containers: readonly object[] } } };
  const template = { ...spec.template, spec: { ...spec.template.spec, ...pod(spec.template.spec) } };
  return { ...set, metadata: { ...set.metadata, name: 'broken' }, spec: { ...spec, template } };
}
const misspelt = withPod(({ containers: [first, ...rest] }) => ({
  containers: [{ ...first, readynessProbe: {} }, ...rest],
}));

describe('the objects', () => {
  it.each(kinds)('of %s have values that the API takes', async (_, objects) => {
    expect((await Promise.all(objects.map(valueErrors))).flat()).toEqual([]);
  });

  describe('by the types', () => {
    let found: readonly string[];
    beforeAll(() => {
      found = typeErrors([...kinds.flatMap(([, objects]) => objects), misspelt]);
      // The compiler takes 2 s, and on a busy machine many times that.
    }, 120_000);

    it('have no field that the API does not know', () => {
      expect(found.filter((error) => !error.startsWith('DaemonSet broken: '))).toEqual([]);
    });

    it('would be found out with one, deep in a pod', () => {
      expect(found).toContainEqual(expect.stringMatching(/^DaemonSet broken: .*readynessProbe.* does not exist/));
    });
  });

  it('would be found out with a value of another type', async () => {
    const wrong = await valueErrors(withPod(() => ({ hostNetwork: 'yes' })));
    expect(wrong).toEqual([expect.stringMatching(/hostNetwork/)]);
  });
});
