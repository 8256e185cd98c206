/** What a cell could leave behind on this machine, so that a test can say that it did not. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Processes that have something to do with a cell, by their command line or by being in one of its networks. */
export function processesOf(cell: string, networks: readonly string[] = []): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(`/run/cellstamp/${cell}/`) || networks.includes(readlinkSync(`/proc/${pid}/ns/net`));
      } catch {
        return false;
      }
    });
}

/** The number of the network namespace of a process. */
export function networkOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}

/**
 * What in the machine's own namespaces looks like a part of a cell: interfaces, addresses, routes, network rules, mounts, its
 * host name. Only that, because others work on a machine too.
 */
export function tracesOf(range: string): readonly string[] {
  const output = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' });
  const lines = [
    output('ip', '-o', 'link'),
    output('ip', '-o', 'address'),
    output('ip', 'route', 'show', 'table', 'all'),
    output('nft', 'list', 'ruleset'),
    readFileSync('/proc/self/mounts', 'utf8'),
    output('hostname'),
  ].flatMap((text) => text.split('\n'));
  const ours = /cellstamp|\b(database|redis|media|sbc)-\d|\binternet\b|\blab-|\b198\.1[89]\./;
  return lines.filter((line) => ours.test(line) || line.includes(range));
}
