/** Makes the image of a role, with the list of what is inside. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cell } from '../../../fleet/derive/cell.ts';
import { OperationFailure } from '../../../operations/failure.ts';
import { kubernetesOf } from '../../../fleet/schema/targets/on-kubernetes.ts';
import { writeArchive } from './archive.ts';
import { imageContents, type ImageRole } from './contents.ts';
import { installedPackages, softwareBillOfMaterials } from './packages-inside.ts';
import { makeRootFilesystem, type Mirrors } from './root-filesystem.ts';

const run = promisify(execFile);

export interface MadeImage {
  readonly role: ImageRole;
  /** With its digest, as the cell's file has it. */
  readonly image: string;
  readonly archive: string;
  /** What is inside, in SPDX. */
  readonly contents: string;
  readonly packages: number;
}

export interface ImageOptions {
  readonly mirrors?: Mirrors;
  readonly architecture?: string;
}

/**
 * @param folder where the archive and the list of its packages go
 * @throws OperationFailure when the cell's file names no image of the role, or there is no root filesystem
 */
export async function makeImage(
  cell: Cell,
  role: ImageRole,
  folder: string,
  { mirrors, architecture = 'amd64' }: ImageOptions = {},
): Promise<MadeImage> {
  const wanted = kubernetesOf(cell.spec).images[role];
  if (wanted === undefined)
    throw new OperationFailure(`kubernetes.images of cell ${cell.name} names no image ${role}`, 2);
  const repository = wanted.replace(/@.*$/, '');
  const name = `${cell.name}-${role}`;
  const [tar, archive, contents] = ['root.tar', 'oci.tar', 'spdx.json'].map((end) =>
    join(folder, `${name}.${end}`),
  ) as [string, string, string];
  mkdirSync(folder, { recursive: true });
  try {
    await makeRootFilesystem(imageContents(cell, role), tar, {
      architecture,
      ...(mirrors === undefined ? {} : { mirrors }),
    });
    const { stdout: status } = await run('tar', ['-xOf', tar, './var/lib/dpkg/status'], { maxBuffer: 1 << 26 });
    const packages = installedPackages(status);
    const digest = await writeArchive(
      {
        repository,
        rootFilesystem: tar,
        architecture,
        labels: {
          'org.opencontainers.image.title': `cellstamp ${role}`,
          'org.opencontainers.image.description': `Programs of the ${role} hosts of Cellstamp cells`,
          'org.opencontainers.image.base.name': 'debian:bookworm',
          'io.cellstamp.role': role,
        },
      },
      archive,
    );
    writeFileSync(contents, `${JSON.stringify(softwareBillOfMaterials(repository, digest, packages), null, 2)}\n`);
    return { role, image: `${repository}@${digest}`, archive, contents, packages: packages.length };
  } finally {
    rmSync(tar, { force: true });
  }
}
