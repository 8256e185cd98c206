/**
 * A cell that the release before this one made: the plan of this release's stack against its state takes nothing away that carries calls
 * or keeps data. `previous-release.json.gz` is that stack as `cdktf synth` wrote it, without the bundles' contents: with each
 * release it is replaced by the one that was released.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { planLosses } from '../../lib/targets/aws/plan-losses.ts';
import type { TerraformPlan } from '../../lib/targets/aws/terraform-plan.ts';
import { minimal } from '../targets/aws/synth.ts';
import { describeWith } from '../requirements.ts';
import { applied, type Applied } from './applied.ts';
import { synthCell } from './synth.ts';
import { offline, without, type Configuration } from './terraform.ts';

/** What the emulator does not know (see apply.test.ts). */
const unknown = ['aws_elasticache_replication_group', 'aws_elasticache_user_group', 'aws_s3_bucket_policy'];

const ofEmulator = (configuration: Configuration) =>
  without(
    offline(configuration),
    (type, name) => unknown.includes(type) || (type === 'aws_vpc_security_group_ingress_rule' && name.includes('vrrp')),
  );

describeWith(['terraform', 'aws-provider', 'moto_server'], 'a cell of the previous release', () => {
  let made: Applied | undefined;
  beforeAll(async () => {
    const previous = gunzipSync(readFileSync('test/terraform/previous-release.json.gz')).toString();
    made = await applied(ofEmulator(JSON.parse(previous) as Configuration));
  }, 900_000);
  afterAll(() => {
    made?.emulator.stop();
    made?.terraform.remove();
  });

  async function planOf(configuration: Configuration): Promise<TerraformPlan> {
    const { terraform } = made!;
    terraform.write(ofEmulator(configuration));
    // The emulator invents changes; what counts is what the stacks differ in.
    await terraform.succeed(['plan', '-no-color', '-input=false', '-refresh=false', '-out=plan']);
    return JSON.parse((await terraform.succeed(['show', '-json', 'plan'])).output) as TerraformPlan;
  }

  const input = { ...minimal, aws: { alarmEmails: ['noc@example.com'] } };

  it('keeps its hosts, addresses and database', async () => {
    const plan = await planOf(synthCell(input));
    expect(planLosses(plan)).toEqual([]);
    const changed = plan.resource_changes!.filter(({ change }) => change.actions.join() !== 'no-op');
    expect(changed.map(({ type }) => type)).toContain('aws_launch_template');
  });

  it('would lose all that it has by another range, which the rule says', async () => {
    const plan = await planOf(synthCell({ ...input, network: '10.64.0.0/20' }));
    expect(planLosses(plan).map(({ address }) => address)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^aws_vpc\./)]),
    );
  });
});
