/** Tones in files, as phones that are not ours play and record them. */

/** A minute of a tone as a WAV file of 8000 samples a second, 16 bits. */
export function toneWave(hertz: number): Buffer {
  const samples = Int16Array.from({ length: 480_000 }, (_, n) => 8000 * Math.sin((2 * Math.PI * hertz * n) / 8000));
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // one channel
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** Hz of a tone of 8000 samples a second, by its crossings of zero. */
export function tonePitch(samples: Int16Array): number {
  const crossings = samples.filter((sample, n) => n > 0 && sample >= 0 !== samples[n - 1]! >= 0).length;
  return ((crossings / 2) * 8000) / samples.length;
}
