/** The Pulumi program, run without an engine: what it hands on is what `npx cellstamp manifests` prints. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { cellstamp } from '../cli/run-command.ts';
import { maximalFrontInput, maximalInput, minimalInput } from '../targets/kubernetes/cells.ts';
import { engine, refuse, type Registered } from '../targets/kubernetes/pulumi-engine.ts';

/** Edges reach a cell over UDP. */
const behindFront = { ...maximalInput, sbc: { transports: { tcp: 'off', tls: 443 } } } as const;

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'cellstamp-pulumi-')), 'cells');
  mkdirSync(folder);
  for (const input of [minimalInput, behindFront]) writeFileSync(join(folder, `${input.name}.yaml`), stringify(input));
  writeFileSync(join(folder, 'front.yaml'), stringify(maximalFrontInput));
  vi.stubEnv('CELLSTAMP_CELLS', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(join(folder, '..'), { recursive: true });
});

/** Runs the program as the engine does, which imports it. */
async function run(stack: string): Promise<{
  readonly outputs: { readonly namespace: string; readonly nodes: Readonly<Record<string, object>> };
  readonly objects: readonly Registered[];
}> {
  const { objects } = await engine(stack);
  vi.resetModules();
  const outputs = await import('../../stacks/kubernetes/main.ts');
  return { outputs, objects: await objects() };
}

/** The same text for the same object, whatever the order of its keys. */
const canonical = (object: unknown): string =>
  JSON.stringify(
    object,
    (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    1,
  );

const stacks = [
  ['cell-k8s-a', ['k8s-a']],
  ['cell-kubernetes-longest-1', ['kubernetes-longest-1']],
  ['front-eu-west-2', ['front', '--region', 'eu-west-2']],
] as const;

describe.each(stacks)('the stack %s', (stack, printed) => {
  it('has byte for byte the objects of npx cellstamp manifests', async () => {
    const { objects } = await run(stack);
    const { stdout, status } = await cellstamp('manifests', ...printed, '--cells', folder, '--json');
    expect(status).toBe(0);
    const { items } = JSON.parse(stdout) as { items: readonly object[] };
    expect(items.length).toBeGreaterThan(15);
    expect(objects.map(({ object }) => canonical(object)).sort()).toEqual(items.map(canonical).sort());
  });

  it('makes the namespace first, and pods when all else is there', async () => {
    const { objects } = await run(stack);
    const [first, ...rest] = objects;
    expect(first).toMatchObject({ type: 'kubernetes:core/v1:Namespace', after: [] });
    for (const { object, after } of rest) {
      const others = objects.filter((one) => one.object.kind !== 'DaemonSet').map((one) => one.name);
      expect(after).toEqual(object.kind === 'DaemonSet' ? others.sort() : [first!.name]);
    }
  });

  it('leaves the files of an old release where they are, and takes nothing else for its own to keep', async () => {
    const { objects } = await run(stack);
    const kept = objects.filter(({ retainOnDelete }) => retainOnDelete).map(({ object }) => object.kind);
    expect([...new Set(kept)]).toEqual(['ConfigMap']);
  });
});

describe('the outputs', () => {
  it('of a cell are its namespace and the labels of its nodes', async () => {
    const { outputs } = await run('cell-k8s-a');
    expect(outputs.namespace).toBe('cellstamp-k8s-a');
    expect(outputs.nodes['media-2']).toEqual({
      'cellstamp.io/cell': 'k8s-a',
      'cellstamp.io/role': 'media',
      'cellstamp.io/host': '2',
    });
  });

  it('of edges are theirs', async () => {
    const { outputs } = await run('front-eu-west-2');
    expect(outputs.namespace).toBe('cellstamp-edges-anycast-front-of-all-eu-west-2');
    expect(Object.keys(outputs.nodes)).toEqual([1, 2, 3].map((number) => `eu-west-2-edge-${number}`));
  });
});

describe('a stack of nothing on Kubernetes', () => {
  it.each([
    ['dev', 'the stack dev is none of a cell or of the front; allowed: cell-NAME, with a file NAME.yaml in '],
    ['front-us-east-1', 'us-east-1 is not a region of the front; there are eu-west-1, eu-west-2'],
    ['cell-euw1-a', /^there is no cell euw1-a with a section kubernetes in .*; there are k8s-a, kubernetes-longest-1$/],
    ['cell-k8s-p', 'the cell k8s-p is planned, so there is nothing to build yet'],
  ])('%s says what is allowed', async (stack, message) => {
    if (stack === 'cell-k8s-p') {
      const planned = { ...minimalInput, name: 'k8s-p', network: '10.48.0.0/20', state: 'planned' };
      writeFileSync(join(folder, 'k8s-p.yaml'), stringify(planned));
    }
    await expect(run(stack)).rejects.toThrow(message);
  });

  it('says all that is wrong with the file at once', async () => {
    const wrong = { ...minimalInput, media: { hosts: 99 }, calls: { longestMinutes: 0 } };
    writeFileSync(join(folder, 'k8s-a.yaml'), stringify(wrong));
    await expect(run('cell-k8s-a')).rejects.toThrow(
      /k8s-a\.yaml:\d+:\d+ error media\.hosts(.|\n)*calls\.longestMinutes/,
    );
  });
});

describe('what the place of the engine refuses', () => {
  const named = { kind: 'ConfigMap', metadata: { name: 'a' } };
  it.each([
    [
      'an object without a name',
      'kubernetes:core/v1:ConfigMap',
      { kind: 'ConfigMap', metadata: {} },
      /no metadata.name/,
    ],
    [
      'a value that is not known yet',
      'kubernetes:core/v1:ConfigMap',
      { ...named, data: { host: `at ${'04da6b54-80e4-46f7-96ec-b56ff0331ba9'}` } },
      /not known yet/,
    ],
    [
      'a secret in plain',
      'kubernetes:core/v1:Secret',
      { kind: 'Secret', metadata: { name: 'a' }, stringData: { digest_secret: 'x' } },
      /secret in plain/,
    ],
    ['a chart', 'kubernetes:helm.sh/v4:Chart', named, /nobody sees before/],
  ])('%s', (_, type, object, message) => {
    expect(() => refuse(type, 'a', object)).toThrow(message);
  });
});
