/**
 * Deploys the checked-out state of one cell and proves it. When either fails, the cell goes back to the commit before, is
 * proved there, and the exit status is 1, so that no further cell is touched.
 *
 * DEPLOY, PROVE and RECORD are shell commands that find the cell's name in $CELL. RECORD tells the planner how far the deploy is:
 * $STEP is began, proved, or failed where the cell is neither deployed nor back.
 *
 * @example DEPLOY='npx cdktf deploy "cell-$CELL"' PROVE='npx cellstamp call ...' RECORD='npx cellstamp deployed "$CELL" "$STEP"' npx tsx deploy-cell.ts euw1-a COMMIT
 */
import { spawnSync } from 'node:child_process';

const [cell, before] = process.argv.slice(2);
const { DEPLOY: deploy, PROVE: prove, RECORD: record } = process.env;
if (cell === undefined || before === undefined || !deploy || !prove || !record) {
  console.error('usage: DEPLOY=COMMAND PROVE=COMMAND RECORD=COMMAND deploy-cell.ts CELL COMMIT-BEFORE');
  process.exit(2);
}

function run(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, CELL: cell } }).status === 0;
}

const shell = (command: string) => run('bash', '-euo', 'pipefail', '-c', command);

/** What went wrong; undefined when the cell is deployed and carries calls. */
function attempt(): string | undefined {
  if (!shell(deploy!)) return 'is not deployed';
  return shell(prove!) ? undefined : 'is deployed and not proved';
}

/** Tells the planner. What is under way and not known to be can't be held for. */
function tell(step: 'began' | 'proved' | 'failed'): boolean {
  process.env['STEP'] = step;
  return shell(record!);
}

if (!tell('began')) {
  console.error(`cell ${cell}: that its deploy begins could not be recorded, so nothing was done`);
  process.exit(1);
}
const fault = attempt();
let isProved = fault === undefined;
if (isProved) {
  console.log(`cell ${cell} is deployed and proved`);
} else {
  process.exitCode = 1;
  console.error(`cell ${cell} ${fault}: ${goBack()}`);
}
if (!tell(isProved ? 'proved' : 'failed')) {
  console.error(`cell ${cell}: how its deploy ended could not be recorded, so the planner holds it`);
  process.exitCode = 1;
}

/** What became of the cell, in words. */
function goBack(): string {
  if (spawnSync('git', ['cat-file', '-e', `${before}:cells/${cell}.yaml`], { stdio: 'ignore' }).status !== 0) {
    return `it is not in ${before}, so there is nothing to go back to. It is left as it is, and takes no tenants until it is proved`;
  }
  if (!run('git', 'checkout', '--quiet', '--detach', before!))
    return `${before} cannot be checked out, so it is left as it is`;
  const again = attempt();
  isProved = again === undefined;
  return isProved
    ? `it is back at ${before}, and proved there`
    : `going back to ${before}, it ${again}: it needs someone now`;
}
