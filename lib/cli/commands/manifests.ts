import type { Command } from 'commander';
import { isOnKubernetes } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

export function addManifests(program: Command): Command {
  return program
    .command('manifests')
    .description('Prints a cell as the objects of Kubernetes that it is made of, in YAML.')
    .argument('<cell>', 'name of the cell')
    .option(...cellsOption)
    .option('--json', 'print the objects as a list in JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp manifests k8s-a >k8s-a.yaml
  $ kubectl apply --server-side -f k8s-a.yaml

The files of an SBC are longer than what kubectl apply keeps in an annotation without --server-side. The Secrets that the
objects name are not among them: docs/kubernetes.md tells their keys.`,
    )
    .action(print);
}

async function print(name: string, { cells, json }: { readonly cells: string; readonly json?: true }): Promise<void> {
  const { spec } = readCell(cells, name);
  if (!isOnKubernetes(spec)) {
    throw new CommandFailure(
      `${cells}/${name}.yaml:1:1 error kubernetes: is missing; allowed: a section with images, floatingAddress, database and redis`,
      2,
    );
  }
  const [{ manifests }, { stringify }] = await Promise.all([
    import('../../targets/kubernetes/manifests.ts'),
    import('yaml'),
  ]);
  const objects = manifests(spec);
  if (json) {
    printJson({ apiVersion: 'v1', kind: 'List', items: objects });
    return;
  }
  // What stands in two places is written twice: anchors are not for people, and not every reader of YAML takes them.
  const documents = objects.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }));
  process.stdout.write(documents.join('---\n'));
}
