import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { TerraformStack, TerraformVariable } from 'cdktf';
import { describe, expect, it } from 'vitest';
import { AnycastFront } from '../../../lib/targets/aws/anycast-front.ts';
import { VoipCell } from '../../../lib/targets/aws/voip-cell.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';
import { minimal, minimalFront, testApp } from './synth.ts';

const tenant = { name: 'acme', domain: 'acme.example.com' };

/** Synthesises an app with a stack for each cell. */
function synthCells(...inputs: readonly CellInput[]): void {
  const app = testApp();
  inputs.forEach((input, index) => {
    const stack = new TerraformStack(app, `stack-${index + 1}`);
    new AwsProvider(stack, 'aws', { region: input.region });
    new VoipCell(stack, 'cell', { spec: parseCell(input) });
  });
  app.synth();
}

function synthRegion(region: string | undefined): void {
  const app = testApp();
  const stack = new TerraformStack(app, 'stack');
  new AwsProvider(stack, 'aws', region === undefined ? {} : { region });
  new AwsProvider(stack, 'elsewhere', { alias: 'elsewhere', region: 'us-east-1' });
  new VoipCell(stack, 'cell', { spec: parseCell(minimal) });
  app.synth();
}

describe('cells of one app', () => {
  it('are synthesised when they share nothing', () => {
    synthCells({ ...minimal, tenants: [tenant] }, { ...minimal, name: 'euw1-b', network: '10.16.16.0/20' });
  });

  it('are an error when their networks overlap, with a range that is free', () => {
    expect(() => synthCells(minimal, { ...minimal, name: 'euw1-b', network: '10.16.0.0/22' })).toThrow(
      /stack-2\/cell network: 10\.16\.0\.0\/22 overlaps the network in stack-1\/cell; allowed: a range of its own, for example 10\.16\.16\.0\/22/,
    );
  });

  it('are an error when they have one name or one tenant, all at once', () => {
    expect(() =>
      synthCells({ ...minimal, tenants: [tenant] }, { ...minimal, network: '10.17.0.0/20', tenants: [tenant] }),
    ).toThrow(/cell euw1-a already exists, in stack-1\/cell.*\n.*tenant acme.*\n.*domain acme\.example\.com/);
  });

  it('are an error when one overlaps the network of the front', () => {
    const app = testApp();
    const stack = new TerraformStack(app, 'stack');
    const aws = new AwsProvider(stack, 'aws', { region: 'eu-west-1' });
    new AnycastFront(stack, 'front', { spec: parseFront(minimalFront), providers: { 'eu-west-1': aws } });
    new VoipCell(stack, 'cell', { spec: parseCell({ ...minimal, network: '10.15.0.0/20' }) });
    expect(() => app.synth()).toThrow(/stack\/cell network: 10\.15\.0\.0\/20 overlaps the network in stack\/front/);
  });
});

describe('the provider of a cell', () => {
  it('is an error when it is of another region', () => {
    expect(() => synthRegion('eu-central-1')).toThrow(
      'cell euw1-a is in eu-west-1, but the provider stack/aws is of eu-central-1; allowed: a provider of eu-west-1',
    );
  });

  it('may get its region from the environment, or from a variable', () => {
    synthRegion(undefined);
    const app = testApp();
    const stack = new TerraformStack(app, 'stack');
    const region = new TerraformVariable(stack, 'region', { type: 'string' }).stringValue;
    new AwsProvider(stack, 'aws', { region });
    new VoipCell(stack, 'cell', { spec: parseCell(minimal) });
    app.synth();
  });
});

it('the provider of a front’s region is an error when it is of another one', () => {
  const app = testApp();
  const stack = new TerraformStack(app, 'stack');
  const aws = new AwsProvider(stack, 'aws', { region: 'eu-west-1' });
  const other = new AwsProvider(stack, 'other', { alias: 'other', region: 'eu-west-2' });
  const regions = [...minimalFront.regions, { region: 'us-east-1', network: '10.15.1.0/24' }];
  const spec = parseFront({ ...minimalFront, regions });
  new AnycastFront(stack, 'front', { spec, providers: { 'eu-west-1': aws, 'us-east-1': other } });
  expect(() => app.synth()).toThrow(
    'front front in us-east-1 is in us-east-1, but the provider stack/other is of eu-west-2; allowed: a provider of us-east-1',
  );
});

it('a spec that no parser made is refused', () => {
  const stack = new TerraformStack(testApp(), 'stack');
  expect(() => new VoipCell(stack, 'cell', { spec: minimal as never })).toThrow(
    "the cell can't be built:\nthe spec is not complete; allowed: what parseCell returns, in this process",
  );
});
