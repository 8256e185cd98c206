/** The root filesystem of an image, made of Debian's packages. */
import { spawn } from 'node:child_process';
import { OperationFailure } from '../../../operations/failure.ts';
import type { ImageContents } from './contents.ts';

/** Where Debian 12 is had from: the mirror, and the one of security updates. */
export interface Mirrors {
  readonly debian: string;
  readonly security: string;
}

export const usualMirrors: Mirrors = {
  debian: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

/** No program of a host reads them. */
const left = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** The one license that must go with a package stays. */
const kept = '/usr/share/doc/*/copyright';

/**
 * What Debian's packages of PostgreSQL make at random when they are installed: a database with an identifier, and a key (ssl-cert) that all
 * who have the image would know. No two images would be the same.
 */
const nothingAtRandom = [
  `--essential-hook=install -d "$1/etc/postgresql-common/createcluster.d" && echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.d/image.conf"`,
  `--customize-hook=rm --force "$1/etc/ssl/private/ssl-cert-snakeoil.key" "$1/etc/ssl/certs/ssl-cert-snakeoil.pem" && find "$1/etc/ssl/certs" -lname ssl-cert-snakeoil.pem -delete`,
];

export function mmdebstrapArguments(
  { role, packages, passwd, group }: ImageContents,
  { debian, security }: Mirrors,
  architecture: string,
  tar: string,
): readonly string[] {
  const append = (lines: readonly string[], file: string) =>
    `--essential-hook=printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >>"$1${file}"`;
  return [
    '--variant=minbase',
    `--architectures=${architecture}`,
    `--include=${packages.join(',')}`,
    ...left.map((path) => `--dpkgopt=path-exclude=${path}`),
    `--dpkgopt=path-include=${kept}`,
    // Before any package is installed: Debian's take the next free number.
    append(passwd, '/etc/passwd'),
    append(group, '/etc/group'),
    ...(role === 'data' ? nothingAtRandom : []),
    'bookworm',
    tar,
    `deb ${debian} bookworm main`,
    `deb ${debian} bookworm-updates main`,
    `deb ${security} bookworm-security main`,
  ];
}

/**
 * Makes the tar archive of a root filesystem.
 * @throws OperationFailure when mmdebstrap is not there, or fails
 */
export async function makeRootFilesystem(
  contents: ImageContents,
  tar: string,
  {
    mirrors = usualMirrors,
    architecture = 'amd64',
  }: { readonly mirrors?: Mirrors; readonly architecture?: string } = {},
): Promise<void> {
  const child = spawn('mmdebstrap', ['--quiet', ...mmdebstrapArguments(contents, mirrors, architecture, tar)], {
    // The same packages give the same archive, byte for byte, whenever it is made.
    env: { ...process.env, SOURCE_DATE_EPOCH: '0', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const status = await new Promise<number | string>((resolve) => {
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code, signal) => resolve(code ?? signal!));
  });
  if (status === 0) return;
  const why = typeof status === 'string' ? status : complaints.trim().split('\n').slice(-5).join('\n');
  throw new OperationFailure(`mmdebstrap makes no root filesystem of ${contents.role}: ${why}`);
}
