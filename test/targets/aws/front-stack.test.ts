import { Testing } from 'cdktf';
import { describe, expect, it } from 'vitest';
import { parseFront, type FrontInput } from '../../../lib/fleet/schema/front.ts';
import { FrontStack, type FrontStackProps } from '../../../lib/targets/aws/front-stack.ts';
import { maximalFront, minimalFront, testApp } from './synth.ts';

interface Config {
  readonly terraform: { readonly backend: unknown };
  readonly provider: { readonly aws: readonly unknown[] };
  readonly output: Record<string, { value: unknown; description: string }>;
  readonly resource: Record<string, Record<string, object>>;
}

function stack(input: FrontInput, state?: FrontStackProps['state']): Config {
  const made = new FrontStack(testApp(), { spec: parseFront(input), ...(state ? { state } : {}) });
  return JSON.parse(Testing.synth(made, true)) as Config;
}

describe('FrontStack', () => {
  it('is named front and has a state of its own', () => {
    expect(stack(minimalFront).terraform.backend).toEqual({ local: { path: '../../../terraform.front.tfstate' } });
    expect(stack(minimalFront, { bucket: 'states', region: 'eu-central-1' }).terraform.backend).toMatchObject({
      s3: { key: 'cellstamp/front.tfstate' },
    });
  });

  it('has a provider for every region, which tags everything that it makes', () => {
    const tags = (front: string) => ({
      default_tags: [{ tags: { 'cellstamp:front': front, 'managed-by': 'terraform' } }],
    });
    expect(stack(minimalFront).provider.aws).toEqual([{ region: 'eu-west-1', ...tags('front') }]);
    expect(stack(maximalFront).provider.aws).toEqual([
      { region: 'ap-southeast-2', ...tags('a-front-of-20-letter') },
      { alias: 'eu-central-1', region: 'eu-central-1', ...tags('a-front-of-20-letter') },
      { alias: 'us-east-1', region: 'us-east-1', ...tags('a-front-of-20-letter') },
    ]);
  });

  it('puts out what an operator needs, each with a description', () => {
    const { output } = stack(minimalFront);
    expect(Object.keys(output).sort()).toEqual([
      'alarm_topics',
      'anycast_addresses',
      'directory_table',
      'edges',
      'name_servers',
      'secret_to_fill',
    ]);
    for (const { description } of Object.values(output)) expect(description).toMatch(/\w/);
    expect(Object.keys(output['edges']!.value as object)).toEqual(['eu-west-1-edge-1', 'eu-west-1-edge-2']);
  });

  it('keeps every resource’s address when regions and edges are added', () => {
    const addresses = (input: FrontInput) =>
      Object.entries(stack(input).resource).flatMap(([type, resources]) =>
        Object.keys(resources).map((name) => `${type}.${name}`),
      );
    const [first] = minimalFront.regions;
    const grown = addresses({
      ...minimalFront,
      regions: [
        { ...first!, edges: 3 },
        { region: 'us-east-1', network: '10.15.1.0/24' },
      ],
    });
    expect(grown).toEqual(expect.arrayContaining(addresses(minimalFront)));
  });
});
