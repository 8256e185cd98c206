/**
 * What the dev container does, in a root file system of Debian 12 that has Node.js and nothing else: less than the container's image has.
 * A container itself needs Docker.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from './requirements.ts';

const root = join(import.meta.dirname, '..');
const command = (
  JSON.parse(readFileSync(join(root, '.devcontainer/devcontainer.json'), 'utf8').replace(/^\s*\/\/.*$/gm, '')) as {
    readonly postCreateCommand: string;
  }
).postCreateCommand;
const authorities = '/etc/ssl/certs/ca-certificates.crt';
const npmCache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();

describeWith(['root', 'mmdebstrap'], 'the set-up of the dev container', () => {
  const system = mkdtempSync(join(tmpdir(), 'cellstamp-system-'));
  const put = (path: string, into: string) => {
    mkdirSync(dirname(join(system, into)), { recursive: true });
    cpSync(path, join(system, into), { recursive: true });
  };

  beforeAll(() => {
    const packages = '--include=ca-certificates,libstdc++6';
    execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', packages, 'bookworm', system]);
    // Node.js as its official images have it.
    const prefix = dirname(dirname(process.execPath));
    put(process.execPath, 'usr/local/bin/node');
    put(join(prefix, 'lib/node_modules/npm'), 'usr/local/lib/node_modules/npm');
    for (const name of ['npm', 'npx']) {
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(system, 'usr/local/bin', name));
    }
    put('/etc/resolv.conf', 'etc/resolv.conf');
    // Where this machine reaches registries through a proxy of its own.
    if (existsSync(authorities)) put(authorities, authorities);
    const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
    for (const path of files) put(join(root, path), join('workspaces/cellstamp', path));
  }, 400_000);
  afterAll(() => rmSync(system, { recursive: true, force: true }), 400_000);

  function run(line: string): { readonly status: number | null; readonly output: string } {
    // Namespaces of mounts need a root that is a mount.
    const script = `set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"
mkdir -p "$1/root/.npm"
mount --bind "$2" "$1/root/.npm"
exec chroot "$1" /bin/bash -c "cd /workspaces/cellstamp && $3"`;
    const own = [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--',
      'bash',
      '-c',
      script,
      'bash',
      system,
      npmCache,
      line,
    ];
    const { status, stdout, stderr } = spawnSync('unshare', own, {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { ...process.env, HOME: '/root', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    return { status, output: `${stdout}${stderr}` };
  }

  it('installs what is missing, and finds nothing missing then', () => {
    const setUp = run(command);
    expect(setUp, setUp.output.slice(-3000)).toMatchObject({ status: 0 });
    expect(run(command)).toEqual({ status: 0, output: '' });
  }, 1_200_000);
});
