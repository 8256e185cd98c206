/**
 * What a test needs of the machine beyond Node.js. A missing part skips the tests that need it, by name and with the reason;
 * where CELLSTAMP_REQUIRED names the part (continuous integration does), its absence is a failure instead.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe } from 'vitest';

interface Part {
  readonly present: () => boolean;
  /** What is missing and how to get it. */
  readonly reason: string;
}

function onPath(program: string): boolean {
  return (
    spawnSync('sh', ['-c', `command -v ${program}`], {
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    }).status === 0
  );
}

/** Folder of a local mirror of Terraform providers, from TF_PROVIDER_MIRROR or a script beside the checkout, which looks for it. */
let mirror: string | undefined | null = null;
export function providerMirror(): string | undefined {
  if (mirror !== null) return mirror;
  const script = new URL('../../shared/tools/terraform-mirror', import.meta.url).pathname;
  const found =
    process.env['TF_PROVIDER_MIRROR'] ?? (existsSync(script) ? execFileSync(script, { encoding: 'utf8' }).trim() : '');
  mirror = found === '' ? undefined : found;
  return mirror;
}

/**
 * Commands that make a cluster of several nodes on this machine, from CELLSTAMP_CLUSTER or a folder beside the checkout, and the folder with
 * the programs of Kubernetes, which the command `programs` prints.
 */
let found: ReturnType<typeof clusterCommands> | null = null;
export function clusterCommands(): { readonly commands: string; readonly programs: string } | undefined {
  if (found !== null) return found;
  const commands =
    process.env['CELLSTAMP_CLUSTER'] ?? new URL('../../shared/tools/kubernetes-cluster', import.meta.url).pathname;
  // It may have to look for them.
  const programs = existsSync(`${commands}/programs`)
    ? execFileSync(`${commands}/programs`, { encoding: 'utf8' }).trim()
    : '';
  found = programs === '' ? undefined : { commands, programs };
  return found;
}

const daemons = ['kamailio', 'rtpengine', 'keepalived', 'redis-server', 'nft'];

const parts = {
  root: {
    present: () => process.getuid?.() === 0 && spawnSync('unshare', ['--net', '--mount', 'true']).status === 0,
    reason: 'needs root and network namespaces: run as root on Linux',
  },
  'debian-packages': {
    present: () => daemons.every(onPath),
    reason: `needs ${daemons.join(', ')}: run npm start once as root on Debian 12`,
  },
  checkers: {
    present: () => ['shellcheck', 'pyflakes3', 'systemd-analyze', 'nft', 'tcc'].every(onPath),
    reason:
      'needs shellcheck, pyflakes3, systemd-analyze, nft and tcc: apt-get install shellcheck pyflakes3 systemd nftables tcc',
  },
  networkd: {
    present: () => existsSync('/lib/systemd/systemd-networkd') && ['dbus-daemon', 'busctl'].every(onPath),
    reason: 'needs systemd-networkd and dbus-daemon: apt-get install systemd dbus',
  },
  terraform: { present: () => onPath('terraform'), reason: 'needs Terraform 1.10 or newer on the path' },
  'aws-provider': {
    present: () => providerMirror() !== undefined,
    reason: 'needs a mirror of the AWS provider: set TF_PROVIDER_MIRROR to the folder of `terraform providers mirror`',
  },
  moto_server: { present: () => onPath('moto_server'), reason: "needs moto_server: pip install 'moto[server]'" },
  'python3-boto3': {
    present: () => spawnSync('/usr/bin/python3', ['-c', 'import boto3']).status === 0,
    reason: 'needs boto3 for Debian’s Python: apt-get install python3-boto3',
  },
  cluster: {
    present: () => clusterCommands() !== undefined && ['containerd', 'runc', 'mmdebstrap', 'catatonit'].every(onPath),
    reason:
      'needs a way to make a Kubernetes cluster: CELLSTAMP_CLUSTER, see CONTRIBUTING.md; and containerd, runc, mmdebstrap and catatonit',
  },
  prometheus: {
    present: () => ['prometheus', 'promtool'].every(onPath),
    reason: 'needs prometheus and promtool: apt-get install prometheus',
  },
  mmdebstrap: { present: () => onPath('mmdebstrap'), reason: 'needs mmdebstrap: apt-get install mmdebstrap' },
  amtool: { present: () => onPath('amtool'), reason: 'needs amtool: apt-get install prometheus-alertmanager' },
  bird: { present: () => onPath('bird'), reason: 'needs BIRD 2: apt-get install bird2' },
  chromium: { present: () => onPath('chromium'), reason: 'needs Chromium: apt-get install chromium' },
  baresip: { present: () => onPath('baresip'), reason: 'needs baresip: apt-get install baresip-core' },
  linphone: { present: () => onPath('linphonec'), reason: 'needs Linphone: apt-get install linphone-cli' },
  sipp: { present: () => onPath('sipp'), reason: 'needs SIPp: apt-get install sip-tester' },
  xmllint: { present: () => onPath('xmllint'), reason: 'needs xmllint: apt-get install libxml2-utils' },
  freeswitch: {
    present: () => onPath('freeswitch') && spawnSync('id', ['freeswitch']).status === 0,
    reason: 'needs FreeSWITCH 1.10 or newer on the path and its user freeswitch: not in Debian, see docs/local.md',
  },
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof parts;

/** Why tests that need these parts can't run here; undefined when they can. */
export function missing(...names: readonly PartName[]): string | undefined {
  const required = (process.env['CELLSTAMP_REQUIRED'] ?? '').split(/\s+/);
  for (const name of names) {
    if (parts[name].present()) continue;
    if (required.includes(name)) throw new Error(`${name} is required here but not found: ${parts[name].reason}`);
    return parts[name].reason;
  }
  return undefined;
}

/** `describe`, or a skip that carries the reason in its name. */
export function describeWith(names: readonly PartName[], title: string, body: () => void): void {
  const reason = missing(...names);
  if (reason === undefined) describe(title, body);
  else describe.skip(`${title} [${reason}]`, body);
}
