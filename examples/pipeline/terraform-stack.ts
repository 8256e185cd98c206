/**
 * Synthesises the stack of one cell, or that of the front, and plans it with Terraform; checks our rules over the plan; applies that very plan. A plan that
 * destroys or replaces a host, an address or what keeps data is refused, unless each is named with --may-go.
 *
 * @example npx tsx examples/pipeline/terraform-stack.ts plan euw1-a     # changes nothing, needs to read only
 * @example npx tsx examples/pipeline/terraform-stack.ts apply euw1-a
 * @example npx tsx examples/pipeline/terraform-stack.ts apply front
 */
import { execFileSync, type StdioOptions } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planLosses } from '../../lib/targets/aws/plan-losses.ts';
import { checkPlan } from '../../lib/targets/aws/plan-rules.ts';
import type { TerraformPlan } from '../../lib/targets/aws/terraform-plan.ts';

const lockFile = '.terraform.lock.hcl';

const [action, subject = '', ...others] = process.argv.slice(2);
const mayGo = others.filter((_, index) => index % 2 === 1);
const wellFormed = others.length % 2 === 0 && others.every((word, index) => index % 2 === 1 || word === '--may-go');
if ((action !== 'plan' && action !== 'apply') || !/^[a-z][a-z0-9-]*$/.test(subject) || !wellFormed) {
  console.error('usage: terraform-stack.ts plan|apply CELL|front [--may-go ADDRESS]...');
  process.exit(2);
}
const stack = subject === 'front' ? subject : `cell-${subject}`;
const folder = join('cdktf.out', 'stacks', stack);

function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
  execute(program, args, 'inherit', environment);
}

function execute(program: string, args: readonly string[], stdio: StdioOptions, environment: NodeJS.ProcessEnv = {}) {
  try {
    const options = { stdio, env: { ...process.env, ...environment }, encoding: 'utf8', maxBuffer: 2 ** 30 } as const;
    return execFileSync(program, args, options);
  } catch (error) {
    const { status, code } = error as { readonly status?: number | null; readonly code?: string };
    // Else the program has said why.
    if (code === 'ENOENT') console.error(`terraform-stack.ts: there is no program ${program} on the path`);
    process.exit(status ?? 1);
  }
}

const terraform = (...args: readonly string[]) =>
  run('terraform', [`-chdir=${folder}`, ...args], { TF_IN_AUTOMATION: '1' });

const app = fileURLToPath(new URL('../../stacks/main.ts', import.meta.url));
run(process.execPath, ['--import', import.meta.resolve('tsx'), app], {
  CELLSTAMP_CELL: subject,
  CDKTF_OUTDIR: 'cdktf.out',
});

// The providers' versions and hashes are the fleet's where it has a lock file.
if (existsSync(lockFile)) copyFileSync(lockFile, join(folder, lockFile));
terraform('init', '-input=false', ...(existsSync(lockFile) ? ['-lockfile=readonly'] : []));
// Who may only read the state cannot lock it.
terraform('plan', '-input=false', '-out=plan', ...(action === 'plan' ? ['-lock=false'] : []));
const plan = JSON.parse(
  execute('terraform', [`-chdir=${folder}`, 'show', '-json', 'plan'], ['ignore', 'pipe', 'inherit'])!,
) as TerraformPlan;

const count = (wanted: string) =>
  (plan.resource_changes ?? []).filter(({ change }) => change.actions.includes(wanted)).length;
console.log(`${stack}: ${count('create')} to add, ${count('update')} to change, ${count('delete')} to destroy`);

const findings = [...checkPlan(plan), ...planLosses(plan, mayGo)];
for (const { rule, address, message } of findings) console.error(`${address}: ${message} (${rule})`);
if (findings.length > 0) process.exit(1);
if (action === 'apply') terraform('apply', '-input=false', 'plan');
