import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import { readCellFolder } from '../../config-file/cell-folder.ts';
import { rewriteForm } from '../../config-file/rewrite-form.ts';
import { formatFinding, printable } from '../../config-file/finding.ts';
import type { FleetFile } from '../../fleet/fleet.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../fleet/schema/front.ts';
import { isFrontOnKubernetes } from '../../fleet/schema/targets/kubernetes-front.ts';
import { isOnKubernetes } from '../../fleet/schema/targets/on-kubernetes.ts';
import type { ToFillIn } from '../../targets/aws/fill-in.ts';
import type { Privilege } from '../../targets/kubernetes/privileges.ts';
import { awsQuotas, regionNeeds, type AwsNeeds, type RegionNeeds } from '../../fleet/aws-needs.ts';
import { oldCell, oldFront } from '../../fleet/schema/old-form.ts';
import { accountErrors, accountLines, checkAccount, isTooSmall } from '../account-lines.ts';
import { cellsOption, readFleet } from '../cell-files.ts';
import { usageStatus } from '../failure.ts';
import { printJson } from '../output.ts';

export function addCheck(program: Command): Command {
  return program
    .command('check')
    .description(
      'Checks every rule over the fleet and reports all problems; lists the secrets to fill in on AWS after a deployment.',
    )
    .option(...cellsOption)
    .option(
      '--rewrite',
      'first move settings that only AWS understands into the section aws of each file, with their comments',
    )
    .option('--account', 'also ask AWS whether the quotas of the account have room for the fleet')
    .option('--privileges', 'also list what each container of a cell on Kubernetes may do beyond an ordinary one')
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp check
  $ npx cellstamp check --rewrite
  $ npx cellstamp check --account
  $ npx cellstamp check --privileges

Exit status 2 when there is an error in a file, or when a quota of the account is too small; 1 when AWS
does not answer; 0 when there are only warnings.`,
    )
    .action(check);
}

interface Options {
  readonly cells: string;
  readonly rewrite?: true;
  readonly account?: true;
  readonly privileges?: true;
  readonly json?: true;
}

async function check({ cells: folder, rewrite, account, privileges, json }: Options): Promise<void> {
  const old = oldFiles(readCellFolder(folder).files);
  const rewritten = rewrite ? await replace(old) : [];
  const left = rewrite ? old.filter((file) => file.refused !== undefined) : old;
  const { files, cells, front, findings } = readFleet(folder);
  const inFiles = findings.filter(({ severity }) => severity === 'error').length;
  if (!json) {
    for (const path of rewritten) console.log(`${printable(path)}: rewritten`);
    for (const finding of findings) console.log(formatFinding(finding));
  }
  const { toFillIn } = await import('../../targets/aws/fill-in.ts');
  const privileged = privileges ? await privilegesOf(cells, front) : [];
  const toFill = inFiles > 0 ? [] : toFillIn(cells, front);
  const needs = inFiles > 0 ? [] : regionNeeds(cells, front);
  const checked = account ? await checkAccount(needs, inFiles) : undefined;
  const ofAccount = checked === undefined ? [] : accountErrors(checked);
  const errors = inFiles + ofAccount.length;
  const warnings = findings.length - inFiles;
  if (json) {
    const names = cells.map(({ name }) => name);
    printJson({
      files: files.length,
      cells: names,
      errors,
      warnings,
      findings,
      toFill,
      needs,
      ...(checked && { account: checked.room, accountFailures: checked.failures, accountNotAsked: checked.notAsked }),
      ...(rewrite && { rewritten }),
      ...(privileges && { privileges: privileged }),
    });
  } else {
    for (const line of ofAccount) console.log(line);
    if (checked === undefined) for (const one of needs) console.log(needsLine(one));
    else for (const line of accountLines(checked)) console.log(line);
    for (const one of toFill) console.log(fillLine(one));
    for (const one of privileged) console.log(privilegeLine(one));
    console.log(`${counted(files.length, 'file')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
  }
  for (const line of rewrite
    ? left.map(({ path, refused }) => `${printable(path)}: not rewritten, ${refused}`)
    : advice(left)) {
    console.error(line);
  }
  const isShort = checked?.room.some(isTooSmall) ?? false;
  if (inFiles > 0 || isShort || (rewrite && left.length > 0)) process.exitCode = usageStatus;
  else if (errors > 0) process.exitCode = 1;
}

/** Of every cell on Kubernetes, and of the front's edges: hosts of a role are alike, so one of each. */
async function privilegesOf(cells: readonly CellSpec[], front: FrontSpec | undefined): Promise<readonly Privilege[]> {
  const [{ privilegesIn }, { manifests }, { edgeManifests }] = await Promise.all([
    import('../../targets/kubernetes/privileges.ts'),
    import('../../targets/kubernetes/manifests.ts'),
    import('../../targets/kubernetes/edge/manifests.ts'),
  ]);
  return [
    ...cells.filter(isOnKubernetes).flatMap((spec) => privilegesIn(manifests(spec))),
    ...(front !== undefined && isFrontOnKubernetes(front)
      ? privilegesIn(edgeManifests(front, front.regions[0]!.region))
      : []),
  ];
}

function needsLine({ region, ...needs }: RegionNeeds): string {
  const parts = Object.entries(awsQuotas).map(([name, { names, code, usual }]) => {
    const need = needs[name as keyof AwsNeeds];
    return `${counted(need, ...names)}${need > usual ? ` (a new account has ${usual}: ask AWS for more, quota ${code})` : ''}`;
  });
  return `${region}: the fleet needs ${parts.join(', ')}`;
}

function fillLine({ stack, region, secret, value, until }: ToFillIn): string {
  return `${stack}: after the deploy fill in the secret ${secret}-… in ${region}: ${value}; until then ${until}`;
}

function privilegeLine({ namespace, role, container, what }: Privilege): string {
  return `${namespace} ${role} ${container}: ${what.join(', ')}`;
}

interface OldFile {
  readonly path: string;
  readonly text: string;
  /** Why only a person can rewrite it. */
  readonly refused?: string;
}

/** The files in which something stands in an old place, as they would be rewritten. */
function oldFiles(files: readonly FleetFile[]): readonly OldFile[] {
  return files.flatMap(({ path, text }): readonly OldFile[] => {
    const rewriting = rewriteForm(text, basename(path) === 'front.yaml' ? oldFront : oldCell);
    if ('refused' in rewriting) return [{ path, text, ...rewriting }];
    return rewriting.text === text ? [] : [{ path, text: rewriting.text }];
  });
}

function advice(old: readonly OldFile[]): readonly string[] {
  return old.length === 0
    ? []
    : [
        `${counted(old.length, 'file is', 'files are')} in the old form; npx cellstamp check --rewrite moves what is in it`,
      ];
}

/** @returns the paths of what was replaced */
async function replace(old: readonly OldFile[]): Promise<readonly string[]> {
  const { disk } = await import('../../planner-files/write-plan/replace-files.ts');
  return old
    .filter(({ refused }) => refused === undefined)
    .map(({ path, text }) => {
      const complete = join(dirname(path), `.${basename(path)}.new`);
      disk.write(complete, text);
      disk.rename(complete, path);
      return path;
    });
}
