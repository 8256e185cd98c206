import { missingPackages } from './packages.ts';
import { run } from './run.ts';

/** What this machine lacks, and how to get it. Both are whole sentences. */
export interface Lack {
  readonly problem: string;
  readonly remedy: string;
}

/** Tries on a namespace of its own what a host needs of the kernel; says the first part that fails. */
const kernelTrial = `
mount -t tmpfs none /mnt && mkdir /mnt/a /mnt/b && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/a,workdir=/mnt/b none /etc ||
  { echo 'overlay file systems'; exit 1; }
ip link add name veth1 type veth peer name veth2 || { echo 'veth interfaces'; exit 1; }
ip link add name bridge1 type bridge || { echo 'bridges'; exit 1; }
nft 'add table ip t; add chain ip t c { type filter hook prerouting priority raw; }; add rule ip t c udp dport 1 notrack; add rule ip t c ct state established accept' ||
  { echo 'nftables with connection tracking'; exit 1; }
`;

/** Everything that keeps a cell from running on this machine; empty when nothing does. */
export async function requirements(): Promise<readonly Lack[]> {
  if (process.platform !== 'linux') {
    return [
      {
        problem: `A cell runs on Linux, and this is ${process.platform}.`,
        remedy: 'Use a Debian 12 machine, for example a virtual one.',
      },
    ];
  }
  const packages = await missingPackages();
  const isRoot = process.getuid?.() === 0;
  const lacks: Lack[] = [];
  if (packages.length > 0) {
    lacks.push({
      problem: `Debian packages are missing: ${packages.join(' ')}.`,
      remedy: `Install them: ${isRoot ? '' : 'sudo '}apt-get install --no-install-recommends ${packages.join(' ')}`,
    });
  }
  if (!isRoot) lacks.push({ problem: 'Network namespaces need root.', remedy: 'Run the command with sudo.' });
  if (lacks.length > 0) return lacks;

  const namespaces = ['unshare', '--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child'];
  const trial = await run([...namespaces, 'bash', '-c', kernelTrial], { timeout: 10_000 });
  if (trial.status === 0) return [];
  return [
    {
      problem: `The kernel has no ${trial.stdout.trim() || 'namespaces'}, or does not let this process use them: ${trial.stderr.trim() || `the trial ended with status ${trial.status}`}`,
      remedy: 'Use a whole or virtual machine, or a container that may do all (docker run --privileged).',
    },
  ];
}
