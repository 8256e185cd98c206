/** What an image has inside, as its own package manager knows it: for the list that goes with it (SPDX 2.3). */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
}

/** @param status text of /var/lib/dpkg/status */
export function installedPackages(status: string): readonly InstalledPackage[] {
  return status
    .split('\n\n')
    .filter((paragraph) => /^Status: install ok installed$/m.test(paragraph))
    .map((paragraph) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1];
      const name = field('Package')!;
      return {
        name,
        version: field('Version')!,
        architecture: field('Architecture')!,
        source: field('Source')?.split(' ')[0] ?? name,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** @param digest of the image that has the packages */
export function softwareBillOfMaterials(image: string, digest: string, packages: readonly InstalledPackage[]): object {
  const idOf = ({ name, architecture }: InstalledPackage) =>
    `SPDXRef-${`${name}-${architecture}`.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`;
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: image,
    documentNamespace: `https://spdx.org/spdxdocs/${image}-${digest.replace(':', '-')}`,
    // The image is the same whenever it is made, and so is this.
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: cellstamp'] },
    documentDescribes: packages.map(idOf),
    packages: packages.map((one) => ({
      SPDXID: idOf(one),
      name: one.name,
      versionInfo: one.version,
      downloadLocation: 'NOASSERTION',
      filesAnalyzed: false,
      externalRefs: [
        {
          referenceCategory: 'PACKAGE-MANAGER',
          referenceType: 'purl',
          referenceLocator: `pkg:deb/debian/${one.name}@${encodeURIComponent(one.version)}?arch=${one.architecture}&distro=debian-12&upstream=${one.source}`,
        },
      ],
    })),
  };
}
