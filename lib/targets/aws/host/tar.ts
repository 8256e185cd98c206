/**
 * A tar archive (POSIX.1-1988 ustar) from texts. The same files give the same bytes: no times, no owners but root, in the
 * order given.
 */
export interface TarFile {
  /** Relative path, at most 100 characters. */
  readonly path: string;
  /** `0644` */
  readonly mode: string;
  readonly text: string;
}

const blockSize = 512;

/** @throws Error when a path is longer than the format takes. */
export function tar(files: readonly TarFile[]): Buffer {
  const blocks: Buffer[] = [];
  for (const file of files) {
    const content = Buffer.from(file.text);
    blocks.push(header(file, content.length), content, Buffer.alloc(-content.length & (blockSize - 1)));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)]);
}

function header(file: TarFile, size: number): Buffer {
  if (Buffer.byteLength(file.path) > 100) {
    throw new Error(`a path in a tar archive has at most 100 characters, got ${file.path}`);
  }
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const block = Buffer.alloc(blockSize);
  block.write(file.path, 0);
  block.write(octal(parseInt(file.mode, 8), 8), 100);
  block.write(octal(0, 8), 108); // owner
  block.write(octal(0, 8), 116); // group
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136); // time
  block.write('        ', 148); // checksum, as spaces while it is computed
  block.write('0', 156); // a regular file
  block.write('ustar\u000000', 257);
  block.write('root', 265);
  block.write('root', 297);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
