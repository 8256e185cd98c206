/**
 * Deploys the checked-out state of one cell and proves it. When either fails, the cell goes back to the commit before, is
 * proved there, and the exit status is 1, so that no further cell is touched.
 *
 * DEPLOY and PROVE are shell commands that find the cell's name in $CELL.
 *
 * @example DEPLOY='npx cdktf deploy "cell-$CELL"' PROVE='npx cellstamp call ...' npx tsx deploy-cell.ts euw1-a COMMIT
 */
import { spawnSync } from 'node:child_process';

const [cell, before] = process.argv.slice(2);
const { DEPLOY: deploy, PROVE: prove } = process.env;
if (cell === undefined || before === undefined || deploy === undefined || prove === undefined) {
  console.error('usage: DEPLOY=COMMAND PROVE=COMMAND deploy-cell.ts CELL COMMIT-BEFORE');
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

const fault = attempt();
if (fault === undefined) {
  console.log(`cell ${cell} is deployed and proved`);
} else {
  process.exitCode = 1;
  console.error(`cell ${cell} ${fault}: ${goBack()}`);
}

function goBack(): string {
  if (spawnSync('git', ['cat-file', '-e', `${before}:cells/${cell}.yaml`], { stdio: 'ignore' }).status !== 0) {
    return `it is not in ${before}, so there is nothing to go back to. It is left as it is, and takes no tenants until it is proved`;
  }
  if (!run('git', 'checkout', '--quiet', '--detach', before!))
    return `${before} cannot be checked out, so it is left as it is`;
  const again = attempt();
  return again === undefined
    ? `it is back at ${before}, and proved there`
    : `going back to ${before}, it ${again}: it needs someone now`;
}
