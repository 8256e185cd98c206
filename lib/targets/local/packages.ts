/** The Debian packages that a cell on this machine needs: what its hosts' software asks for, and what makes the hosts. */
import { deriveCell } from '../../fleet/derive/cell.ts';
import { hostConfig } from '../../software/cell-host.ts';
import { parseCell } from '../../fleet/schema/cell.ts';
import { run } from './run.ts';

/** Namespaces, links, rules, certificates. */
const own = ['iproute2', 'iputils-arping', 'nftables', 'openssl', 'procps', 'util-linux'];

/** Building a kernel module changes the machine itself: whoever wants kernel forwarding here does it by hand. */
const changesTheKernel = /^(dkms|rtpengine-kernel-dkms|rtpengine-iptables)$/;

/** Packages by name, sorted; the same for every cell. */
export function debianPackages(): readonly string[] {
  const cell = deriveCell(parseCell({ name: 'any', region: 'eu-west-1', local: {}, size: 'test' }), 'movable');
  const wanted = cell.hosts.flatMap((host) => hostConfig(cell, host).packages);
  return [...new Set([...own, ...wanted])].filter((name) => !changesTheKernel.test(name)).sort();
}

/**
 * Those of the packages that are not installed. All of them where dpkg does not run.
 * @param more Further packages to look for.
 */
export async function missingPackages(more: readonly string[] = []): Promise<readonly string[]> {
  const wanted = [...debianPackages(), ...more];
  // It fails when it does not know one of the names, and still lists the others.
  const { stdout } = await run(['dpkg-query', '--show', '--showformat=${db:Status-Abbrev} ${Package}\n', ...wanted]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('ii '))
      .map((line) => line.slice(3).trim()),
  );
  return wanted.filter((name) => !installed.has(name));
}
