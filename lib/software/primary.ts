/** Which of several hosts that hold the same data is the primary, as its own scripts find out. */
import type { DataHost } from '../fleet/derive/cell.ts';

/** Addresses at which a data host listens. The primary's address may come later, and a server binds only when it starts. */
export function listenAddresses(host: DataHost): readonly string[] {
  return host.primary === 'by address' ? [host.address, host.primaryAddress] : [host.address];
}

/** Lets a server listen at the primary's address while another host has it. */
export function nonlocalBind(host: DataHost): Readonly<Record<string, string>> {
  return host.primary === 'by address' ? { 'net.ipv4.ip_nonlocal_bind': '1' } : {};
}

/** Debian packages that `isPrimary` needs. */
export function primaryPackages(host: DataHost): readonly string[] {
  return host.primary === 'by address' ? ['iproute2'] : [];
}

/** A line of a bash script: the function `is_primary` succeeds on the host that is to take writes. */
export function isPrimary(host: DataHost): string {
  switch (host.primary) {
    case 'always':
      return 'is_primary() { true; }';
    case 'never':
      return 'is_primary() { false; }';
    case 'by address':
      return `is_primary() { [[ -n $(ip -oneline address show to ${host.primaryAddress}/32) ]]; }`;
  }
}

/** Lines of a bash script: the function `until_true` repeats a command until it succeeds, for this many seconds at most. */
export const untilTrue = `# until_true SECONDS COMMAND...
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}`;
