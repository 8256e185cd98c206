import type { Command } from 'commander';
import { isFrontOnKubernetes } from '../../fleet/schema/targets/kubernetes-front.ts';
import { isOnKubernetes } from '../../fleet/schema/targets/on-kubernetes.ts';
import type { KubernetesObject } from '../../targets/kubernetes/objects.ts';
import { cellsOption, readCell, readWholeFleet } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

interface Options {
  readonly cells: string;
  readonly region?: string;
  readonly json?: true;
}

export function addManifests(program: Command): Command {
  return program
    .command('manifests')
    .description('Prints a cell, or the edges of the front, as the objects of Kubernetes that it is made of, in YAML.')
    .argument('<cell>', 'name of the cell; front for edges')
    .option(...cellsOption)
    .option('--region <region>', 'region of the edges; required if the front has several')
    .option('--json', 'print the objects as a list in JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp manifests k8s-a >k8s-a.yaml
  $ kubectl apply --server-side -f k8s-a.yaml

Use --server-side: without it, kubectl apply copies each object into an annotation, and the files of an SBC do not fit. The
Secrets that the objects refer to are not printed: docs/kubernetes.md lists their keys.`,
    )
    .action(print);
}

async function print(name: string, options: Options): Promise<void> {
  const objects = await (name === 'front' ? edgesOf(options) : cellOf(name, options));
  if (options.json) {
    printJson({ apiVersion: 'v1', kind: 'List', items: objects });
    return;
  }
  const { stringify } = await import('yaml');
  // What stands in two places is written twice: anchors are not for people, and not every reader of YAML takes them.
  const documents = objects.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }));
  process.stdout.write(documents.join('---\n'));
}

async function cellOf(name: string, { cells, region }: Options): Promise<readonly KubernetesObject[]> {
  if (region !== undefined) {
    throw new CommandFailure(`--region ${region} is for the edges of the front; a cell is in one region alone`, 2);
  }
  const { spec } = readCell(cells, name);
  if (!isOnKubernetes(spec)) {
    throw new CommandFailure(
      `${cells}/${name}.yaml:1:1 error kubernetes: is missing; allowed: a section with images, floatingAddress, database and redis`,
      2,
    );
  }
  const { manifests } = await import('../../targets/kubernetes/manifests.ts');
  return manifests(spec);
}

async function edgesOf({ cells, region }: Options): Promise<readonly KubernetesObject[]> {
  const { spec } = readWholeFleet(cells).front;
  if (!isFrontOnKubernetes(spec)) {
    throw new CommandFailure(`${cells}/front.yaml:1:1 error kubernetes: is missing; allowed: a section with image`, 2);
  }
  const regions = spec.regions.map((entry) => entry.region);
  const wanted = region ?? (regions.length === 1 ? regions[0]! : undefined);
  if (wanted === undefined || !regions.includes(wanted)) {
    const given =
      region === undefined ? 'is missing: the front has several regions' : `${region} is not a region of the front`;
    throw new CommandFailure(`--region ${given}; allowed: ${regions.join(', ')}`, 2);
  }
  const { edgeManifests } = await import('../../targets/kubernetes/edge/manifests.ts');
  return edgeManifests(spec, wanted);
}
