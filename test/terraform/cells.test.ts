/** Cells through real Terraform: the provider takes them, and a plan of them breaks no rule of ours. No API is asked. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkPlan } from '../../lib/targets/aws/plan-rules.ts';
import type { TerraformPlan } from '../../lib/targets/aws/terraform-plan.ts';
import type { CellInput } from '../../lib/fleet/schema/cell.ts';
import { maximal } from '../targets/aws/synth.ts';
import { missing } from '../requirements.ts';
import { givenImage, synthCell } from './synth.ts';
import { offline, TerraformFolder } from './terraform.ts';

const reason = missing('terraform', 'aws-provider');

const examples = readdirSync('cells')
  .filter((file) => file.endsWith('.yaml') && file !== 'front.yaml')
  .map((file) => [`cells/${file}`, parse(readFileSync(`cells/${file}`, 'utf8')) as CellInput] as const);

interface Diagnostics {
  readonly diagnostics: readonly { readonly severity: string; readonly summary: string }[];
}

describe.each([['a full spec', maximal], ...examples] as const)('%s', (_, input) => {
  let folder: TerraformFolder | undefined;
  afterEach(() => folder?.remove());

  it.skipIf(reason !== undefined)(
    `is accepted by the provider without a warning, and its plan breaks no rule${reason ? ` [${reason}]` : ''}`,
    async () => {
      folder = new TerraformFolder();
      folder.write(offline(synthCell({ ...input, aws: { ...input.aws, image: givenImage } })));
      await folder.succeed(['init', '-no-color', '-input=false']);
      const validation = JSON.parse((await folder.succeed(['validate', '-json'], [0, 1])).output) as Diagnostics;
      expect(validation.diagnostics).toEqual([]);
      await folder.succeed(['plan', '-no-color', '-input=false', '-out=plan']);
      const plan = JSON.parse((await folder.succeed(['show', '-json', 'plan'])).output) as TerraformPlan;
      expect(plan.planned_values.root_module.resources!.length).toBeGreaterThan(100);
      expect(checkPlan(plan)).toEqual([]);
    },
  );
});
