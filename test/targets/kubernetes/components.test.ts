/** The components `VoipCell` and `EdgePool`: what a program may change of their objects, and what it may not. */
import { output } from '@pulumi/pulumi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import type { CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { EdgePool, VoipCell, type KubernetesObject, type VoipCellArgs } from '../../../lib/targets/kubernetes/index.ts';
import { maximalFront, maximalFrontInput, minimal, minimalInput } from './cells.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';
import { engine, type Engine } from './pulumi-engine.ts';

let place: Engine;
beforeEach(async () => {
  place = await engine('cell-k8s-a');
});
// What a test has begun ends in its own engine.
afterEach(() => place.objects());

const changed = async (transform: NonNullable<VoipCellArgs['transform']>) => {
  new VoipCell('k8s-a', { spec: minimal, transform });
  return place.objects();
};

describe('a transform', () => {
  it('changes its own child and no other', async () => {
    new VoipCell('plain', { spec: minimal });
    const plain = (await place.objects()).map(({ object }) => JSON.stringify(object));
    place = await engine('cell-k8s-a');
    const objects = await changed({
      'DaemonSet media-2': (object) => ({
        ...object,
        metadata: { ...object.metadata, annotations: { 'example.com/rack': 'b' } },
      }),
    });
    const differ = objects.filter(({ object }) => !plain.includes(JSON.stringify(object)));
    expect(differ.map(({ object }) => object)).toMatchObject([
      { kind: 'DaemonSet', metadata: { name: 'media-2', annotations: { 'example.com/rack': 'b' } } },
    ]);
  });

  it('is given a ConfigMap by its name without the hash', async () => {
    const seen: string[] = [];
    await changed({ 'ConfigMap sbc-1': (object) => (seen.push(object.metadata.name), object) });
    expect(seen).toEqual([expect.stringMatching(/^sbc-1-[0-9a-f]{10}$/)]);
  });

  const with_ = (part: object) => (object: KubernetesObject) => ({ ...object, ...part });
  it.each([
    ['a child that there is not', { 'DaemonSet media-9': with_({}) }, 'there is no child DaemonSet media-9; there are'],
    [
      'an object without a name',
      { 'Service hosts': with_({ metadata: { namespace: 'cellstamp-k8s-a' } }) },
      'Service hosts: metadata.name is undefined; allowed: hosts, as it was',
    ],
    [
      'another namespace',
      { 'Service hosts': with_({ metadata: { name: 'hosts', namespace: 'default' } }) },
      'metadata.namespace is default; allowed: cellstamp-k8s-a, as it was',
    ],
    [
      'a Secret in the place of something else',
      { 'ConfigMap sbc-1': with_({ kind: 'Secret' }) },
      'kind is Secret; allowed: ConfigMap, as it was',
    ],
    [
      'a value that is known only once something is built',
      { 'Service hosts': with_({ spec: { ports: [{ name: output('sip') }] } }) },
      'spec.ports[0].name is an Output; allowed: text, numbers, lists and objects, which are known before',
    ],
    [
      'a promise',
      { 'Service hosts': with_({ spec: Promise.resolve({}) }) },
      'spec is a Promise; allowed: text, numbers',
    ],
  ])('is refused that makes %s', async (_, transform, message) => {
    await expect(changed(transform)).rejects.toThrow(message);
  });

  it('is refused with all that is wrong at once', async () => {
    const both = { 'DaemonSet media-9': with_({}), 'Service hosts': with_({ kind: 'Secret' }) };
    await expect(changed(both)).rejects.toThrow(/media-9(.|\n)*kind is Secret/);
  });
});

describe('a cell', () => {
  it.each([
    [
      'that is not on Kubernetes',
      parseCell({ name: 'a', region: 'eu-west-1', local: {} }),
      "a can't be built on Kubernetes",
    ],
    [
      'that breaks rules',
      parseCell({
        ...minimalInput,
        media: { hosts: 3, relay: { ports: '30000-31999' } },
        kubernetes: { ...minimalInput.kubernetes, nodes: { managedBy: 'eks-managed' } },
      }),
      /media\.relay\.ports(.|\n)*kubernetes\.drainMinutes/,
    ],
    ['of an object that is no spec', minimalInput as unknown as CellSpec, 'the spec is not complete'],
  ])('%s is refused', (_, spec, message) => {
    expect(() => new VoipCell('a', { spec })).toThrow(message);
  });

  it('says what was made by the name of each child', () => {
    const { objects } = new VoipCell('k8s-a', { spec: minimal });
    expect([...objects.keys()]).toContain('DaemonSet media-3');
    expect([...objects.keys()]).toContain('ConfigMap media-3');
  });

  it('can be two in one program', async () => {
    new VoipCell('a', { spec: minimal });
    new VoipCell('b', { spec: parseCell({ ...minimalInput, name: 'k8s-b', network: '10.48.0.0/20' }) });
    const names = (await place.objects()).map(({ type, name }) => `${type} ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('edges', () => {
  it('are changed by a transform, each by its name', async () => {
    const seen: string[] = [];
    const { objects } = new EdgePool('edges', {
      spec: maximalFront,
      region: 'eu-west-1',
      transform: { 'DaemonSet eu-west-1-edge-3': (object) => (seen.push(object.metadata.name), object) },
    });
    expect(seen).toEqual(['eu-west-1-edge-3']);
    expect([...objects.keys()].filter((name) => name.startsWith('DaemonSet'))).toHaveLength(3);
    expect(await place.objects()).toHaveLength(objects.size);
  });

  it.each([
    [
      'of no region',
      maximalFront,
      'us-east-1',
      'us-east-1 is not a region of the front; allowed: eu-west-1, eu-west-2',
    ],
    [
      'of a front that breaks rules',
      parseFront({ ...maximalFrontInput, kubernetes: { ...maximalFrontInput.kubernetes, anycast: undefined } }),
      'eu-west-1',
      /regions\[0\]\.kubernetes\.bgp(.|\n)*regions\[1\]\.kubernetes\.bgp/,
    ],
  ])('%s are refused', (_, spec, region, message) => {
    expect(() => new EdgePool('edges', { spec, region })).toThrow(message);
  });
});
