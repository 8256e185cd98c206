import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tar } from '../../../../lib/targets/aws/host/tar.ts';

/** Unpacks with the system's own tar. */
function unpack<T>(archive: Buffer, read: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-tar-'));
  try {
    const { status, stderr } = spawnSync('tar', ['-x', '-C', folder], { input: archive });
    if (status !== 0) throw new Error(stderr.toString());
    return read(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('tar', () => {
  it('is unpacked by tar to the same files', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/);
    const files = fc.uniqueArray(fc.record({ name, text: fc.string({ unit: 'binary', maxLength: 2000 }) }), {
      selector: (file) => file.name,
      maxLength: 5,
    });
    fc.assert(
      fc.property(files, (given) => {
        const archive = tar(given.map(({ name: path, text }) => ({ path: `files/${path}`, mode: '0644', text })));
        expect(archive.length % 512).toBe(0);
        unpack(archive, (folder) => {
          for (const { name: path, text } of given) {
            expect(readFileSync(join(folder, 'files', path), 'utf8')).toBe(Buffer.from(text).toString());
          }
        });
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the mode', () => {
    const mode = unpack(tar([{ path: 'apply', mode: '0755', text: '#!/bin/sh\n' }]), (folder) =>
      (statSync(join(folder, 'apply')).mode & 0o777).toString(8),
    );
    expect(mode).toBe('755');
  });

  it('gives the same bytes for the same files', () => {
    const files = [{ path: 'a', mode: '0644', text: 'x' }];
    expect(tar(files).equals(tar(files))).toBe(true);
  });

  it('refuses a path that the format cuts off', () => {
    const path = `files/${'x'.repeat(95)}`;
    expect(() => tar([{ path, mode: '0644', text: '' }])).toThrow(`at most 100 characters, got ${path}`);
  });
});
