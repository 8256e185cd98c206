import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import { isOnKubernetes } from '../../fleet/schema/targets/on-kubernetes.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

const roles = ['sbc', 'media', 'data'] as const;
type Role = (typeof roles)[number];

export function addImage(program: Command): Command {
  return program
    .command('image')
    .description('Makes the images of a cell on Kubernetes, one for each role, of Debian’s packages.')
    .argument('<cell>', 'name of the cell')
    .addOption(new Option('--role <role>', 'build only this image').choices(roles))
    .option('--output <folder>', 'where the archives go', 'images')
    .addOption(
      new Option('--architecture <name>', 'architecture of the nodes').choices(['amd64', 'arm64']).default('amd64'),
    )
    .option('--pin', 'put the digests of the images into the cell’s file')
    .option(...cellsOption)
    .option('--json', 'print the images as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp image k8s-a --pin
  $ skopeo copy --preserve-digests oci-archive:images/k8s-a-sbc.oci.tar docker://registry.example.com/cellstamp-sbc

The cell’s file names the images, in kubernetes.images; data only where PostgreSQL or Redis is in the cluster. Each is an OCI archive, which docker, podman, skopeo and containerd
load; beside it is the list of its packages in SPDX. The same packages give the same digest. Needs mmdebstrap.`,
    )
    .action(image);
}

interface Options {
  readonly cells: string;
  readonly role?: Role;
  readonly output: string;
  readonly architecture: string;
  readonly pin?: true;
  readonly json?: true;
}

async function image(name: string, { cells, role, output, architecture, pin, json }: Options): Promise<void> {
  const { spec } = readCell(cells, name);
  if (!isOnKubernetes(spec)) {
    throw new CommandFailure(
      `${cells}/${name}.yaml:1:1 error kubernetes: is missing; allowed: a section with images, floatingAddress, database and redis`,
      2,
    );
  }
  const [{ makeImage }, { cellOnNodes }] = await Promise.all([
    import('../../targets/kubernetes/image/make-image.ts'),
    import('../../targets/kubernetes/cell-on-nodes.ts'),
  ]);
  const made = [];
  const { images } = spec.kubernetes;
  const named = roles.filter((one) => images[one] !== undefined);
  for (const each of role === undefined ? named : [role]) {
    const one = await makeImage(cellOnNodes(spec), each, output, { architecture });
    if (pin) pinImage(join(cells, `${name}.yaml`), images[each]!, one.image);
    if (!json) console.log(`${one.image}\n  ${one.archive}, ${counted(one.packages, 'package')} in ${one.contents}`);
    made.push(one);
  }
  if (json) printJson({ cell: name, images: made });
}

/** The name of an image with its digest stands nowhere but where it is meant. */
function pinImage(path: string, before: string, after: string): void {
  const text = readFileSync(path, 'utf8');
  const places = text.split(before).length - 1;
  if (places !== 1) {
    throw new CommandFailure(
      `${path}: ${before} stands there ${counted(places, 'time')}, not once; put ${after} there by hand`,
      1,
    );
  }
  // Whatever ends this meanwhile leaves a whole file.
  writeFileSync(
    `${path}.new`,
    text.replace(before, () => after),
  );
  renameSync(`${path}.new`, path);
}
