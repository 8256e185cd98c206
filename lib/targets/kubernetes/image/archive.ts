/** An image of one layer as an OCI archive, which docker, podman, skopeo and containerd load. Same layer, same image, byte for byte. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface ArchivedImage {
  /** `registry.example.com/cellstamp-sbc` */
  readonly repository: string;
  /** Tar archive of its root filesystem. */
  readonly rootFilesystem: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What a container runs that says nothing else. */
  readonly command?: readonly string[];
  /** Its name for containerd. Default: the repository with the digest. */
  readonly name?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const oci = 'application/vnd.oci.image';

/**
 * Writes the archive, and beside it while it works a compressed layer.
 * @returns the digest by which a registry, and the cell's file, know the image
 */
export async function writeArchive(image: ArchivedImage, archive: string): Promise<string> {
  const layerFile = `${archive}.layer`;
  try {
    const inside = createHash('sha256');
    await pipeline(
      createReadStream(image.rootFilesystem),
      new Transform({ transform: (chunk: Buffer, _, done) => (inside.update(chunk), done(null, chunk)) }),
      createGzip({ level: 6 }),
      createWriteStream(layerFile),
    );
    const layer: Descriptor = {
      mediaType: `${oci}.layer.v1.tar+gzip`,
      digest: await digestOfFile(layerFile),
      size: statSync(layerFile).size,
    };
    const config = Buffer.from(JSON.stringify(configOf(image, `sha256:${inside.digest('hex')}`)));
    const configDescriptor = describe(`${oci}.config.v1+json`, config);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: `${oci}.manifest.v1+json`,
        config: configDescriptor,
        layers: [layer],
        annotations: image.labels,
      }),
    );
    const described = describe(`${oci}.manifest.v1+json`, manifest);
    const name = image.name ?? `${image.repository}@${described.digest}`;
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: `${oci}.index.v1+json`,
        // containerd calls the image as the cell's file does.
        manifests: [{ ...described, annotations: { 'io.containerd.image.name': name } }],
      }),
    );
    await pipeline(
      Readable.from(
        tar([
          { path: 'oci-layout', size: layout.length, content: [layout] },
          { path: 'index.json', size: index.length, content: [index] },
          ...[manifest, config].map((blob) => ({ path: blobPath(digestOf(blob)), size: blob.length, content: [blob] })),
          { path: blobPath(layer.digest), size: layer.size, content: createReadStream(layerFile) },
        ]),
      ),
      createWriteStream(`${archive}.new`),
    );
    renameSync(`${archive}.new`, archive);
    return described.digest;
  } finally {
    rmSync(layerFile, { force: true });
    rmSync(`${archive}.new`, { force: true });
  }
}

const layout = Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }));

const configOf = ({ architecture, labels, command }: ArchivedImage, diffId: string): object => ({
  created: '1970-01-01T00:00:00Z',
  architecture,
  os: 'linux',
  config: {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'],
    ...(command === undefined ? {} : { Cmd: command }),
    Labels: labels,
  },
  rootfs: { type: 'layers', diff_ids: [diffId] },
  history: [{ created: '1970-01-01T00:00:00Z', created_by: 'npx cellstamp image' }],
});

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const describe = (mediaType: string, bytes: Buffer): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

interface TarEntry {
  readonly path: string;
  readonly size: number;
  readonly content: Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** The bytes of a tar archive (POSIX ustar), of files that everybody may read. */
async function* tar(entries: readonly TarEntry[]): AsyncIterable<Buffer> {
  for (const { path, size, content } of entries) {
    yield tarHeader(path, size);
    yield* content;
    yield Buffer.alloc((512 - (size % 512)) % 512);
  }
  yield Buffer.alloc(1024);
}

function tarHeader(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${basename(path)} has too long a path for a tar archive`);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
