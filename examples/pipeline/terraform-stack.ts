/**
 * Synthesises the stack of one cell, or that of the front, and plans it with Terraform; checks our rules over the plan; applies that very plan. A plan that
 * destroys or replaces a host, an address or what keeps data is refused, unless each is named with --may-go.
 *
 * `plan --save FILE` saves the plan for a review, encrypted (`saved-plan.ts`). `apply --saved FILE` applies the plan that was reviewed and no
 * other: on another commit or with another place of the state it is refused by us, on a state that has changed by Terraform. `drift` ends with 3 when what is there differs from the stack.
 *
 * @example npx tsx examples/pipeline/terraform-stack.ts plan euw1-a     # changes nothing, needs to read only
 * @example npx tsx examples/pipeline/terraform-stack.ts plan euw1-a --save plans/euw1-a.plan
 * @example npx tsx examples/pipeline/terraform-stack.ts apply euw1-a --saved plans/euw1-a.plan
 * @example npx tsx examples/pipeline/terraform-stack.ts apply front     # plans and applies at once
 * @example npx tsx examples/pipeline/terraform-stack.ts drift euw1-a
 */
import { execFileSync, spawnSync, type StdioOptions } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkPlan, planLosses, type TerraformPlan } from 'cellstamp/aws';
import { readPlan, savePlan, WrongPlan, type PlanKeys, type PlanOf } from './saved-plan.ts';

const DRIFT = 3;
const lockFile = '.terraform.lock.hcl';

const [action, subject = '', ...others] = process.argv.slice(2);
const options = others.flatMap((word, index) =>
  index % 2 === 0 ? [{ flag: word, value: others[index + 1] ?? '' }] : [],
);
const valuesOf = (flag: string) => options.filter((option) => option.flag === flag).map(({ value }) => value);
const allowed: Readonly<Record<string, readonly string[]>> = {
  plan: ['--save', '--may-go'],
  apply: ['--saved', '--may-go'],
  drift: [],
};
const flags = Object.hasOwn(allowed, action ?? '') ? allowed[action!] : undefined;
const [save, saved] = [valuesOf('--save')[0], valuesOf('--saved')[0]];
if (
  flags === undefined ||
  !/^[a-z][a-z0-9-]*$/.test(subject) ||
  !options.every(({ flag, value }) => flags.includes(flag) && value !== '') ||
  [...valuesOf('--save'), ...valuesOf('--saved')].length > 1
) {
  console.error(
    'usage: terraform-stack.ts plan|apply|drift CELL|front [--save FILE] (plan) [--saved FILE] (apply) [--may-go ADDRESS]...',
  );
  process.exit(2);
}
const stack = subject === 'front' ? subject : `cell-${subject}`;
const folder = join('cdktf.out', 'stacks', stack);

/** What holds secret values or keys, and goes at every end of this program. */
const secret: string[] = [join(folder, 'plan')];
process.once('exit', () => secret.forEach((path) => rmSync(path, { recursive: true, force: true })));
// Until then only this user reads it; Terraform's files, too.
process.umask(0o077);

function fail(message: string, status = 1): never {
  console.error(`terraform-stack.ts: ${message}`);
  process.exit(status);
}

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

const output = (program: string, ...args: readonly string[]) => execute(program, args, ['ignore', 'pipe', 'inherit'])!;
const automation = { TF_IN_AUTOMATION: '1' };
const terraform = (...args: readonly string[]) => run('terraform', [`-chdir=${folder}`, ...args], automation);

/** Terraform where its status says something. */
function terraformStatus(...args: readonly string[]): { readonly status: number; readonly stderr: string } {
  const env = { ...process.env, ...automation };
  const { status, stderr } = spawnSync('terraform', [`-chdir=${folder}`, ...args], {
    ...{ stdio: ['ignore', 'inherit', 'pipe'], env, encoding: 'utf8' },
  });
  process.stderr.write(stderr);
  return { status: status ?? 1, stderr };
}

/** The key of KMS that CELLSTAMP_PLAN_KEY names, by the AWS command line. No key is ever written to a file. */
function planKeys(): PlanKeys {
  const id = process.env['CELLSTAMP_PLAN_KEY'] ?? '';
  if (id === '') fail('CELLSTAMP_PLAN_KEY is not set; it must name a key of KMS, for example alias/cellstamp-plans', 2);
  const kms = (of: PlanOf, ...args: readonly string[]) => {
    const context = `stack=${of.stack},commit=${of.commit},state=${of.state}`;
    const answer = output('aws', 'kms', ...args, '--key-id', id, '--encryption-context', context, '--output', 'json');
    return JSON.parse(answer) as { readonly Plaintext: string; readonly CiphertextBlob: string };
  };
  return {
    make(of) {
      const { Plaintext, CiphertextBlob } = kms(of, 'generate-data-key', '--key-spec', 'AES_256');
      return { key: Buffer.from(Plaintext, 'base64'), encryptedKey: Buffer.from(CiphertextBlob, 'base64') };
    },
    decrypt(encryptedKey, of) {
      // Both versions of the command line read bytes from a file; this one is encrypted.
      const keyFolder = mkdtempSync(join(tmpdir(), 'cellstamp-plan-'));
      secret.push(keyFolder);
      const file = join(keyFolder, 'key');
      writeFileSync(file, encryptedKey);
      const { Plaintext } = kms(of, 'decrypt', '--ciphertext-blob', `fileb://${file}`);
      return Buffer.from(Plaintext, 'base64');
    },
  };
}

/** What is read for a stack: a new file there counts as well. */
const sources = ['cells', 'stacks', 'planning.yaml', lockFile];

/** What a plan of this folder is of. A change that no commit has would make it a plan of something else. */
function planOf(): PlanOf {
  const status = (...args: readonly string[]) => output('git', 'status', '--porcelain', ...args).trimEnd();
  const changed = [status('--untracked-files=no'), status('--untracked-files=all', '--', ...sources)]
    .flatMap((text) => text.split('\n'))
    .filter((line, index, lines) => line !== '' && lines.indexOf(line) === index);
  if (changed.length > 0) {
    fail(`a plan is saved of a commit, and these files have changed since:\n${changed.join('\n')}`);
  }
  const { CELLSTAMP_STATE_BUCKET: bucket, CELLSTAMP_STATE_REGION: region } = process.env;
  return {
    ...{ stack: subject, commit: output('git', 'rev-parse', 'HEAD').trim() },
    state: bucket ? `${region ?? ''}/${bucket}` : 'local',
  };
}

function savedPlan(file: string, of: PlanOf): Buffer {
  try {
    return readPlan(readFileSync(file, 'utf8'), of, planKeys());
  } catch (error) {
    if (error instanceof WrongPlan)
      fail(`${file}: ${error.message}; run the pipeline again, which plans and asks for a review`);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') fail(`${file}: there is no such file`, 2);
    throw error;
  }
}

/** Terraform refuses a plan of another state. What a run that was killed has applied in full needs no other review. */
function applySaved(): void {
  const { status, stderr } = terraformStatus('apply', '-input=false', 'plan');
  if (status === 0) return;
  if (!stderr.includes('Saved plan is stale')) process.exit(status);
  if (terraformStatus('plan', '-input=false', '-detailed-exitcode').status === 0) {
    console.log(`${stack}: the plan has been applied before; nothing is left to change`);
    return;
  }
  fail('the state has changed since the plan was made; run the pipeline again, which plans and asks for a review');
}

// What can be refused is, before the work.
const made = save === undefined && saved === undefined ? undefined : planOf();
const reviewed = saved === undefined ? undefined : savedPlan(saved, made!);
const keys = save === undefined ? undefined : planKeys();
if (save !== undefined) {
  mkdirSync(dirname(save), { recursive: true });
  writeFileSync(save, '');
}
run(process.execPath, ['--import', 'tsx', join('stacks', 'main.ts')], {
  CELLSTAMP_CELL: subject,
  CDKTF_OUTDIR: 'cdktf.out',
});

// The providers' versions and hashes are the fleet's where it has a lock file.
if (existsSync(lockFile)) copyFileSync(lockFile, join(folder, lockFile));
terraform('init', '-input=false', ...(existsSync(lockFile) ? ['-lockfile=readonly'] : []));
// Who may only read the state cannot lock it.
const unlocked = action === 'apply' ? [] : ['-lock=false'];
if (reviewed === undefined) terraform('plan', '-input=false', '-out=plan', ...unlocked);
else writeFileSync(join(folder, 'plan'), reviewed);
const plan = JSON.parse(output('terraform', `-chdir=${folder}`, 'show', '-json', 'plan')) as TerraformPlan;

const count = (wanted: string) =>
  (plan.resource_changes ?? []).filter(({ change }) => change.actions.includes(wanted)).length;
const [create, update, destroy] = [count('create'), count('update'), count('delete')];
console.log(`${stack}: ${create} to add, ${update} to change, ${destroy} to destroy`);
if (action === 'drift') process.exit(create + update + destroy > 0 ? DRIFT : 0);

const findings = [...checkPlan(plan), ...planLosses(plan, valuesOf('--may-go'))];
for (const { rule, address, message } of findings) console.error(`${address}: ${message} (${rule})`);
if (findings.length > 0) process.exit(1);
if (save !== undefined) {
  writeFileSync(save, savePlan(readFileSync(join(folder, 'plan')), made!, keys!));
  console.log(`${stack}: the plan is saved in ${save}`);
}
if (action === 'apply') {
  if (reviewed === undefined) terraform('apply', '-input=false', 'plan');
  else applySaved();
}
