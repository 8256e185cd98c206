import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostConfig } from '../../../../lib/software/cell-host.ts';
import { cellOnNodes } from '../../../../lib/targets/kubernetes/cell-on-nodes.ts';
import { writeArchive } from '../../../../lib/targets/kubernetes/image/archive.ts';
import { imageContents, type ImageRole } from '../../../../lib/targets/kubernetes/image/contents.ts';
import {
  installedPackages,
  softwareBillOfMaterials,
} from '../../../../lib/targets/kubernetes/image/packages-inside.ts';
import { mmdebstrapArguments, usualMirrors } from '../../../../lib/targets/kubernetes/image/root-filesystem.ts';
import { nodeHosts } from '../../../../lib/targets/kubernetes/names.ts';
import { userNumber } from '../../../../lib/targets/kubernetes/users.ts';
import { maximal, minimal, onLaptop } from '../cells.ts';

describe('what is in an image', () => {
  it.each([minimal, maximal].flatMap((spec) => (['sbc', 'media'] as const).map((role) => ({ spec, role }))))(
    'of $role of $spec.name: every package of its hosts but the headers of a kernel, and every user of a service',
    ({ spec, role }) => {
      const cell = cellOnNodes(spec);
      const { packages, passwd, group } = imageContents(cell, role);
      for (const host of nodeHosts(cell).filter((one) => one.role === role)) {
        const { packages: wanted, services } = hostConfig(cell, host);
        expect(wanted.filter((name) => !packages.includes(name) && !name.startsWith('linux-headers-'))).toEqual([]);
        for (const { user } of services.filter(({ user }) => user !== 'root')) {
          expect(passwd).toContain(`${user}:x:${userNumber(user)}:${userNumber(user)}::/nonexistent:/usr/sbin/nologin`);
          expect(group).toContain(`${user}:x:${userNumber(user)}:`);
        }
      }
      // node-files is a program in Python, and firewalls are of every host.
      expect(packages).toEqual(expect.arrayContaining(['nftables', 'python3', 'util-linux']));
      expect(packages.filter((name) => name.startsWith('linux-headers-'))).toEqual([]);
    },
  );

  it('has its users before any package takes their numbers', () => {
    const argv = mmdebstrapArguments(imageContents(cellOnNodes(minimal), 'media'), usualMirrors, 'arm64', 'x.tar');
    expect(argv).toContain('--architectures=arm64');
    expect(argv.filter((one) => one.startsWith('--essential-hook='))).toEqual([
      expect.stringMatching(/'rtpengine:x:902:902:.*>>"\$1\/etc\/passwd"$/),
      expect.stringMatching(/'rtpengine:x:902:'.*>>"\$1\/etc\/group"$/),
    ]);
  });

  it('has no database and no key of its own making, which no second image would have', () => {
    const hooks = (role: ImageRole, kind: string) =>
      mmdebstrapArguments(imageContents(cellOnNodes(onLaptop), role), usualMirrors, 'amd64', 'x.tar')
        .filter((one) => one.startsWith(`--${kind}-hook=`))
        .map((one) => one.replace(/^[^=]*=/, ''));
    const root = mkdtempSync(join(tmpdir(), 'cellstamp-root-'));
    const run = (hook: string) => execFileSync('sh', ['-euc', hook, 'hook', root]);
    try {
      for (const folder of ['etc/ssl/private', 'etc/ssl/certs']) mkdirSync(join(root, folder), { recursive: true });
      for (const hook of hooks('data', 'essential')) run(hook);
      expect(readFileSync(join(root, 'etc/postgresql-common/createcluster.d/image.conf'), 'utf8')).toBe(
        'create_main_cluster = false\n',
      );

      const made = ['private/ssl-cert-snakeoil.key', 'certs/ssl-cert-snakeoil.pem', 'certs/other.pem'];
      for (const name of made) writeFileSync(join(root, 'etc/ssl', name), '');
      symlinkSync('ssl-cert-snakeoil.pem', join(root, 'etc/ssl/certs/0a775a30.0'));
      for (const hook of hooks('data', 'customize')) run(hook);
      expect(readdirSync(join(root, 'etc/ssl/private'))).toEqual([]);
      expect(readdirSync(join(root, 'etc/ssl/certs'))).toEqual(['other.pem']);
    } finally {
      rmSync(root, { recursive: true });
    }
    expect(hooks('sbc', 'customize')).toEqual([]);
  });

  it('is listed from what the package manager knows', () => {
    const status = `Package: b
Status: install ok installed
Architecture: amd64
Source: of-b (1.0)
Version: 1:1.0-1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: a
Status: install ok installed
Architecture: all
Version: 2.0
`;
    const packages = installedPackages(status);
    expect(packages).toEqual([
      { name: 'a', version: '2.0', architecture: 'all', source: 'a' },
      { name: 'b', version: '1:1.0-1', architecture: 'amd64', source: 'of-b' },
    ]);
    expect(softwareBillOfMaterials('r/x', 'sha256:00', packages)).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      documentDescribes: ['SPDXRef-a-all', 'SPDXRef-b-amd64'],
      packages: [
        { name: 'a', versionInfo: '2.0' },
        {
          externalRefs: [{ referenceLocator: 'pkg:deb/debian/b@1%3A1.0-1?arch=amd64&distro=debian-12&upstream=of-b' }],
        },
      ],
    });
  });
});

describe('the archive of an image', () => {
  let folder: string;
  let digest: string;
  const image = () => ({
    repository: 'registry.example.com/cellstamp-sbc',
    rootFilesystem: join(folder, 'root.tar'),
    architecture: 'amd64',
    labels: { 'io.cellstamp.role': 'sbc' },
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-archive-'));
    mkdirSync(join(folder, 'root'));
    writeFileSync(join(folder, 'root', 'program'), 'x'.repeat(100_000));
    execFileSync('tar', ['--create', '--directory', join(folder, 'root'), '--file', join(folder, 'root.tar'), '.']);
    digest = await writeArchive(image(), join(folder, 'one.tar'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const inside = (path: string) => execFileSync('tar', ['-xOf', join(folder, 'one.tar'), path], { maxBuffer: 1 << 24 });
  const blob = (name: string) => inside(`blobs/${name.replace(':', '/')}`);
  const json = (bytes: Buffer) => JSON.parse(bytes.toString()) as Record<string, unknown>;

  it('says what is in it by digests that are true', () => {
    expect(json(inside('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    const [manifest] = json(inside('index.json'))['manifests'] as { digest: string; annotations: object }[];
    expect(manifest).toMatchObject({
      digest,
      annotations: { 'io.containerd.image.name': `registry.example.com/cellstamp-sbc@${digest}` },
    });
    const { config, layers } = json(blob(digest)) as unknown as { config: Blob; layers: Blob[] };
    type Blob = { readonly digest: string; readonly size: number };
    const named = [{ digest, size: blob(digest).length }, config, ...layers];
    for (const { digest: name, size } of named) {
      const bytes = blob(name);
      expect(bytes.length).toBe(size);
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(name);
    }
    const root = readFileSync(join(folder, 'root.tar'));
    expect(json(blob(config.digest))).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { 'io.cellstamp.role': 'sbc' } },
      rootfs: { diff_ids: [`sha256:${createHash('sha256').update(root).digest('hex')}`] },
    });
    expect(execFileSync('gunzip', { input: blob(layers[0]!.digest) }).equals(root)).toBe(true);
  });

  it('is the same, byte for byte, when it is made again', async () => {
    expect(await writeArchive(image(), join(folder, 'two.tar'))).toBe(digest);
    expect(readFileSync(join(folder, 'two.tar')).equals(readFileSync(join(folder, 'one.tar')))).toBe(true);
  });
});
